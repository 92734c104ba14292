"""Tasks that ended in few pods of several before their logs tell of any work, as where a log was cut since.

Nothing shows what such a pod did itself. But the task has a name, and each of its like tells of work under that name,
time and again, while this pod never does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Log
from tuheg_ir.diagnosis.stamps import stamp, without_time
from tuheg_ir.diagnosis.view.ended_apart import (
    AMID,
    MOVED,
    OF_A_REQUEST,
    TIMES,
    EndedApart,
    even,
    tell_an_end,
    tells_an_end,
    words_of,
)
from tuheg_ir.diagnosis.view.logs import times_around
from tuheg_ir.diagnosis.view.marked import complains
from tuheg_ir.diagnosis.view.odd import same_template
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.threads import ALIVE, OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_CALLED = late(
    r"\b(?:thread|task|job|loop|coroutine|goroutine|fiber|timer|watch)s?(?: in)?[ :=]{1,2}[\"']?"
    r"(?:Thread-\d{1,6} \()?(?P<name>[A-Za-z][\w.-]{2,80})"
    r"|(?<![\w.-])(?P<before>[A-Za-z][\w.-]{2,80})[\"']? "
    r"(?:thread|task|job|loop|coroutine|goroutine|fiber|timer|watch)\b",
    re.IGNORECASE,
)
"""What stands before or behind the name of a task that ended."""
_NUMBER = late(r"[-_#.]?\d{1,9}$")
"""A thread that is made anew has another number, and does the same work."""
_PARTS = late(r"[a-z][-_.][A-Za-z]|[a-z][A-Z]")
"""A name of several words is one that somebody gave."""
_POOLS = frozenset(
    (
        "pool", "tokio", "execu", "sched", "async", "defau", "commo", "fork", "join", "paral", "netty", "event", "loop",
        "timer", "http", "main", "clien", "serve", "reque", "conne", "group", "queue", "consu", "liste",
    )
)  # fmt: skip
"""Words, cut, of threads that do whatever comes, or what a broker gives to one of them."""
_LIKE = 2
"""So many others have to do it: a single one may lead, and do for all what the others need not."""
_STILL = 2
"""So many times as long as its longest pause nothing is told of what is done no more."""


class _Told(NamedTuple):
    """The lines of a log without their times, and when each was told at the latest."""

    log: Log
    bare: list[str]
    times: list[datetime]


@once
def ended_earlier(view: View, workload: Workload) -> tuple[EndedApart, ...]:
    """Return the ends of named tasks in few live pods of one template that never tell of that work, as each other does.

    When it was is known only where the line has a time: the log begins with it.
    """
    if len(workload.live) <= _LIKE or not same_template(workload.live):
        return ()
    logs = [log for log in view.logs_of(workload.live, previous=False) if log.lines]
    if {log.pod for log in logs} != {pod.name for pod in workload.live}:
        return ()
    odd = tell_an_end(view, workload)
    if not odd or len(logs) - len(odd) < _LIKE or 2 * len(odd) > len(workload.live):
        return ()
    told = [each for log in logs if (each := _told(log)) is not None]
    found = (
        _ended(
            view, own, [each for each in told if each.log.pod not in odd and each.log.container == own.log.container]
        )
        for own in told
        if own.log.pod in odd
    )
    return tuple(each for each in found if each is not None)


def _told(log: Log) -> _Told | None:
    upto, _ = times_around(log.lines)
    first = next((at for at in upto if at is not None), None)
    if first is None:
        return None
    return _Told(log, [*map(without_time, log.lines)], [at or first - 2 * AMID for at in upto])


def _ended(view: View, own: _Told, like: Sequence[_Told]) -> EndedApart | None:
    if len({each.log.pod for each in like}) < _LIKE:
        return None
    for number, line in enumerate(own.bare):
        name = name_of(line) if tells_an_end(line) else ""
        at = own.times[number]
        if not name or not _goes_on_without(view, own, name, at):
            continue
        works = [list(_works(each, name, at)) for each in like]
        counts = [len(each) for each in works if _keeps_on(view, [time for time, _ in each])]
        if len(counts) == len(like):
            said = line.strip()[:300] if stamp(own.log.lines[number]) else f"{line.strip()[:280]} (then at the latest)"
            return EndedApart(own.log.pod, said, at, works[0][-1][1].strip()[:200], min(counts))
    return None


def name_of(line: str) -> str:
    """Return the name of a task whose end a line tells, without its number; "" where it says nothing of its work."""
    for found in _CALLED.finditer(line[:300]):
        name = _NUMBER.sub("", found["name"] or found["before"])
        if _PARTS.search(name) and words_of([name]) - _POOLS:
            return name
    return ""


def _goes_on_without(view: View, own: _Told, name: str, at: datetime) -> bool:
    """Tell whether a pod works on since an end, and tells of that task at no other time; nor was it a client's."""
    since = [time for time in own.times if time > at + AMID]
    if len(since) < OFTEN or not view.recent(since[-1], ALIVE):
        return False
    for time, line in zip(own.times, own.bare, strict=True):
        amid = abs(time - at) <= AMID
        if MOVED.search(line) or (amid and OF_A_REQUEST.search(line)) or (name in line and not amid):
            return False
    return True


def _works(each: _Told, name: str, at: datetime) -> Iterator[tuple[datetime, str]]:
    """Yield when a log tells of work under a name since a time, lines of one turn once, and in which line."""
    last: datetime | None = None
    for time, raw, line in zip(each.times, each.log.lines, each.bare, strict=True):
        if time > at and name in line and not complains(raw) and (last is None or time - last > AMID):
            last = time
            yield time, line


def _keeps_on(view: View, times: Sequence[datetime]) -> bool:
    """Tell whether something is done at an even pace, and still."""
    if len(times) < TIMES or not even(times):
        return False
    longest = max(b - a for a, b in pairwise(times))
    return view.now - times[-1] <= _STILL * longest
