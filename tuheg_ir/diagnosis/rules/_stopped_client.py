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
from tuheg_ir.diagnosis.view.marked import complains
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.workloads import Workload

_STOPPED = late(
    r"\bI/O reactor (?:status: (?:STOPPED|SHUT_?DOWN|SHUTTING_DOWN)|has (?:already )?been (?:shut ?down|stopped))"
    r"|\bConnection pool shut down\b|\bIOReactorShutdownException\b"
    r"|\bevent executor terminated\b|\bcannot schedule new futures after (?:\w+ )?shutdown\b"
    r"|\brejected from java\.util\.concurrent\.\S{1,80}\[(?:Terminated|Shutting down)"
    r"|\bCannot send a request, as the client has been closed|\bRuntimeError: Session is closed\b"
    r"|Error: The client is closed\b|\bTopology (?:is closed|was destroyed)"
    r"|\bMongoClient after close\b|\bmongo: client is disconnected|\bsql: database is closed"
    r"|\bHikariDataSource .{0,60}\bhas been closed\b"
    r"|\bCannot use a pool after calling end on the pool|Error: Pool is closed\b|\bPoolClosed\b"
    r"|\bthe client connection is closing|\bCannot invoke RPC on closed channel"
    r"|\bThis consumer has already been closed|\bCannot perform operation after producer has been closed"
    r"|breaker\b.{0,80}\bhalf[-_ ]?open\b.{0,40}\b(?:not permit|not allow|reject|refus)",
    re.IGNORECASE,
)
"""How clients tell that they were ended, each for the call that it was asked for: Apache's HttpClient, Netty,
executors of Java and Python, httpx, aiohttp, those of Redis, MongoDB, SQL and Kafka, gRPC. And breakers on trial.

Not asyncio's closed loop: a program that makes a loop for each job is told so of what it left behind, and works on.
"""
_MOVES = late(
    r"\bchanged state\b|\bstate (?:change|transition)|\btransition(?:ed|s|ing)? (?:to|from)\b"
    r"|\bis OPEN and does not permit|\bbreaker is (?:now )?(?:open|closed)\b"
    r"|\bre-?(?:creat|start|buil|open|connect|initiali[sz])(?:e|ed|ing|t)\b",
    re.IGNORECASE,
)
"""What was told before such a line is over: a breaker that opens anew, or a client that is made anew."""
_WORDS = (
    *("i/o reactor", "pool shut down", "ioreactorshutdown", "executor terminated", "new futures after"),
    *("rejected from java", "the client has been closed", "session is closed", "the client is closed"),
    *("topology is closed", "topology was destroyed", "mongoclient after", "client is disconnected"),
    *("database is closed", "hikaridatasource", "after calling end", "pool is closed", "poolclosed"),
    *("client connection is closing", "on closed channel", "already been closed", "producer has been closed"),
    *("half_open", "half-open", "half open", "halfopen"),
)
"""One of these is in a line that tells of it: much cheaper to see than the pattern."""
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
        told = f"a client within it has stopped, it tells in {self.count} lines: {self.line[:200]}"
        return Evidence("logs", f"Pod/{self.pod}", told, self.first)


@once
def stopped_clients(view: View, workload: Workload) -> tuple[Stopped, ...]:
    """Return the live pods of a workload whose client has refused for long, and does so still."""
    logs = (log for log in view.logs_of(workload.live, previous=False) if speaks_of(log, _WORDS))
    found = {each.pod: each for log in logs if (each := _stopped(log)) is not None}
    return tuple(each for each in found.values() if view.recent(each.last, STILL))


def _stopped(log: Log) -> Stopped | None:
    """Return that a log tells of a client that stopped after it had worked; None where nothing is from before.

    A log that begins with such words may be cut, and the client have been so since the start.
    """
    told = [n for n, line in enumerate(log.lines) if _refuses(line[:_CHARS])]
    if len(told) < OFTEN:
        return None
    moved = next((n for n in range(told[-1] - 1, -1, -1) if _MOVES.search(log.lines[n][:_CHARS])), -1)
    told = [n for n in told if n > moved]
    if len(told) < OFTEN:
        return None
    upto, until = times_around(log.lines)
    begins, first, last = until[0], upto[told[0]], upto[told[-1]]
    if begins is None or first is None or last is None or first - begins < LONG or last - first < LONG:
        return None
    return Stopped(log.pod, len(told), log.lines[told[-1]].strip(), first, last)


def _refuses(line: str) -> bool:
    """Tell whether a line says that a client has stopped, and as trouble: who ends one on purpose tells that too."""
    lowered = line.lower()
    if not any(word in lowered for word in _WORDS) or not _STOPPED.search(line):
        return False
    return "Error" in line or "Exception" in line or complains(line)
