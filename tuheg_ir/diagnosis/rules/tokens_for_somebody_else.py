"""Who issues tokens was released, and makes them out to, or by, another name: who checks them refuses them since.

They are refused one by one as the old ones run out, and by everybody who checks that claim, released or not; who does
not check it takes them, so that keys and clocks are sound. What checks them, and who shows them, do as ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._claims import CLAIMS, Claim, Set, changed, holds, made_otherwise, tells_its_own
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._missed import felt_by
from tuheg_ir.diagnosis.rules._replaced import Told, present, told
from tuheg_ir.diagnosis.rules._signed_anew import led_to
from tuheg_ir.diagnosis.state import belongs_to
from tuheg_ir.diagnosis.view.logs import heard_since
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.releases import AMID, release_cause, release_evidence, releases, since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_OF_TOKENS = late(
    r"^(?!.*(?:redirect|callback|log_?out)).*(?:jwks?|issuer|oidc|oauth|openid|\.well-known|token|keycloak|/realms/"
    r"|(?<![a-z])(?:idp|sso)(?![a-z])|auth(?:n|entication)?[-_.]?(?:ur[il]|server|host))"
)
"""Names, and addresses, of settings that tell where tokens, or the keys to check them by, are had.

Not where users are sent back to.
"""
_SILENT = 5
"""So many times as long as between two refusals, on average, there was none before the first."""
_BEFORE_IT = 80
"""So much of a line is shown before the words of why a token is refused."""


class Teller(NamedTuple):
    """A program that refuses tokens for a claim of theirs: what it says, and since when."""

    workload: Workload
    said: Told
    began: datetime


def when(view: View) -> Iterator[Match]:
    """All that refuse a claim do so since the release of one issuer, and one at least was not released itself."""
    for claim in CLAIMS:
        tellers = list(_tellers(view, claim))
        found = [(each, heard, sets) for each, heard, sets in _issuers(view, claim, tellers) if heard]
        if len(found) == 1 and _felt(view, *found[0][:2]):  # of two nobody can tell which one it is
            yield _match(view, claim, *found[0])


def _tellers(view: View, claim: Claim) -> Iterator[Teller]:
    """Yield who refuses a claim often now; not by a setting of its own that was changed of late."""
    for workload in view.serving:
        said = told(view, workload, claim.refused)
        now = said.since(present([said])) if said else None
        own = releases(view, workload, AMID) and changed(workload, claim)
        if now and len(now.heard) >= OFTEN and not own:
            yield Teller(workload, now, min(now.times))


def _anew(view: View, teller: Teller, issuer: Workload) -> bool:
    """Tell whether a log shows that a program refused none before a release: it goes back to it, and was long silent.

    Many refuse the tokens of somebody all the time: a log that does not go back begins with those.
    """
    logs = view.logs_of(teller.workload.live, previous=False)
    telling = (log for log in logs if log.pod in teller.said.pods and log.container in teller.said.containers)
    heard, times = heard_since(telling), teller.said.times
    if heard is None or issuer.released_at is None or heard >= issuer.released_at:
        return False
    return teller.began - heard > _SILENT * (max(times) - teller.began) / len(times)


def _issuers(
    view: View, claim: Claim, tellers: Sequence[Teller]
) -> Iterator[tuple[Workload, Sequence[Teller], Sequence[Set]]]:
    """Yield the programs since whose release tokens are refused, who refuses them, and what was set otherwise."""
    for issuer in view.serving if tellers else ():
        others = (t for t in tellers if t.workload is not issuer)
        heard = [t for t in others if since_release(issuer, t.began, claim.refused.soon) and _anew(view, t, issuer)]
        if not heard or issuer.returned or role(issuer) in DATA:
            continue
        sets = made_otherwise(issuer, claim)
        if sets:
            if all(each.drawn for each in sets) and _client_released(view, issuer, heard):
                continue  # no value shows whose tokens are refused
            heard = [t for t in heard if _of_its_tokens(view, t, issuer) and _wants_the_former(view, claim, t, sets)]
        elif issuer.changed("image") and not _client_released(view, issuer, heard):
            heard = [t for t in heard if _has_tokens_of(view, t.workload, issuer)]
        else:
            continue
        if any(_innocent(view, each, tellers) for each in heard):
            yield issuer, heard, sets


def _moved(view: View, claim: Claim, issuer: Workload, sets: Sequence[Set]) -> Workload | None:
    """Return who else is set to the new value alone: going back would take his tokens from him."""
    others = (each for each in view.serving if each is not issuer)
    return next(
        (
            each
            for each in others
            for to in sets
            if holds(view, each, claim, to, to.after) and not holds(view, each, claim, to, to.before)
        ),
        None,
    )


def _wants_the_former(view: View, claim: Claim, teller: Teller, sets: Sequence[Set]) -> bool:
    """Tell whether who refuses takes the value of before, or nobody can read what it takes."""
    named = [each for each in sets if each.before and not each.drawn]
    known = [each for each in named if tells_its_own(view, teller.workload, claim, each)]
    return not known or any(holds(view, teller.workload, claim, each, each.before) for each in known)


def _of_its_tokens(view: View, teller: Teller, issuer: Workload) -> bool:
    """Tell whether who refuses has its keys of an issuer, or is asked by who gets tokens there."""
    shown_by = (view.workloads[ref] for ref in view.graph.callers(teller.workload.ref) if ref in view.workloads)
    return any(_has_tokens_of(view, each, issuer) for each in (teller.workload, *shown_by))


def _has_tokens_of(view: View, workload: Workload, issuer: Workload) -> bool:
    """Tell whether a setting of a program leads to an issuer for keys, or tokens: for other things others are asked.

    Of a file each line is a setting: it tells of tokens in one place, and whom else it asks in others.
    """
    return any(
        _OF_TOKENS.search(f"{key} {line}".lower()) and issuer.ref in led_to(view, key, line)
        for key, value in view.graph.settings(workload)
        for line in value.splitlines()
    )


def _client_released(view: View, issuer: Workload, heard: Sequence[Teller]) -> bool:
    """Tell whether one who shows tokens was released about then: it may ask for other ones since."""
    began = min(each.began for each in heard)
    refs = {ref for each in heard for ref in view.graph.callers(each.workload.ref)} - {issuer.ref}
    refs -= {each.workload.ref for each in heard}
    return any(since_release(view.workloads[ref], began) for ref in refs if ref in view.workloads)


def _innocent(view: View, teller: Teller, tellers: Sequence[Teller]) -> bool:
    """Tell whether who refuses was not released about then, and passes on the words of no other one that does."""
    others = {each.workload.ref for each in tellers if each is not teller}
    return not since_release(teller.workload, teller.began) and not others & view.graph.needs(teller.workload.ref)


def _felt(view: View, issuer: Workload, heard: Sequence[Teller]) -> bool:
    """Tell whether anybody suffers since tokens are refused; that they are refused is told by those who do it."""
    refs = [each.workload.ref for each in heard]
    signs = felt_by(view, ("", *behind(view, *refs, but=issuer.ref)), min(each.began for each in heard))
    others = (sign for sign in signs if sign.source != "logs" or belongs_to(view, sign) not in refs)
    return any(sign.object or sign.source == "alerts" for sign in others)


def _match(view: View, claim: Claim, issuer: Workload, heard: Sequence[Teller], sets: Sequence[Set]) -> Match:
    suffer = behind(view, *(each.workload.ref for each in heard), but=issuer.ref)
    former = [t.workload.ref for t in heard for each in sets if holds(view, t.workload, claim, each, each.before)]
    moved = _moved(view, claim, issuer, sets)
    taken = Evidence("objects", moved.ref, f"it takes tokens of the new {claim.what} alone") if moved else None
    why = f"{issuer.ref} makes out tokens otherwise: who checks them, and who shows them, get the same ones again"
    return Match(
        component=issuer.ref,
        evidence=(
            *(_refusals(claim, each) for each in heard[:3]),
            *(Evidence("objects", issuer.ref, f"released: {each.told()}", issuer.released_at) for each in sets[:2]),
            *(() if sets else release_evidence(issuer, "image")),
            *(Evidence("objects", ref, f"it takes tokens of the former {claim.what}, as ever") for ref in former[:1]),
            *((taken,) if taken else ()),
        ),
        certainty=0.85 if former else 0.75 if sets else 0.6,
        root_cause="configuration_error" if sets else release_cause(view, issuer),
        remedy="page_human" if moved else "",
        since=min(each.began for each in heard),
        explains=suffer,
        excludes=not_for(suffer, why)
        + (excluding(issuer.ref, f"{moved.ref} takes the new ones alone", "rollback_workload") if moved else ()),
    )


def _refusals(claim: Claim, teller: Teller) -> Evidence:
    """Return what a program refuses, so that it shows why: loggers tell a lot before that."""
    found = claim.refused.told.search(teller.said.line)
    at = max(0, found.start() - _BEFORE_IT) if found else 0
    line = f"... {teller.said.line[at:]}" if at else teller.said.line
    return Evidence("logs", teller.workload.ref, f"{len(teller.said.heard)} lines: {line}", teller.began)


RULE = Rule(
    name="tokens_for_somebody_else",
    title="Tokens are made out otherwise since their issuer was released, and who checks them refuses them",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="nobody refuses tokens for whom they are, or of whom, since their issuer was released",
)
