"""A store, or a service itself, stood still for seconds, once, and does not since.

Its disk or its machine was held up, a table was locked, one statement took all there is. Whoever asked then got no
answer, however well all is a minute later. Stores tell of that when it is over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby, takewhile
from operator import itemgetter

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._lock_queue import queue_in
from tuheg_ir.diagnosis.rules._slow_disk import QUICK_S, SLOW_S
from tuheg_ir.diagnosis.view.logs import times_near
from tuheg_ir.diagnosis.view.stores import is_store, keeps_data
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.usage import NEAR, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_NEAR = timedelta(minutes=5)
"""So near to the first of many requests it stood still, if they came of that."""
_LATE = timedelta(minutes=2)
"""A checkpoint is told when all of it is done."""
_OVER = timedelta(minutes=10)
"""What was not told of for so long is no part of what goes on now; and a moment lasts no longer."""
_LONGEST = 2000
"""No line is looked through further than this: MongoDB tells how long it took at its end."""
_HELD_UP = late(
    r"(?:(?:checkpoint|restartpoint) complete: wrote \d{1,12} buffers\b.{0,200}?\bsync="
    r"|page_cleaner: \d{1,6}ms intended loop took |\bPage cleaner took "
    r"|fsync-ing the write ahead log in [\w.:-]{1,60} took |\bslow fdatasync\b.{0,20}?\btook\W{1,5}"
    r"|\bI/O requests taking longer than |\bwriting cluster state took \["
    r"|\bpause in JVM or host machine .{0,20}?pause of approximately )"
    r"(?:(\d{1,2})m)?(\d{1,9}(?:\.\d{1,9})?) ?(m?s)",
    re.IGNORECASE,
)
"""How PostgreSQL, MySQL, ZooKeeper, etcd, SQL Server, Elasticsearch and a Kafka tell how long they were held up."""
_EACH = late(r"(?:checkpoint|restartpoint) complete: wrote ", re.IGNORECASE)
"""How PostgreSQL tells of each checkpoint; the others tell only of what took long."""
_OF_MEMORY = late(r"\bpause in JVM\b", re.IGNORECASE)
_LOCKED = late(
    r"(?:\bprocess \d{1,9} acquired (?!ShareUpdateExclusiveLock)\w{1,40}Lock on "
    r"(?!(?:advisory|user) lock|virtual transaction).{1,160}? after |# Query_time: .{1,40}?\bLock_time: )"
    r"()(\d{1,9}(?:\.\d{1,9})?) ?(ms|)"
)
"""How PostgreSQL and MySQL tell how long somebody waited for a lock, once he has it.

Who is to be the leader waits for an advisory lock until another one ends; and behind a vacuum or an index that is built
beside all work, each of which waits for its own lock or for older transactions, nobody queues.
"""
_SLOW = late(
    r"(?:\bduration: (?=[\d.]{1,20} ms {1,2}(?:statement|execute|bind|parse|plan)\b)|# Query_time: "
    r"|\"msg\": ?\"Slow query\".{0,1900}?\"durationMillis\": ?)()(\d{1,12}(?:\.\d{1,9})?) ?(ms|)"
)
"""How PostgreSQL, MySQL and MongoDB tell of a statement that took long, once it is done."""
_ORDINARY = late(
    r"(?:\bstatement: |\bexecute [^:]{1,64}: |\bQuery Text: )\s{0,9}(?:/\*.{0,200}?\*/\s{0,9})?"
    r"(?:COPY\b.{1,1500}?\bTO (?:STDOUT|PROGRAM|')|VACUUM\b(?!\s{0,9}(?:\([^)]{0,99}\bFULL\b|FULL\b))|ANALYZE\b"
    r"|(?:CREATE|DROP|ALTER|REINDEX|REFRESH)\b.{1,400}?\bCONCURRENTLY\b)"
    r"|\b(?:pg_)?sleep(?:_for|_until)?\s?\(|\bget_lock\s?\(|\bpg_(?:try_)?advisory_\w{0,20}lock"
    r"|/\*!40001 SQL_NO_CACHE \*/"
    r"|\"(?:createIndexes|hello|isMaster)\": ?|\"awaitData\": ?true|\"\$changeStream\"",
    re.IGNORECASE | re.DOTALL,
)
"""Statements that are meant to take long and keep nobody out: dumps, upkeep beside all work, who merely waits."""
_BEGINS = late(
    r"\b(?:LOG|ERROR|FATAL|WARNING|NOTICE|DETAIL|HINT|CONTEXT|STATEMENT): |# (?:Time|User@Host|Query_time): |\{\""
)
_FEW = 5
"""A statement that is told in lines of its own begins within so many: MySQL names the database and the time first."""
_MOMENTS = (
    ("it stood still for {:.0f} s, and does not since", _HELD_UP),
    ("others waited for its locks for {:.0f} s, and do not since", _LOCKED),
    ("a statement took {:.0f} s, and none does since", _SLOW),
)
"""What a store was held up by, in words, and how it tells of that."""


class _Still(NamedTuple):
    """When it was told, by which pod, for how many seconds, and the line."""

    at: datetime
    pod: str
    seconds: float
    line: str


def stood_still(view: View, callee: Workload, since: datetime) -> Evidence | None:
    """Return that a workload, or what it needs, was held up for seconds as it got many requests, and is not since."""
    needed = (view.workloads[each] for each in sorted(view.graph.needs(callee.ref)) if each in view.workloads)
    for each in (*needed, callee):
        keeps = is_store(each) or keeps_data(view, each)
        # Any program may tell that something took long, or repeat a line of its database.
        for what, told_by in _MOMENTS if keeps else _MOMENTS[:1]:
            told = sorted(_told(view, each, told_by))
            slow = [still for still in told if SLOW_S <= still.seconds <= _OVER.total_seconds()]
            if not slow or not _ended(view, told, slow[0]) or _is_full(view, each, slow):
                continue
            if told_by is not _HELD_UP and _waits_still(view, each):
                continue
            if any(-_NEAR <= still.at - since <= _LATE for still in slow):
                first = slow[0]
                fact = f"{what.format(first.seconds)}: {first.line.strip()}"
                return Evidence("logs", f"Pod/{first.pod}", fact, first.at)
    return _given_up(view, callee, since)


def _ended(view: View, told: Sequence[_Still], first: _Still) -> bool:
    """Tell whether what was slow once is quick again: what takes a second still is better, and not well.

    Of what is told each time, and not only when it was slow, silence says nothing: it may hang, or wait.
    """
    last = [still for still in told if still.at >= first.at and still.seconds >= QUICK_S][-1]
    if view.recent(last.at, _OVER) or last.at - first.at > _OVER:
        return False  # what is slow again and again is no moment's trouble
    again = any(still.at > last.at and still.pod == last.pod for still in told if _EACH.search(still.line))
    return again or not _EACH.search(last.line)


def _is_full(view: View, workload: Workload, slow: Sequence[_Still]) -> bool:
    """Tell whether a virtual machine stood still that has hardly any memory left: it will again."""
    of_memory = any(_OF_MEMORY.search(still.line) for still in slow)
    return of_memory and usage(view.figures, workload, "memory_share").most >= NEAR


def _given_up(view: View, callee: Workload, since: datetime) -> Evidence | None:
    """Return that a workload gave up waiting for locks again and again as it got many requests, and does not since."""
    hits = [hit for hit in view.hits_of(callee.ref, "lock_wait") if hit.first and hit.last and not hit.previous]
    if sum(hit.count for hit in hits) < OFTEN or any(view.recent(hit.last, _OVER) for hit in hits):
        return None
    near = (h for h in hits if h.first and h.last and -_NEAR <= h.first - since <= _LATE and h.last - h.first <= _OVER)
    return next(map(view.hit_evidence, near), None)


def _told(view: View, workload: Workload, told_by: re.Pattern[str]) -> Iterator[_Still]:
    """Yield what the logs of a workload tell of how long nothing went on, if that was long in any of them."""
    found = [
        (log, n, _seconds(said))
        for log in view.logs_of(workload.live, previous=False)
        for n, line in enumerate(log.lines)
        if (said := told_by.search(line[:_LONGEST]))
        and (told_by is _HELD_UP or not _ORDINARY.search(_whole(log.lines, n)))
    ]
    if all(seconds < SLOW_S for _, _, seconds in found):
        return
    for log, those in groupby(found, key=itemgetter(0)):
        times = times_near(log.lines)
        yield from (_Still(at, log.pod, s, log.lines[n]) for _, n, s in those if (at := times[n]) is not None)


def _whole(lines: Sequence[str], number: int) -> str:
    """Return a line with those that go on with it: a statement is often told in lines of its own."""
    more = takewhile(lambda line: not _BEGINS.search(line[:200]), lines[number + 1 : number + _FEW])
    return "\n".join((lines[number], *more))[:_LONGEST]


def _seconds(found: re.Match[str]) -> float:
    """Return for how many seconds it was: who tells no unit has seconds, as MySQL, or names it, as MongoDB."""
    milli = found[3].lower() == "ms" or "Millis" in found[0]
    return 60 * int(found[1] or 0) + float(found[2]) / (1000 if milli else 1)


def _waits_still(view: View, store: Workload) -> bool:
    """Tell whether somebody waits for a lock of a store still, or did a moment ago."""
    if any(view.recent(hit.last, _OVER) for hit in view.hits_of(store.ref, "lock_wait")):
        return True
    return any(queue_in(log.lines).waiting for log in view.logs_of(store.live, previous=False))
