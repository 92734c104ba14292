"""Two replicas do the work of one: a lock was to keep one of them idle, and it went on when it could not ask for that.

Each piece of work is done twice since, in the same moments. Who is started anew asks for the lock again.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import permutations
from typing import NamedTuple

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.stamps import stamp, without_time
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.marked import complains, is_marked, shape_of
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

TOGETHER = timedelta(seconds=2)
"""Two clocks fire so near to each other."""
OFTEN = 5
"""So many things that both did in the same moments are no chance, where one of them did none before."""
ALONE = 3
"""So often one did it alone before: the other one was there, and idle."""
SHARED = 0.8
"""So large a share of what either does since then both do: who shares work out does something else."""
SOON = timedelta(minutes=15)
"""So soon after it could not ask for the lock a replica begins: a scheduler wakes when something is due."""
STILL = timedelta(minutes=30)
"""What both did last longer ago is over."""
_WORDS = ("lock", "lease", "leader")
_LOCK_FAILED = late(
    r"(?:acquir|obtain|extend|renew)\w*[\w .:'\"-]{0,40}(?:lock|lease|leadership|leader)\b"
    r"|\b(?:lock|lease|leader(?:ship| election)?)[\w .:'\"-]{0,40}(?:acquir|obtain|renew|extend|lost\b|expired\b)"
    r"|acquire_distributed_beat_lock|\bLockNotOwnedError\b",
    re.IGNORECASE,
)
"""How programs tell that they could not get or keep what lets one of them act: RedBeat, leader elections, own locks."""


class _Both(NamedTuple):
    """Two pods that act in the same moments: who did before, who does since when, at what, how often, until when."""

    before: str
    since: str
    first: datetime
    last: datetime
    line: str
    times: int


def when(view: View) -> Iterator[Match]:
    """A replica told that it could not get or keep its lock, and does since what another one does at the same time."""
    for workload in view.serving:
        if role(workload) or len(workload.live) < 2 or workload.ready < workload.wanted:
            continue
        logs = [log for log in view.logs_of(workload.live, previous=False) if log.lines]
        failed = [(at, line, log.pod) for log in logs for at, line in _failed(log)]
        found = _both(view, logs) if failed else None
        if found is None:
            continue
        then = [each for each in failed if timedelta() <= found.first - each[0] <= SOON]
        told = [each for each in then if each[2] in (found.before, found.since)]
        if told:
            yield _match(view, workload, found, *told[-1])


def _failed(log: Log) -> Iterator[tuple[datetime, str]]:
    """Yield when a pod could not get or keep its lock, in its own words."""
    for line in log.lines if speaks_of(log, _WORDS) else ():
        at = stamp(line) if is_marked(line) and _LOCK_FAILED.search(line) else None
        if at is not None:
            yield at, line


def _both(view: View, logs: Sequence[Log]) -> _Both | None:
    """Return that of two pods one did alone what both do now."""
    acts = {log.pod: _acts(log) for log in logs}
    begins = {log.pod: next(filter(None, map(stamp, log.lines)), None) for log in logs}
    for before, since in permutations(acts, 2):
        for shape in acts[before].keys() & acts[since].keys():
            found = _compared(before, since, acts[before][shape], acts[since][shape])
            heard = begins[since]
            if found is None or heard is None or not view.recent(found.last, STILL):
                continue
            if sum(heard < at < found.first - TOGETHER for at in acts[before][shape]) >= ALONE:
                return found._replace(line=shape)
    return None


def _acts(log: Log) -> Mapping[str, list[datetime]]:
    """Return when a pod told what, of all that is no complaint."""
    found: dict[str, list[datetime]] = {}
    for line in log.lines:
        at = stamp(line)
        if at is not None and not complains(line):
            found.setdefault(shape_of(without_time(line)), []).append(at)
    return {shape: sorted(times) for shape, times in found.items()}


def _compared(before: str, since: str, one: Sequence[datetime], other: Sequence[datetime]) -> _Both | None:
    """Return that one does what the other did, each time since it began to; None: seldom, or not each time."""
    first = other[0]
    ones = [at for at in one if at >= first - TOGETHER]
    shared = [at for at in other if _near(ones, at)]
    if len(shared) < OFTEN or len(shared) < SHARED * max(len(ones), len(other)):
        return None
    return _Both(before, since, first, shared[-1], "", len(shared))


def _near(times: Sequence[datetime], at: datetime) -> bool:
    number = bisect_left(times, at - TOGETHER)
    return number < len(times) and times[number] <= at + TOGETHER


def _match(view: View, workload: Workload, both: _Both, at: datetime, line: str, pod: str) -> Match:
    told = f"{both.times} times since, {both.before} and it in the same moments, and it never before: {both.line[:160]}"
    why = "its template and its number are what they were as one of them acted alone"
    return Match(
        component=workload.ref,
        evidence=(
            Evidence("logs", f"Pod/{pod}", line[:240], at),
            Evidence("logs", f"Pod/{both.since}", told, both.first),
        ),
        certainty=0.7,
        since=both.first,
        explains=behind(view, workload.ref, but=workload.ref),
        excludes=not_for((workload.ref,), why, ("rollback_workload", "scale_workload")),
    )


RULE = Rule(
    name="acts_without_its_lock",
    title="Two replicas do the work of one since one could not ask for its lock",
    root_cause="code_defect",
    remedy="restart_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no replica that could not get or keep a lock does what another one does at the same time",
)
