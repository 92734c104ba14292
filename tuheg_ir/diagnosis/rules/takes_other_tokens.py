"""Who checks tokens was released with another setting of what it takes, and refuses those that it is shown since.

Whoever makes them out, and whoever shows them, do as ever: they need nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._claims import Claim, Set, changed, holds
from tuheg_ir.diagnosis.rules._helping import behind, names, not_for, not_their_own, released_since
from tuheg_ir.diagnosis.rules._missed import felt_by
from tuheg_ir.diagnosis.rules._own_checks import CHECKS, may_be_given_up, unchecked_before
from tuheg_ir.diagnosis.rules._replaced import Told, present, told
from tuheg_ir.diagnosis.rules._signed_anew import keys_from, led_to
from tuheg_ir.diagnosis.state import belongs_to
from tuheg_ir.diagnosis.view.askers import answer_of
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.releases import AMID, releases, since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.turned import STILL, answered
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_REFUSED = (401, 403)
_BEFORE_IT = 80
"""So much of a line is shown before the words of why a token is refused."""


class _Refuses(NamedTuple):
    """A program that refuses tokens now for a claim of theirs, with its words of that since it began."""

    workload: Workload
    said: Told

    @property
    def began(self) -> datetime:
        """Return when it began to refuse them."""
        return min(self.said.times)


def when(view: View) -> Iterator[Match]:
    """A program refuses tokens for just that claim of which its release changed the setting, and only since.

    Not where as many are taken: who is served has other ones by then. Nor where somebody else, who is set as ever,
    refuses the same: then it is who makes them out that does so otherwise.
    """
    for claim in CHECKS:
        suspects = {each.ref: sets for each in view.serving if (sets := _set_anew(view, each, claim))}
        tellers = list(_tellers(view, claim)) if suspects else []
        for teller in tellers:
            sets = suspects.get(teller.workload.ref, [])
            if not sets or not _since_release(teller) or _takes_as_many(view, teller):
                continue
            if not _of_issuer(view, claim, teller, tellers) and _felt(view, teller):
                yield _match(view, claim, teller, sets, tellers)


def _set_anew(view: View, workload: Workload, claim: Claim) -> list[Set]:
    """Return what a release of the last day set otherwise, and was not taken back; data is kept by its own logins."""
    if workload.returned or role(workload) in DATA or not releases(view, workload, AMID):
        return []
    return changed(workload, claim)


def _tellers(view: View, claim: Claim) -> Iterator[_Refuses]:
    """Yield who refuses a claim often now."""
    for workload in view.serving:
        said = told(view, workload, claim.refused)
        now = said.since(present([said])) if said else None
        if now and len(now.heard) >= OFTEN:
            yield _Refuses(workload, now)


def _since_release(teller: _Refuses) -> bool:
    """Tell whether refusals came with a release, and only its own pods refuse."""
    newest_ones = {pod.name for pod in teller.workload.newest_pods()}
    return since_release(teller.workload, teller.began) and newest_ones.issuperset(teller.said.pods)


def _takes_as_many(view: View, teller: _Refuses) -> bool:
    """Tell whether a log shows that lately as many are answered well: only those with former tokens are refused."""
    well = [
        each
        for each in answered(view.lines_of(teller.workload))
        if each.at >= teller.began and view.recent(each.at, STILL) and 200 <= each.status < 400
    ]
    return len(well) >= max(1, sum(view.recent(at, STILL) for at in teller.said.times))


def _of_issuer(view: View, claim: Claim, teller: _Refuses, tellers: list[_Refuses]) -> bool:
    """Tell whether one that was not set otherwise refuses as well since the release: who calls it passes on its words.

    Somebody's tokens may have been refused elsewhere for long.
    """
    users, came = _users(view, teller), teller.workload.released_at
    others = (each for each in tellers if each.workload.ref not in users and not _set_anew(view, each.workload, claim))
    return any(came is None or each.began >= came for each in others)


def _moved(view: View, claim: Claim, tellers: list[_Refuses], sets: list[Set]) -> str:
    """Return who else goes by the new value alone, and refuses nothing: his tokens would be refused then."""
    refuse = {each.workload.ref for each in tellers}
    others = [each for each in view.serving if each.ref not in refuse]
    return next(
        (
            each.ref
            for each in others
            for to in sets
            if holds(view, each, claim, to, to.after) and not holds(view, each, claim, to, to.before)
        ),
        "",
    )


def _users(view: View, teller: _Refuses) -> tuple[str, ...]:
    """Return who calls a program, in order, and who passes on what it refuses: his log names its pods' addresses."""
    ref, pods = teller.workload.ref, [pod.address for pod in teller.workload.live if pod.address]
    led = [
        each.ref
        for each in view.serving
        if each is not teller.workload
        and any(answer_of(x) in _REFUSED and any(names(x, pod) for pod in pods) for x in view.lines_of(each))
    ]
    return behind(view, ref, *led, but=ref)


def _felt(view: View, teller: _Refuses) -> bool:
    """Tell whether anybody suffers since tokens are refused; that they are refused is told by who does it."""
    ref = teller.workload.ref
    signs = felt_by(view, ("", ref, *_users(view, teller)), teller.began)
    others = (sign for sign in signs if sign.source != "logs" or belongs_to(view, sign) != ref)
    return any(sign.object or sign.source == "alerts" for sign in others)


def _asked_before(view: View, teller: _Refuses, sets: list[Set]) -> set[str]:
    """Return who serves still where a release's settings led to before: he has the keys that were had of him."""
    led = {ref for was in sets for ref in led_to(view, was.name, was.before)} - {teller.workload.ref}
    return led & {each.ref for each in view.serving}


def _beside(view: View, claim: Claim, teller: _Refuses, tellers: list[_Refuses], sets: list[Set]) -> str:
    """Return who may show other tokens, or make them out otherwise, since its own release about then; "" if nobody.

    That may be anybody who was set otherwise in the same: what is sealed nobody can compare.
    """
    refuse = {each.workload.ref for each in tellers}
    near = {*_users(view, teller), *keys_from(view, teller.workload), *_asked_before(view, teller, sets)}
    near = (near | {each.ref for each in view.serving if _set_anew(view, each, claim)}) - refuse
    found = (view.workloads[each] for each in sorted(near) if each in view.workloads)
    return next((each.ref for each in found if since_release(each, teller.began)), "")


def _match(view: View, claim: Claim, teller: _Refuses, sets: list[Set], tellers: list[_Refuses]) -> Match:
    ref = teller.workload.ref
    suffer = _users(view, teller)
    others = [each for each in view.serving if each is not teller.workload]
    former = [each.ref for each in others for was in sets if holds(view, each, claim, was, was.before)]
    reason = _not_back(view, claim, teller, sets, tellers, former=bool(former))
    why = f"{ref} refuses what they show by a setting of its own"
    return Match(
        component=ref,
        evidence=(
            _refusals(claim, teller),
            *(Evidence("objects", ref, f"released: {each.told()}", teller.workload.released_at) for each in sets[:2]),
            *(Evidence("objects", each, f"it goes by the former {claim.what}, as ever") for each in former[:1]),
        ),
        certainty=0.6 if reason else 0.85 if former else 0.75,
        remedy="page_human" if reason else "",
        since=teller.began,
        explains=not_their_own(view, suffer, teller.began),
        excludes=(
            *not_for((each for each in suffer if each not in released_since(view, suffer, teller.began)), why),
            *excluding(ref, "each start reads the same setting", *RESTARTS, "scale_workload"),
            *(excluding(ref, reason, "rollback_workload") if reason else ()),
        ),
    )


def _not_back(
    view: View, claim: Claim, teller: _Refuses, sets: list[Set], tellers: list[_Refuses], *, former: bool
) -> str:
    """Return why a person has to say whether the former setting is good; "" if nothing speaks against it."""
    if all(unchecked_before(each) for each in sets):
        return f"the {claim.what} of tokens may not have been checked before: anybody's would be taken again"
    if may_be_given_up(claim) and not former and not _asked_before(view, teller, sets):
        return "nobody else is seen to have the former key: it may have been given up on purpose"
    if moved := _moved(view, claim, tellers, sets):
        return f"{moved} goes by the new {claim.what} alone"
    if beside := _beside(view, claim, teller, tellers, sets):
        return f"{beside} was released as well: its tokens may be meant for the new setting"
    return ""


def _refusals(claim: Claim, teller: _Refuses) -> Evidence:
    """Return what a program refuses, so that it shows why: loggers tell a lot before that."""
    found = claim.refused.told.search(teller.said.line)
    at = max(0, found.end() - 2 * _BEFORE_IT) if found else 0
    line = f"... {teller.said.line[at:]}" if at else teller.said.line
    return Evidence("logs", teller.workload.ref, f"{len(teller.said.heard)} lines: {line}", teller.began)


RULE = Rule(
    name="takes_other_tokens",
    title="A program takes other tokens since its release, and refuses those that it is shown",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="nobody refuses tokens for what its own release set otherwise",
)
