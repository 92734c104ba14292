"""A release lets a program try again many times more often than before, and what it asks is kept busy by these tries.

Who loses a race for a row or a key tries again; with few tries and a pause some are turned away, and all others are
served. With hundreds and none each that fails makes the next one fail as well, from the first busy hour on: that may
be the morning after the release, or the one after the weekend.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for
from tuheg_ir.diagnosis.rules._tries import BESIDE_TRIES, TRIED, TRIES
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.complaints import STILL
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.releases import BEFORE, since_release
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.usage import work_growth
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

SUSPECT = timedelta(days=3)
"""A release that waits for its first busy hour may be of before a weekend; its own words tell that it is used since."""
FAR = 5.0
"""So many times the tries of before are no fine tuning."""
UNTOLD = 20
"""A program that nobody told how often to try does so less often than this, by what it was built with."""
OFTEN = 5
BUSY = 2.0
"""So many times the processor time of before is what tries cost."""
WORKS = 0.25
"""Of whom no limit is known: who uses less of a processor than this is not kept busy."""
_UNANSWERED = late(
    r"\b(?:i/o|io|read|connect(?:ion)?|command|socket|query|statement)[ _-]?time(?:d[ _-]?)?out"
    r"|server closed|broken pipe",
    re.IGNORECASE,
)
"""Why it was tried again where what is asked did not answer: no race was lost then."""
_AWAY = ("connection_refused", "connection_reset", "dns", "database_full", "failover", "read_only_database")
"""Troubles of what is asked itself: then it is tried again for these."""


class _Loose(NamedTuple):
    """The setting, the lines of more tries than there could be before, and who is kept busy by them."""

    change: Change
    number: int
    first: datetime
    line: str
    pod: str
    busy: tuple[Evidence, ...]


def when(view: View) -> Iterator[Match]:
    """Since a release that lets it logs tell of more tries than there were, and what is asked works far more."""
    for workload in view.serving:
        at = workload.released_at
        if at is None or workload.returned or not view.recent(at, SUSPECT) or view.hits_of(workload.ref, *_AWAY):
            continue
        found = next((each for change in workload.changes if (each := _loose(view, workload, change, at))), None)
        felt = [seen for seen, since in troubles(view, workload.ref) if since is None or since >= at + BEFORE]
        if found is not None and felt:
            yield _match(view, workload, found, felt[0])


def _loose(view: View, workload: Workload, change: Change, at: datetime) -> _Loose | None:
    """Return what a change let loose; None if it is no number of tries, or nothing shows that they are used."""
    if not TRIES.search(change.field) or BESIDE_TRIES.search(change.field):
        return None
    if not change.after.isdecimal() or not (change.before.isdecimal() or not change.before):
        return None
    least = int(change.before or UNTOLD)
    busy = tuple(_busy(view, workload)) if int(change.after) >= FAR * max(1, least) else ()
    told = sorted(_told(view, workload, least + 1, int(change.after))) if busy else []
    lately = [each for each in told if view.recent(each[0], STILL)]
    if len(lately) < OFTEN or told[0][0] < at + BEFORE:
        return None
    first, pod, line = told[0][0], lately[-1][1], lately[-1][2]
    if _another_came(view, workload, busy, first):
        return None
    return _Loose(change, len(told), first, line, pod, busy)


def _busy(view: View, workload: Workload) -> Iterator[Evidence]:
    """Yield those whom a workload asks, all of whose pods are ready and use far more processor time than before.

    Far more than by what the workload is asked more itself: each of its requests costs them many then.
    """
    asked = traffic_growth(view, workload.ref) or 1.0
    for each in view.called(workload.ref):
        grew = _works_more(view, each) if each.ready >= each.wanted else None
        if grew is not None and grew >= BUSY * max(1.0, asked):
            yield Evidence("metrics", each.ref, f"it uses {grew:.1f} times the processor time of before")


def _works_more(view: View, asked: Workload) -> float | None:
    """Return how many times the processor time of before all pods use; without limits those that use a good part."""
    share = work_growth(view, asked)
    if share is not None:
        return share
    grown = [
        view.figures.growth("cpu_usage", pod=pod.name)
        for pod in asked.live
        if (view.figures.now("cpu_usage", pod=pod.name) or 0.0) >= WORKS
    ]
    return min((each for each in grown if each), default=None) if len(grown) == len(asked.live) else None


def _another_came(view: View, workload: Workload, busy: tuple[Evidence, ...], first: datetime) -> bool:
    """Tell whether another one that asks the same was released as the tries began, and this one was not.

    What keeps it busy may be that one's: then races are lost because all answers come late.
    """
    if since_release(workload, first):
        return False
    callers = {ref for each in busy for ref in view.graph.callers(each.object)} - {workload.ref}
    others = (view.workloads.get(ref) for ref in (*callers, *(each.object for each in busy)))
    return any(other is not None and since_release(other, first) for other in others)


def _told(view: View, workload: Workload, least: int, most: int) -> Iterator[tuple[datetime, str, str]]:
    """Yield (when, pod, line) of what took more tries than there were before."""
    for log in view.logs_of(workload.live, previous=False):
        for line in log.lines:
            said = None if _UNANSWERED.search(line) else TRIED.search(line)
            number = int(said[1] or said[2]) if said else 0
            if least <= number <= most and (at := stamp(line)) is not None:
                yield at, log.pod, line


def _match(view: View, workload: Workload, found: _Loose, felt: Evidence) -> Match:
    asked = tuple(each.object for each in found.busy)
    suffer = behind(view, workload.ref, *asked, but=workload.ref)
    others = f"{workload.ref} asks {', '.join(asked)} again and again, whoever else does and whatever version they are"
    more = tuple(c for c in workload.changes if c is not found.change and BESIDE_TRIES.search(c.field))
    return Match(
        component=workload.ref,
        evidence=(
            *(
                Evidence("objects", workload.ref, f"released: {c.told()}", workload.released_at)
                for c in (found.change, *more)
            ),
            Evidence(
                "logs",
                f"Pod/{found.pod}",
                f"more tries than before ({found.number} lines): {found.line}",
                found.first,
            ),
            *found.busy,
            felt,
        ),
        certainty=0.7,
        root_cause="code_defect" if workload.changed("image") else "",
        since=found.first,
        explains=suffer,
        excludes=(
            *not_for((workload.ref,), "new pods try as often", ("restart_workload", "scale_workload")),
            *not_for(suffer, others, ON_CALLERS),
        ),
    )


RULE = Rule(
    name="tries_let_loose",
    title="A release lets a program try again far more often, and what it asks is kept busy by that",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no release let a program try far more often than it could, or none shows that it does",
)
