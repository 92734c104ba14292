"""Who makes a new client of a store for each piece of work: its log goes on to tell what others tell as they start.

A program makes its producer, its pool or its connection once. What a library tells of that, or the number that it gives
to each client of a process, then comes a few times and no more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.view.logs import speaks_of, times_near
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_TOLD = {
    "broker": late(
        r"\bInstantiated an? (?:idempotent|transactional) producer|\bKafka startTimeMs: \d|\bProducerConfig values:"
        r"|\bSuccessfully initialized new client\b|\bCreated new connection: \w*connectionFactory"
        r"|\bPika version \S+ connecting to\b",
        re.IGNORECASE,
    ),
    "database": late(
        r"\bHikariPool-\d+ - Start completed|\{dataSource-\d+\} inited|\bMongoClient with metadata .+ created with",
        re.IGNORECASE,
    ),
    "cache": late(
        r"\bRedisson \d+\.\d+|\b\d+ connections initialized for \S+:\d"
        r"|\b(?:redis|valkey)(?: client)?:? (?:connecting|connected)\b"
        r"|(?<!re)\bconnect(?:ing|ed) to (?:redis|valkey)\b",
        re.IGNORECASE,
    ),
}
"""Role of a store -> what libraries tell once for each client of it: of Kafka, RabbitMQ, JDBC, MongoDB and Redis."""
_NUMBERED = {
    "broker": late(
        r"\b(?:producer|consumer|admin(?:client)?)[-#](\d{1,12})\b|connectionFactory#\w+:(\d{1,12})/", re.IGNORECASE
    ),
    "database": late(r"\bHikariPool-(\d{1,12})\b|\{dataSource-(\d{1,12})\}", re.IGNORECASE),
}
"""Role of a store -> the number that a library gives to each client of a process, one more each time."""
_WORDS = (
    *("producer", "consumer", "admin", "starttimems", "initialized", "connectionfactory", "pika version"),
    *("hikaripool", "datasource-", "mongoclient", "redis", "valkey"),
)
MANY = 30
"""No program needs so many clients of a store at once, made one after another."""
EACH = timedelta(minutes=1)
"""What makes one less often than this may be a run that comes by the clock."""
WHILE = timedelta(minutes=1)
"""What is told of a start is told in less."""
_PARTS = 3
"""It goes on: each of so many parts of what is told takes a while."""
_SORTED = 0.9
"""Share of steps that go up among the numbers of one process; the threads of a pool tell a little out of turn."""


class Made(NamedTuple):
    """How many clients a pod made, from when to when, and the last line that tells so."""

    pod: str
    number: int
    first: datetime
    last: datetime
    line: str

    def shown(self) -> Evidence:
        """Return how the log tells of it."""
        minutes = (self.last - self.first).total_seconds() / 60
        fact = f"it makes new clients all the time, {self.number} in {minutes:.0f} minutes: {self.line.strip()[:200]}"
        return Evidence("logs", f"Pod/{self.pod}", fact, self.first)


def makes_clients(view: View, client: Workload, store: Workload, until: datetime) -> Made | None:
    """Return that a pod makes clients of a store's kind without an end, as it did before a time when that was well.

    Where a store is ill its clients are made anew for that reason alone.
    """
    kind = role(store)
    if kind not in _TOLD:
        return None
    logs = (log for log in view.logs_of(client.live, previous=False) if speaks_of(log, _WORDS))
    found = [made for log in logs for made in (_numbered(log, kind, until), _lines(log, kind, until)) if made]
    return max(found, key=lambda made: made.number, default=None)


def _lines(log: Log, kind: str, until: datetime) -> Made | None:
    """Return that a log tells many times what is told once for each client."""
    told = [(at, line) for at, line in _before(log, until) if _TOLD[kind].search(line)]
    return _made(log, told, len(told)) if _goes_on([at for at, _ in told]) else None


def _numbered(log: Log, kind: str, until: datetime) -> Made | None:
    """Return that the clients of one process have ever higher numbers."""
    if kind not in _NUMBERED:
        return None
    named = ((at, line, _NUMBERED[kind].search(line)) for at, line in _before(log, until))
    told = [(at, line, int(next(n for n in name.groups() if n))) for at, line, name in named if name]
    steps = [b - a for (*_, a), (*_, b) in pairwise(told) if a != b]
    if sum(step > 0 for step in steps) < max(_PARTS, _SORTED * len(steps)):
        return None
    new = [(at, line) for n, (at, line, number) in enumerate(told) if n == 0 or number > told[n - 1][2]]
    return _made(log, new, told[-1][2] - told[0][2]) if _goes_on([at for at, _ in new]) else None


def _before(log: Log, until: datetime) -> Iterator[tuple[datetime, str]]:
    near = zip(times_near(log.lines), log.lines, strict=True)
    return ((at, line) for at, line in near if at is not None and at < until)


def _goes_on(times: Sequence[datetime]) -> bool:
    """Tell whether each part of what is told took a while; a log that was read in two pieces has a gap amid it."""
    part = len(times) // _PARTS
    parts = (times[:part], times[part:-part], times[-part:]) if part > 1 else ()
    return bool(parts) and all(each[-1] - each[0] >= WHILE for each in parts)


def _made(log: Log, told: Sequence[tuple[datetime, str]], number: int) -> Made | None:
    (first, _), (last, line) = told[0], told[-1]
    enough = number >= MANY and (last - first) <= number * EACH
    return Made(log.pod, number, first, last, line) if enough else None
