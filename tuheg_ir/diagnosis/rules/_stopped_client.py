"""Who tells again and again that a client within its own process has come to a state that it does not leave.

A client object that was ended, and a breaker whose trial calls are all lent out, refuse every call before it is sent:
whether its server is well they never find out. Only a new process, or one's own code, makes another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.view.complaints import OFTEN, STILL
from tuheg_ir.diagnosis.view.literals import Pattern
from tuheg_ir.diagnosis.view.logs import times_around
from tuheg_ir.diagnosis.view.marked import complains
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_STOPPED = tuple(
    Pattern(source, cased=False)
    for source in (
        r"\bi/o reactor (?:status: (?:stopped|shut_?down|shutting_down)|has (?:already )?been (?:shut ?down|stopped))",
        r"\bconnection pool shut down\b|\bioreactorshutdownexception\b|\bevent executor terminated\b",
        r"\bcannot schedule new futures after (?:\w+ )?shutdown\b",
        r"\brejected from java\.util\.concurrent\.\S{1,80}\[(?:terminated|shutting down)",
        r"\bcannot send a request, as the client has been closed|\bruntimeerror: session is closed\b",
        r"error: the client is closed\b|\btopology (?:is closed|was destroyed)|\bmongoclient after close\b",
        r"\bmongo: client is disconnected|\bsql: database is closed|\bhikaridatasource .{0,60}\bhas been closed\b",
        r"\bcannot use a pool after calling end on the pool|error: pool is closed\b|\bpoolclosed\b",
        r"\bthe client connection is closing|\bcannot invoke rpc on closed channel",
        r"\bthis consumer has already been closed|\bcannot perform operation after producer has been closed",
        r"breaker\b.{0,80}\bhalf[-_ ]?open\b.{0,40}\b(?:not permit|not allow|reject|refus)",
    )
)
"""How clients tell that they were ended, each for the call that it was asked for: Apache's HttpClient, Netty,
executors of Java and Python, httpx, aiohttp, those of Redis, MongoDB, SQL and Kafka, gRPC. And breakers on trial.

Not asyncio's closed loop: a program that makes a loop for each job is told so of what it left behind, and works on.
"""
_MOVES = Pattern(
    r"\bchanged state\b|\bstate (?:change|transition)|\btransition(?:ed|s|ing)? (?:to|from)\b"
    r"|\bis open and does not permit|\bbreaker is (?:now )?(?:open|closed)\b"
    r"|\bre-?(?:creat|start|buil|open|connect|initiali[sz])(?:e|ed|ing|t)\b",
    cased=False,
)
"""What was told before such a line is over: a breaker that opens anew, or a client that is made anew."""
_CHARS = 2000
"""No more of a line is read: one that is longer is no message."""
LONG = timedelta(minutes=10)
"""A trial of a breaker, or the end of a process, takes no longer."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """A pod whose client refuses all since then: which, how often and how it told so, when first and last."""

    pod: str
    count: int
    line: str
    first: datetime
    last: datetime

    def evidence(self) -> Evidence:
        """Return how it tells of it."""
        told = f"a client within it has stopped, it tells in {self.count} lines: {self.line}"
        return Evidence("logs", f"Pod/{self.pod}", told, self.first)


@once
def stopped_clients(view: View, workload: Workload) -> tuple[Stopped, ...]:
    """Return the live pods of a workload whose client has refused for long, and does so still."""
    logs = view.logs_of(workload.live, previous=False)
    found = {each.pod: each for log in logs if (each := _stopped(log)) is not None}
    return tuple(each for each in found.values() if view.recent(each.last, STILL))


def _stopped(log: Log) -> Stopped | None:
    """Return that a log tells of a client that stopped after it had worked; None where nothing is from before.

    A log that begins with such words may be cut, and the client have been so since the start.
    """
    lines = [line[:_CHARS] for line in log.lines]
    whole = "\n".join(lines)
    able = _able(_STOPPED, whole)
    told = [n for n, line in enumerate(lines) if _refuses(able, line)] if able else []
    if len(told) < OFTEN:
        return None
    moves = _able((_MOVES,), whole)
    moved = next((n for n in range(told[-1] - 1, -1, -1) if _any(moves, lines[n])), -1) if moves else -1
    told = [n for n in told if n > moved]
    if len(told) < OFTEN:
        return None
    upto, until = times_around(log.lines)
    begins, first, last = until[0], upto[told[0]], upto[told[-1]]
    if begins is None or first is None or last is None or first - begins < LONG or last - first < LONG:
        return None
    return Stopped(log.pod, len(told), log.lines[told[-1]].strip(), first, last)


def _able(patterns: Iterable[Pattern], whole: str) -> tuple[Pattern, ...]:
    """Return those of some patterns that a log holds at all: most logs hold none, and no line need be asked."""
    lowered = whole.lower()
    return tuple(pattern for pattern in patterns if pattern.within(whole, lowered))


def _any(patterns: Iterable[Pattern], line: str) -> bool:
    lowered = line.lower()
    return any(pattern.within(line, lowered) for pattern in patterns)


def _refuses(patterns: Iterable[Pattern], line: str) -> bool:
    """Tell whether a line says that a client has stopped, and as trouble: who ends one on purpose tells that too."""
    return _any(patterns, line) and ("Error" in line or "Exception" in line or complains(line))
