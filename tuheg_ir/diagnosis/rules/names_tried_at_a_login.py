"""Somebody goes through a list of names and passwords at a login: most names are nobody's, and each is tried once.

Users who have forgotten their password, and clients that send a wrong one, try the same names again and again, and
these exist. Whoever has such a list finds some that fit: these accounts are taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._figures import rise
from tuheg_ir.diagnosis.rules._helping import behind, not_for, not_their_own, settings_written
from tuheg_ir.diagnosis.rules._missed import felt_by
from tuheg_ir.diagnosis.rules._refused_logins import Try, refused_logins
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.state import belongs_to
from tuheg_ir.diagnosis.view.askers import answer_of, program_of
from tuheg_ir.diagnosis.view.complaints import STILL
from tuheg_ir.diagnosis.view.logs import begun, heard_since
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

MANY = 20
"""So many refused logins within minutes; a few of strangers come every hour."""
ONCE = 0.6
"""So many names there are at least for each try: who has forgotten a password tries again."""
HALF = 0.5
CALM = timedelta(minutes=5)
"""A log tells for so long at least of hardly any such try before they came."""
TIMES = 2.0
REFUSED, OK = 0.8, range(200, 300)
"""A program of which so many requests are refused is whoever goes through the list."""
_TURNED_AWAY = (400, 401, 403, 422, 429)


class _List(NamedTuple):
    """Tries of a list: all of the last minutes, since when there are so many, and who counts more requests."""

    tries: Sequence[Try]
    since: datetime
    grew: tuple[Evidence, ...]

    def told(self, ref: str) -> Evidence:
        """Return it as evidence."""
        names, sources = ({getattr(each, field) for each in self.tries} for field in ("name", "source"))
        unknown = sum(each.unknown for each in self.tries)
        fact = f"{len(self.tries)} logins were refused in minutes: {len(names)} names, {unknown} times one that nobody "
        fact += f"has, from {len(sources)} addresses: {self.tries[-1].line.strip()}"
        return Evidence("logs", ref, fact, self.since)


def when(view: View) -> Iterator[Match]:
    """Logins are refused, far more than before, most for names that nobody has and each once; and somebody suffers."""
    for workload in view.serving:
        found = _list(view, workload)
        if found is None:
            continue
        near = not_their_own(view, behind(view, workload.ref), found.since)
        signs = felt_by(view, ("", *near), found.since)
        if felt := tuple(sign for sign in signs if sign.source != "logs" or belongs_to(view, sign) != workload.ref):
            yield _match(view, workload, found, near, felt)


def _list(view: View, workload: Workload) -> _List | None:
    """Return the list that somebody goes through at a workload; None if its refused logins may be its users'.

    Where no name is known any more, or the login was changed, it may have lost its users, who try as often as ever.
    """
    every = refused_logins(view, workload)
    tries = [each for each in every if view.recent(each.at, STILL)]
    unknown = sum(each.unknown for each in tries)
    if len(tries) < MANY or len({each.name for each in tries}) < ONCE * len(tries) or unknown <= HALF * len(tries):
        return None
    since, grew = begun(each.at for each in every), tuple(_grew(view, workload))
    heard = heard_since(view.logs_of(workload.live, previous=False))
    came = since is not None and heard is not None and since - heard >= CALM
    if since is None or not (grew or (came and unknown < len(tries) and not _changed(view, workload, since))):
        return None
    return _List(tries, since, grew)


def _changed(view: View, workload: Workload, since: datetime) -> bool:
    """Tell whether a login was released or set otherwise just before: it may have lost some of its users by that."""
    return since_release(workload, since) or bool(settings_written(view, workload, since))


def _grew(view: View, workload: Workload) -> Iterator[Evidence]:
    """Yield that a workload is asked many times as much as it was."""
    for label in labels_of(view, workload.ref, "request_rate"):
        for series in view.figures.series("request_rate", component=label):
            if turn := rise(view, series, "request_rate", TIMES, 1.0):
                fact = f"{turn.before:.3g} requests a second before, {turn.now:.3g} now"
                yield Evidence("metrics", workload.ref, fact, turn.since)
                return


def _let_in(view: View, ref: str, since: datetime) -> Iterator[Evidence]:
    """Yield that the program which goes through the list was let in, as an access log tells of it.

    It came with the tries, and is refused nearly always.
    """
    lines = chain.from_iterable(log.lines for log in view.snapshot.logs if not log.previous)
    asked = [(line, at) for line in lines if program_of(line) and answer_of(line) and (at := stamp(line))]
    older = {program_of(line) for line, at in asked if at < since - CALM}
    answers: dict[str, Counter[int]] = {}
    for line, _ in asked:
        if (program := program_of(line)) not in older:
            answers.setdefault(program, Counter())[answer_of(line)] += 1
    for program, counted in answers.items():
        away = sum(n for status, n in counted.items() if status in _TURNED_AWAY)
        let_in = sum(n for status, n in counted.items() if status in OK)
        if let_in and away >= MANY and away >= REFUSED * counted.total():
            fact = f"{program} is new, {away} of its requests were refused, and {let_in} were not: accounts are taken"
            yield Evidence("logs", ref, fact, since)


def _match(view: View, workload: Workload, found: _List, near: tuple[str, ...], felt: tuple[Evidence, ...]) -> Match:
    callers = tuple(ref for ref in near if ref != workload.ref)
    return Match(
        component=workload.ref,
        evidence=(found.told(workload.ref), *_let_in(view, workload.ref, found.since), *found.grew, *felt[:2]),
        certainty=0.75 if found.grew else 0.65,
        since=found.since,
        explains=callers,
        excludes=(
            *not_for(
                (workload.ref,),
                "more or new pods try the list out all the same; who tries has to be kept out, and what fitted locked",
                (*RESTARTS, "scale_workload", "rollback_workload"),
            ),
            *not_for(
                (workload.ref,), "nobody is in it: this shuts out all its users", ("isolate_workload", "switch_traffic")
            ),
            *not_for(callers, f"{workload.ref} is kept busy by strangers: nothing done to this one changes that"),
        ),
    )


RULE = Rule(
    name="names_tried_at_a_login",
    title="Somebody goes through a list of stolen names and passwords at a login",
    root_cause="security_incident",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no login refuses many names in minutes, most of which nobody has",
)
