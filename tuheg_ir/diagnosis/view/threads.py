"""Threads and tasks that ended of what nobody caught, or wait for each other for ever, in a process that goes on.

What is no longer done since tells them from those that nobody misses.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.stamps import stamp, without_time
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.marked import shape_of
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_ENDED = late(
    r"^Exception in thread (?!\"?(?:main|MainThread)\b)\S"
    r"|^#<Thread:0x\w+.{0,200}> terminated with exception"
    r"|^thread '(?!main')[^']+'(?: \(\d+\))? panicked at"
    r"|Task exception was never retrieved"
    r"|Unhandled exception in (?:background )?thread\b"
)
"""How Python, Java, Ruby, Rust and asyncio tell of it. An exception of the main thread ends the process."""
_NOBODY = (
    r"(?:[\"'\[({<]{0,2}(?:0|no|none|not|null|nil|false|never|nothing|empty|n/a|undefined)(?![\w-])"
    r"|[\"']?(?:\[\s*\]|\(\s*\)|\{\s*\})|\"\s*\"|'\s*')"
)
"""How who looked for threads in a deadlock writes down, in the place of their names, that there are none."""
_AWAITS = (
    r"[\"'][^\"']+[\"']\s(?:(?:daemon|prio=\d+|\(?(?:t?id[=:\s])?#?\d+\)?)\s)*(?:is |state=)?"
    r"(?:BLOCKED|(?:TIMED_)?WAITING|PARKED|waits|wants|holds|owns|owned|held|stuck)\b(?!\s?[=:])"
)
"""A thread by its name, and what it is at."""
_DEADLOCKED = late(
    r"\bFound (?:one|[1-9]\d*|a total of [1-9]\d*) Java-level deadlocks?\b|^1LKDEADLOCK\s+Deadlock detected"
    r"|(?<!\bno )(?<!\b0 )(?<!\bzero )(?<!\bany )\bdeadlocked threads? (?:were |was |have been |has been )?"
    rf"(?:detected|found)\b(?!\s*[:=]?\s*{_NOBODY})"
    r"|(?<!\bnot )(?<!\bnever )(?<!n't )\b(?:detected|found) (?!\W?(?:no|0|zero|any|none)\b)(?:\S+ )?"
    rf"deadlocked threads?\b(?!\s*[:=?]\s*{_NOBODY})"
    r"|(?<!\bno )\bfind(?:Monitor)?DeadlockedThreads(?:\(\))?(?:\s?[:=]| ->| returned| found| reports?)\s?"
    rf"(?!{_NOBODY})(?:\[?{_AWAITS}|\[?[\"'][^\"']+[\"'](?:[,;&]| and| <?->)\s?[\"'][^\"']"
    r"|[\"'][\w.#-]+(?:,\s?[\w.#-]+)+[\"']|\[\s?[1-9]\d*\s?(?:[,\]]|threads?\b)"
    r"|[1-9]\d* threads?\b(?! (?:checked|scanned|seen|alive|running)\b))",
    re.IGNORECASE,
)
"""How a runtime, or who asks it, tells of threads that wait for each other: no words of databases, and not of none."""
_IN_TURN = late(
    r"[\"'](?P<one>[^\"']{1,80})[\"'][^\"']{0,160}\b(?:owned|held|locked) by [\"'](?P<other>[^\"']{1,80})[\"']"
    r"[^\"']{0,40}[\"'](?P=other)[\"'][^\"']{0,160}\b(?:owned|held|locked) by [\"'](?P=one)[\"']",
    re.IGNORECASE,
)
"""Whatever they are called by, two of which each waits for what the other holds are told of in one line."""
_OF_PROGRAM = late(
    r"\b(?:(?:[a-z]+_)?threads?|monitors?|mutex(?:es)?|(?:[a-z]+_)?r?w?locks?|semaphores?|BLOCKED)\b", re.IGNORECASE
)
"""What they wait for in turn, or who they are, if they are threads of a program."""
_OF_DATABASE = late(
    r"(?<![\w.-])(?:data ?bases?|db|postgres\w*|mysql|mariadb|innodb|oracle|mongo\w*|redis|zookeeper|etcd|sql\w*"
    r"|ORA-\d+|transactions?|t(?:xn?|rx|xid)|xid|sessions?|connections?|process|pid|rows?|records?|tuples?|relations?"
    r"|tables?|keys?|documents?|pages?|index|quer(?:y|ies)|\w*(?:share|exclusive) ?lock|distributed|leases?)(?![\w@-])",
    re.IGNORECASE,
)
"""Who else waits in turn: a database ends one of them, and so does whoever keeps locks for several programs."""
_RESOLVED = late(
    r"(?<!not )(?<!never )(?<!not be )(?<!not been )(?<!n't )(?<!n't be )"
    r"\b(?:resolved|resolving|backed off|backs off|gave way|gives way|roll(?:ed|s|ing) ?back|victim|broken up"
    r"|cleared|recovered)\b",
    re.IGNORECASE,
)
"""What is said of a deadlock that did not stay: one of those in it gave up what it held."""
_THROWN_AWAY = late(r"\bTask was destroyed but it is pending!")
"""How asyncio tells of a task that nothing referred to any more, and that the collector of garbage took amid its work.

A process that ends tells it of all that it leaves: only one that goes on lacks what the task did.
"""
_GOES_ON = late(r"^(?:\s|$|Traceback |Caused by|future: |at |\.\.\. |note: |[\w.:$]+(?:\s\(|:\s|$))")
"""How the lines of a stack trace begin, after the first."""
_LONGEST = 80
_STARTS = timedelta(minutes=10)
"""So long a program may be busy with its start."""
_NAMED = 6
"""So many lines tell of a deadlock, and which threads are in it."""
OFTEN = 5
"""What was told less often before may not be told for a while; a process that goes on tells so much since."""
_PACES = 10
"""So many times as long as usual nothing more is told of what was ended."""
_ASKED = timedelta(hours=1)
"""So long may pass until somebody asks a process that does nothing any more what its threads wait for."""
ALIVE = timedelta(minutes=15)
_AMID = 3
"""What was at work until it was thrown away told of it no more than so many times as long before as it does."""
_MOMENT = timedelta(minutes=2)
"""So long it may be at something else first, as to wait for a connection."""


class EndedThread(NamedTuple):
    """An uncaught exception: the lines that tell it, when it was, and what was often told before it and never since."""

    pod: str
    said: tuple[str, ...]
    at: datetime
    stopped: str

    def evidence(self) -> Iterator[Evidence]:
        """Yield what tells of the end, and of what is no longer done since."""
        told = f"{self.said[0]} ... {self.said[-1]}" if len(self.said) > 1 else self.said[0]
        yield Evidence("logs", f"Pod/{self.pod}", f"the process goes on without a thread: {told[:300]}", self.at)
        yield _missed(self.pod, self.stopped, self.at)


class Deadlocked(NamedTuple):
    """Threads that wait for each other: the lines that tell it, what was often told, and when it was told last."""

    pod: str
    said: tuple[str, ...]
    stopped: str
    since: datetime

    def evidence(self) -> Iterator[Evidence]:
        """Yield what tells of it, and of what is no longer done since."""
        told = " ".join(self.said)
        yield Evidence("logs", f"Pod/{self.pod}", f"its threads wait for each other: {told[:300]}")
        yield _missed(self.pod, self.stopped, self.since)


class ThrownAway(NamedTuple):
    """A task that the runtime threw away: the lines that tell it, when it was, and what was often told until then."""

    pod: str
    said: tuple[str, ...]
    at: datetime
    stopped: str

    def evidence(self) -> Iterator[Evidence]:
        """Yield what tells of it, and of what is no longer done since."""
        told = " ".join(self.said)
        yield Evidence("logs", f"Pod/{self.pod}", f"the process goes on without a task of it: {told[:300]}", self.at)
        yield _missed(self.pod, self.stopped, self.at)


def _missed(pod: str, line: str, since: datetime) -> Evidence:
    return Evidence("logs", f"Pod/{pod}", f"often told before, and never since: {line}", since)


@once
def deadlocked(view: View, workload: Workload) -> tuple[Deadlocked, ...]:
    """Return the live pods of a workload that tell of a deadlock of threads, and no longer of what they often did."""
    started = {pod.name: pod.started for pod in workload.live}
    logs = (log for log in view.logs_of(workload.live, previous=False) if speaks_of(log, ("deadlock",)))
    return tuple(each for log in logs if (each := _deadlocked(view, log, started[log.pod])) is not None)


def _deadlocked(view: View, log: Log, started: datetime | None) -> Deadlocked | None:
    """Return the deadlock that a log tells of; what is told only at a start ceases by itself."""
    bare = [without_time(line) for line in log.lines]
    head = next((at for at, line in enumerate(bare) if _tells_of_deadlock(line[:300])), None)
    if head is None or started is None:
        return None
    said = tuple(line.strip() for line in bare[head : head + _NAMED] if line.strip("= \t"))
    at = next((time for line in reversed(log.lines[: head + 1]) if (time := stamp(line))), None)
    for line, last, pace in _ceased(log.lines[:head], bare[:head], bare[head:]):
        near = at is not None and at - last <= max(_PACES * pace, _ASKED)
        if near and view.now - last >= _PACES * pace and last - started >= _STARTS:
            return Deadlocked(log.pod, said, line, last)
    return None


def _tells_of_deadlock(line: str) -> bool:
    """Tell whether a line is of threads of a program that wait for each other still."""
    in_turn = _OF_PROGRAM.search(line) and not _OF_DATABASE.search(line) and _IN_TURN.search(line)
    return bool(in_turn or _DEADLOCKED.search(line)) and not _RESOLVED.search(line)


@once
def thrown_away(view: View, workload: Workload) -> tuple[ThrownAway, ...]:
    """Return the live pods of a workload that tell of a task that was thrown away, and no longer of what it did."""
    started = {pod.name: pod.started for pod in workload.live}
    told = view.logs_of(workload.live, previous=False)
    logs = (log for log in told if speaks_of(log, ("was destroyed but",)))
    return tuple(each for log in logs if (each := _thrown_away(view, log, started[log.pod])) is not None)


def _thrown_away(view: View, log: Log, started: datetime | None) -> ThrownAway | None:
    """Return the last task that a log tells was thrown away, if it was at work until then and the process goes on."""
    bare = [without_time(line) for line in log.lines]
    for head in reversed([n for n, line in enumerate(bare) if _THROWN_AWAY.search(line[:300])]):
        at = next((time for line in reversed(log.lines[: head + 1]) if (time := stamp(line))), None)
        since = [time for line in log.lines[head + 1 :] if (time := stamp(line))]
        if at is None or started is None or len(since) < OFTEN or not view.recent(since[-1], ALIVE):
            continue
        for line, last, pace in _ceased(log.lines[:head], bare[:head], bare[head:]):
            amid = at - last <= max(_AMID * pace, _MOMENT) and last - started >= _STARTS
            if amid and view.now - at >= _PACES * pace:
                said = (each.strip() for each in bare[head : head + 2] if each.strip())
                return ThrownAway(log.pod, tuple(said), at, line)
    return None


def left_off(log: Log, since: datetime, now: datetime, started: datetime) -> tuple[str, datetime] | None:
    """Return what a log often told before a moment, and never since, with when it was last told; None: nothing.

    Only what would have been told again by now, and what was told shortly before the moment, not only at a start.
    """
    split = next((n for n, line in enumerate(log.lines) if (at := stamp(line)) is not None and at >= since), None)
    if split is None:
        return None
    bare = [without_time(line) for line in log.lines]
    for line, last, pace in _ceased(log.lines[:split], bare[:split], bare[split:]):
        near = since - last <= max(_PACES * pace, ALIVE)
        if near and now - last >= _PACES * pace and last - started >= _STARTS:
            return line, last
    return None


@once
def ended_threads(view: View, workload: Workload) -> tuple[EndedThread, ...]:
    """Return the threads that ended in most of a workload's live pods, one of each pod."""
    logs = view.logs_of(workload.live, previous=False)
    found = {each.pod: each for log in logs if (each := _ended(view, log)) is not None}
    return tuple(found.values()) if 2 * len(found) > len(workload.live) else ()


def _ended(view: View, log: Log) -> EndedThread | None:
    """Return the last thread that a log tells the end of, if something is no longer done since."""
    bare = [without_time(line) for line in log.lines]
    heads = [at for at, line in enumerate(bare) if _ENDED.search(line[:300])]
    if not heads:
        return None
    end = heads[-1] + _length(log.lines[heads[-1] :], bare[heads[-1] :])
    before, since = list(map(stamp, log.lines[: heads[-1] + 1])), list(map(stamp, log.lines[end:]))
    at = next((time for time in reversed(before) if time), None) or oldest(since)
    last = next((time for time in reversed(since) if time), None)
    if at is None or last is None or len(since) < OFTEN or not view.recent(last, ALIVE):
        return None
    stopped = _stopped(log.lines[: heads[0]], bare[: heads[0]], bare[end:], last - at)
    said = tuple(line.strip() for line in bare[heads[-1] : end] if line.strip())
    return EndedThread(log.pod, said, at, stopped) if stopped else None


def _length(lines: Sequence[str], bare: Sequence[str]) -> int:
    """Return how many lines tell of the exception: up to the next with a time of its own, or that is no trace."""
    timed = stamp(lines[0]) is not None
    for n in range(1, min(len(lines), _LONGEST)):
        own = not of_trace(bare[n]) if timed else stamp(lines[n]) is not None
        if own:
            return n
    return min(len(lines), _LONGEST)


def of_trace(bare: str) -> bool:
    """Tell whether a line, without its time, may be one of a trace, after its first."""
    return _GOES_ON.search(bare) is not None


def _stopped(lines: Sequence[str], before: Sequence[str], since: Sequence[str], elapsed: timedelta) -> str:
    """Return a line of what was told again and again until the end, and by now is missing; "" if nothing is."""
    return next((line for line, _, pace in _ceased(lines, before, since) if elapsed >= _PACES * pace), "")


def _ceased(
    lines: Sequence[str], before: Sequence[str], since: Sequence[str]
) -> Iterator[tuple[str, datetime, timedelta]]:
    """Yield what was told again and again before, and never since: a line, when it was last told, how often it came.

    ``before`` are the lines without their times.
    """
    shapes = [shape_of(bare) for bare in before]
    gone = {shape for shape, count in Counter(shapes).items() if count >= OFTEN} - set(map(shape_of, since))
    told: dict[str, list[str]] = {}
    for line, shape in zip(reversed(lines), reversed(shapes), strict=True):
        if shape in gone:
            told.setdefault(shape, []).append(line)
    for each in told.values():
        times = [time for line in each if (time := stamp(line))]
        if len(times) >= OFTEN:
            yield each[0].strip(), max(times), (max(times) - min(times)) / (len(times) - 1)
