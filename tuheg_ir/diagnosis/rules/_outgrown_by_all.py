"""A database whose limit of sessions all of its clients have outgrown together, as users ask more of each.

Such a database works at most of its sessions, each for a moment, and could work at more: what is short is the number
alone. Where most of them idle, in transactions or not, they are to be given back; where they work for long, more of
them would only work for longer; and where one client has most of them, or wants more for each request, it is to be
looked at first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from statistics import median

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._demand import multiplied
from tuheg_ir.diagnosis.rules._helping import settings_written
from tuheg_ir.diagnosis.rules._holders import Holder, held_by
from tuheg_ir.diagnosis.rules._sessions import Full, label_of, released_before, serves
from tuheg_ir.diagnosis.rules._taken_since import Points, counted
from tuheg_ir.diagnosis.view.complaints import complaints
from tuheg_ir.diagnosis.view.demand import MUCH_MORE
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.usage import usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

KNOWN = 0.9
"""Share of the sessions of which it has to be known whose they are."""
LARGEST = 0.6
"""Who has more than this share of them has outgrown the database alone."""
AT_WORK = 0.6
"""Share of the sessions that are at work: a pool keeps some ready."""
OPEN = 0.05
"""Share of them that idle in transactions at any moment, between two statements of one."""
QUICK_S = 5.0
"""No transaction at work is older: none of them waits for another, or reads for long."""
GREW = 1.3
"""A database that had nearly as many sessions an hour ago was full in any case."""
EACH = 1.5
"""Who wants so many times as many sessions for each request asks otherwise than before."""
SPARE = 0.7
"""A database that uses more than this share of its processor time, or of its memory, has no room for more sessions."""
JUST_BEFORE = timedelta(minutes=5)
_COUNTS, _RATE = "db_connections", "request_rate"


def outgrown_by_all(view: View, each: Full) -> tuple[Evidence, ...]:
    """Return that several clients want more sessions for more requests, and that a full database has room for them."""
    database, held = view.workloads.get(each.ref), held_by(view, each)
    if database is None or role(database) != "database" or each.since is None or not each.used or not each.usable:
        return ()
    if not _shared(view, each, held) or not _at_work(held) or _may_wait(view, each):
        return ()
    clients = [view.workloads[holder.ref] for holder in held if holder.ref]
    room, growth = tuple(_room(view, database)), tuple(_growth(view, each, held, each.since))
    if len(room) != 2 or not growth or _changed(view, each, each.since, (database, *clients)):
        return ()
    working = sum(holder.of_state("active") for holder in held)
    fact = f"{len(clients)} clients have its sessions, {working} of {sum(h.count for h in held)} of them at work"
    return (Evidence("database" if each.database else "metrics", each.ref, fact), *growth, *room)


def _shared(view: View, each: Full, held: Sequence[Holder]) -> bool:
    """Tell whether nearly all sessions are those of several services of ours, none of which has most of them."""
    ours = [holder for holder in held if serves(view, holder.ref) and not role(view.workloads[holder.ref])]
    mine = sum(holder.count for holder in ours)
    return len(ours) > 1 and mine >= KNOWN * each.used and ours[0].count <= LARGEST * mine


def _at_work(held: Sequence[Holder]) -> bool:
    """Tell whether most sessions are at work, each for a moment as their ages tell, and hardly any left open."""
    every = [session for holder in held for session in holder.sessions]
    count = sum(session.count for session in every)
    busy = [session for session in every if session.state == "active"]
    left = sum(holder.of_state("idle in transaction") for holder in held)
    oldest = max((session.age_s for session in busy), default=0.0)
    return sum(s.count for s in busy) >= AT_WORK * count and left <= OPEN * count and 0 < oldest <= QUICK_S


def _may_wait(view: View, each: Full) -> bool:
    """Tell whether somebody waits for a lock at a database, or its statements are told to be slow."""
    told = complaints(view, "lock_wait", "slow_statement")
    label = label_of(view, "db_locks_waiting", each.ref)
    waiting = view.figures.now("db_locks_waiting", component=label) if label else None
    return bool(waiting) or any(each.ref in (c.caller, c.about) for c in told)


def _room(view: View, database: Workload) -> Iterator[Evidence]:
    """Yield how little of its processor time and of its memory a database uses, where it is measured and little."""
    for signal, what in (("cpu_share", "processor time"), ("memory_share", "memory")):
        found = usage(view.figures, database, signal)
        if found.by_pod and found.most <= SPARE:
            yield Evidence("metrics", database.ref, f"it uses {found.most:.0%} of its {what}")


def _growth(view: View, each: Full, held: Sequence[Holder], full: datetime) -> Iterator[Evidence]:
    """Yield for each client with how many more requests it got more sessions; nothing if that is not why they grew.

    Only what came until the database was nearly full: later, who is refused may ask again and again.
    """
    told, more, own = [], 0.0, 0.0
    for holder in held:
        found = _rise(counted(view, each, holder)[0], full)
        if found is None:
            return
        rose, times = found
        more += max(0.0, rose)
        asked = _asked_until(view, holder.ref, full)
        if rose <= 0:
            continue
        if asked is None or times > EACH * max(1.0, asked):
            return
        if asked >= MUCH_MORE:
            own += rose
            told.append(
                Evidence("metrics", holder.ref, f"{asked:.1f} times the requests, {times:.1f} times the sessions")
            )
    label = label_of(view, _COUNTS, each.ref)
    was = view.figures.first(_COUNTS, component=label) if label else None
    if was and each.used >= GREW * was and len(told) > 1 and own >= KNOWN * more:
        yield from told


def _rise(points: Points, full: datetime) -> tuple[float, float] | None:
    """Return by how many, and how many times, more is counted just before a moment than at first; None: it is not."""
    end = full.timestamp()
    last = [value for at, value in points if end - JUST_BEFORE.total_seconds() <= at < end]
    first = [value for _, value in points[: max(1, len(points) // 10)]]
    if not last or points[0][0] >= end - JUST_BEFORE.total_seconds():
        return None
    was, now = median(first), median(last)
    return now - was, now / max(1.0, was)


def _asked_until(view: View, ref: str, moment: datetime) -> float | None:
    """Return how many times its first requests a workload got just before a moment; None if nobody knows."""
    found = []
    for label in labels_of(view, ref, _RATE):
        first = view.figures.first(_RATE, component=label)
        then = view.figures.before(_RATE, moment, JUST_BEFORE, component=label)
        found += [then / first] if first and then is not None else []
    return max(found, default=None)


def _changed(view: View, each: Full, full: datetime, known: Sequence[Workload]) -> bool:
    """Tell whether somebody may have changed what is wanted, or granted: by a release, an edit, or another limit.

    A caller that is released may ask its servers more often for each of its users.
    """
    refs = {caller for workload in known for caller in view.graph.callers(workload.ref)}
    near = {w.ref: w for w in (*known, *(view.workloads[ref] for ref in refs if ref in view.workloads))}.values()
    if any(released_before(view, w, full) or settings_written(view, w, full) for w in near):
        return True
    label = label_of(view, "db_max_connections", each.ref)
    limits = {v for s in view.figures.series("db_max_connections", component=label) for _, v in s.points}
    return len(limits) > 1 or any(multiplied(view, workload.ref) is not None for workload in known)
