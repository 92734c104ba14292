"""Two replicas do the work of one: a lock was to keep one of them idle, and it went on when it could not ask for that.

Each piece of work is done twice since, in the same moments. Who is started anew asks for the lock again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import permutations

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import HOURS, behind, not_for
from tuheg_ir.diagnosis.stamps import has_near, stamp, without_time
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.marked import complains, is_marked
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

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
SPARSE = timedelta(seconds=20)
"""What is done more often than this falls together by chance."""
_WORDS = ("lock", "lease", "leader")
_LOCK_FAILED = late(
    r"(?:acquir|obtain|extend|renew)\w*[\w .:'\"-]{0,40}(?:(?<!b)(?<!c)(?<!dead)lock|(?<!re)lease|leadership|leader)\b"
    r"|\b(?:lock|lease|leader(?:ship| election)?)[\w .:'\"-]{0,40}(?:acquir|obtain|renew|extend|lost\b|expired\b)"
    r"|acquire_distributed_beat_lock|\bLockNotOwnedError\b",
    re.IGNORECASE,
)
"""How programs tell that they could not get or keep what lets one of them act: RedBeat, leader elections, own locks."""
_OTHER_LOCK = late(
    r"\block on (?:row|relation|tuple|table|object|page)|\block wait|\bdue to lock timeout|deadlock|\bfile lock"
    r"|\block ?file|\.lock\b|/creds/|\bvault\b|credential|\bdhcp|\bmutex",
    re.IGNORECASE,
)
"""Locks within a database, of a file or a thread, and leases of logins and addresses: they let nobody act alone."""


class _Both(NamedTuple):
    """Two pods that act in the same moments: who did before, who does since when, at what, how often, until when."""

    before: str
    since: str
    first: datetime
    last: datetime
    line: str
    times: int


_Failed = tuple[datetime, str, str]
"""When a pod told in which line that it could not get or keep its lock; the pod."""


def when(view: View) -> Iterator[Match]:
    """A replica told that it could not get or keep its lock, and does since what another one does at the same time."""
    for workload in view.serving:
        if role(workload) or len(workload.live) < 2 or workload.ready < workload.wanted:
            continue
        logs = [log for log in view.logs_of(workload.live, previous=False) if log.lines]
        failed = sorted((at, line, log.pod) for log in logs for at, line in _failed(log))
        found = _both(view, logs, failed) if failed else None
        if found is not None:
            yield _match(view, workload, found, failed)


def _then(both: _Both, failed: Sequence[_Failed]) -> list[_Failed]:
    """Return what one of two pods told of its lock shortly before both acted."""
    told = (each for each in failed if each[2] in (both.before, both.since))
    return [each for each in told if timedelta() <= both.first - each[0] <= SOON]


def _failed(log: Log) -> Iterator[tuple[datetime, str]]:
    """Yield when a pod could not get or keep its lock, in its own words."""
    for line in log.lines if speaks_of(log, _WORDS) else ():
        told = is_marked(line) and _LOCK_FAILED.search(line) and not _OTHER_LOCK.search(line)
        at = stamp(line) if told else None
        if at is not None:
            yield at, line


def _both(view: View, logs: Sequence[Log], failed: Sequence[_Failed]) -> _Both | None:
    """Return that of two pods one did alone what both do now, since one of them could not get its lock."""
    lost = {pod for _, _, pod in failed}
    acts = {log.pod: _acts(log) for log in logs}
    begins = {log.pod: next(filter(None, map(stamp, log.lines)), None) for log in logs}
    for before, since in permutations(acts, 2):
        heard = begins[since]
        if heard is None or not {before, since} & lost:
            continue
        for words in sorted(acts[before].keys() & acts[since].keys()):
            found = _compared(before, since, acts[before][words], acts[since][words])
            if found is None or not view.recent(found.last, STILL) or not _then(found, failed):
                continue
            if sum(heard < at < found.first - TOGETHER for at in acts[before][words]) >= ALONE:
                return found._replace(line=words)
    return None


def _acts(log: Log) -> Mapping[str, list[datetime]]:
    """Return when a pod told what, of all that is no complaint.

    Word by word: who does the same with another number may have a part of its own.
    """
    found: dict[str, list[datetime]] = {}
    for line in log.lines:
        at = stamp(line)
        if at is not None and not complains(line):
            found.setdefault(without_time(line), []).append(at)
    return {words: sorted(times) for words, times in found.items() if len(times) >= OFTEN}


def _compared(before: str, since: str, one: Sequence[datetime], other: Sequence[datetime]) -> _Both | None:
    """Return that one does what the other did, each time since it began to; None: too seldom, too often, or not so."""
    first = other[0]
    if other[-1] - first < SPARSE * (len(other) - 1):
        return None
    ones = [at for at in one if at >= first - TOGETHER]
    shared = [at for at in other if has_near(ones, at, TOGETHER)]
    if len(shared) < OFTEN or len(shared) < SHARED * max(len(ones), len(other)):
        return None
    return _Both(before, since, first, shared[-1], "", len(shared))


def _match(view: View, workload: Workload, both: _Both, failed: Sequence[_Failed]) -> Match:
    told = f"{both.times} times since, {both.before} and it in the same moments, and it never before: {both.line}"
    at, line, pod = _then(both, failed)[-1]
    released = _released_before(workload, both.first)
    why = "its template and its number are what they were as one of them acted alone"
    in_vain = () if released else ("rollback_workload", "scale_workload")
    return Match(
        component=workload.ref,
        evidence=(
            Evidence("logs", f"Pod/{pod}", line, at),
            Evidence("logs", f"Pod/{both.since}", told, both.first),
        ),
        certainty=0.7,
        remedy="page_human" if released or _fails_still(view, both, failed) else "",
        since=both.first,
        explains=behind(view, workload.ref, but=workload.ref),
        excludes=not_for((workload.ref,), why, in_vain),
    )


def _released_before(workload: Workload, first: datetime) -> bool:
    """Tell whether a release came in the hours before: it may have lost the lock, and would lose it again."""
    came = workload.released_at
    return bool(workload.changes) and came is not None and timedelta() <= first - came <= HOURS


def _fails_still(view: View, both: _Both, failed: Sequence[_Failed]) -> bool:
    """Tell whether one of the pods still fails to get its lock: who begins anew may get it as little, and go on too."""
    later = (at for at, _, pod in failed if pod in (both.before, both.since) and at - both.first > SOON)
    return any(view.recent(at, STILL) for at in later)


RULE = Rule(
    name="acts_without_its_lock",
    title="Two replicas do the work of one since one could not ask for its lock",
    root_cause="code_defect",
    remedy="restart_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no replica that could not get or keep a lock does what another one does at the same time",
)
