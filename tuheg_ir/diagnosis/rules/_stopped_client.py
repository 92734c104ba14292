"""Who tells again and again that a client within its own process has come to a state that it does not leave.

A client object that was ended, and a breaker whose trial calls are all lent out, refuse every call before it is sent:
whether its server is well they never find out. Only a new process, or one's own code, makes another.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.complaints import OFTEN, STILL
from tuheg_ir.diagnosis.view.logs import speaks_of, times_around
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.workloads import Workload

_STOPPED = late(
    r"\bI/O reactor (?:status: (?:STOPPED|SHUT_?DOWN|SHUTTING_DOWN)|has (?:already )?been (?:shut ?down|stopped))"
    r"|\bConnection pool shut down\b|\bIOReactorShutdownException\b"
    r"|\bevent executor terminated\b|\bEvent loop is closed\b|\bcannot schedule new futures after (?:\w+ )?shutdown\b"
    r"|\brejected from java\.util\.concurrent\.\S{1,80}\[(?:Terminated|Shutting down)"
    r"|\bCannot send a request, as the client has been closed|\bRuntimeError: Session is closed\b"
    r"|\bThe client is closed\b|\bClientClosedError\b|\bTopology (?:is closed|was destroyed)"
    r"|\bMongoClient after close\b|\bmongo: client is disconnected|\bsql: database is closed"
    r"|\bHikariDataSource .{0,60}\bhas been closed\b"
    r"|\bCannot use a pool after calling end on the pool|\bPool is closed\b|\bpool is closing\b|\bPoolClosed\b"
    r"|\bthe client connection is closing|\bCannot invoke RPC on closed channel|\bChannel has been shut ?down\b"
    r"|\b(?:consumer|producer) has (?:already )?been closed\b"
    r"|breaker\b.{0,80}\bhalf[-_ ]?open\b.{0,40}\b(?:not permit|not allow|reject|refus)",
    re.IGNORECASE,
)
"""How clients tell that they were ended, each for the call that it was asked for: Apache's HttpClient, Netty, asyncio,
executors of Java and Python, httpx, aiohttp, those of Redis, MongoDB, SQL and Kafka, gRPC. And breakers on trial.
"""
_MOVES = late(
    r"\bchanged state\b|\bstate (?:change|transition)|\btransition(?:ed|s|ing)? (?:to|from)\b"
    r"|\bis OPEN and does not permit|\bbreaker is (?:now )?(?:open|closed)\b"
    r"|\bre-?(?:creat|start|buil|open|connect|initiali[sz])(?:e|ed|ing|t)\b",
    re.IGNORECASE,
)
"""What was told before such a line is over: a breaker that opens anew, or a client that is made anew."""
_WORDS = (
    *("shut down", "shutdown", "stopped", "shutting", "terminated", "closed", "is closing", "clientclosed"),
    *("was destroyed", "after close", "client is disconnected", "after calling end", "half_open", "half-open"),
    *("half open", "halfopen"),
)
"""One of these is in a log that tells of it."""
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
        told = f"a client within it has stopped, it tells in {self.count} lines: {self.line[:200]}"
        return Evidence("logs", f"Pod/{self.pod}", told, self.first)


@once
def stopped_clients(view: View, workload: Workload) -> tuple[Stopped, ...]:
    """Return the live pods of a workload whose client has refused for long, and does so still."""
    logs = (log for log in view.logs_of(workload.live, previous=False) if speaks_of(log, _WORDS))
    found = {each.pod: each for log in logs if (each := _stopped(log)) is not None}
    return tuple(each for each in found.values() if view.recent(each.last, STILL))


def _stopped(log: Log) -> Stopped | None:
    told = [n for n, line in enumerate(log.lines) if _STOPPED.search(line)]
    if len(told) < OFTEN:
        return None
    moved = max((n for n, line in enumerate(log.lines[: told[-1]]) if _MOVES.search(line)), default=-1)
    told = [n for n in told if n > moved]
    if len(told) < OFTEN:
        return None
    upto, _ = times_around(log.lines)
    first, last = upto[told[0]], upto[told[-1]]
    if first is None or last is None or last - first < LONG:
        return None
    return Stopped(log.pod, len(told), log.lines[told[-1]].strip(), first, last)
