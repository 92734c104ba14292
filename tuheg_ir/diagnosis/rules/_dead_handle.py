"""Who says of its own connection that it is closed, again and again since a server's former process went.

A pool opens another one, and a program that asks for its connection each time gets a new one. What holds one for good,
a consumer or a loop beside the requests, is told by its driver at each step, for ever, that this one is closed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rules._holders import able
from tuheg_ir.diagnosis.view.complaints import OFTEN, kind_spoken_of
from tuheg_ir.diagnosis.view.logs import speaks_of, tells, times_around
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_CLOSED = late(
    r"\bconnection (?:is|already|(?:is|was|has been) already|has already been) closed\b|\bORA-17008\b"
    r"|\bthis connection has been closed\b|\bconn closed\b|\bunderlying connection is closed"
    r"|\bno operations allowed after connection closed"
    r"|\bnot queryable\b|\bcannot enqueue \w+ after|\bcan.t add new command when connection is in closed state"
    r"|\bInterfaceError\W{1,6}0, ''|\bMySQL Connection not available"
    r"|\brequires an open and available connection|\bConnection is not open\b|\bAlreadyClosedException"
    r"|\bConnectionWrongStateError|\bchannel/connection is not open|\bcan't get socket descriptor",
    re.IGNORECASE,
)
"""Drivers that know of a connection that it is closed, and are asked to use it: psycopg, asyncpg, JDBC of PostgreSQL,
MySQL and Oracle, pgx, those of MySQL for Node and Python, node-postgres, .NET, those of RabbitMQ, libpq of Ruby.
A MySQL that "has gone away" may go away again: it cuts what is too large, or silent for too long.
"""
_OTHERWISE = late(
    r"\bvalidat|\binvalidat|\bevict|\bdiscard|\breconnect|\bre-?open|\bremov(?:ed|ing) from|websocket|socket\.io"
    r"|https?:|\bhttp/\d|\bgrpc\b",
    re.IGNORECASE,
)
"""A pool that found a connection closed and opens another one, as it should; whose connection is none to a store."""
_SILENT = late(r"\bidle[ _-](?:session|time|in[ _-]transaction)|\binactivity\b|\bwait_timeout\b", re.IGNORECASE)
"""A connection was ended as it was silent: the next one will be as well."""
_FORBADE = late(
    r"\bcode=(?!320\b)\d{3}, text=|\b(?:ACCESS_REFUSED|NOT_ALLOWED|NOT_FOUND|PRECONDITION_FAILED|RESOURCE_LOCKED) - "
)
"""A broker closed it for what it was asked, as it closes the next one; 320 tells that it went away itself."""
_WORDS = (
    *("closed", "not queryable", "cannot enqueue", "interfaceerror", "not available", "is not open"),
    *("available connection", "ora-17008", "wrongstate", "socket descriptor"),
)
"""One of these is in a log that tells of it."""
_EARLY = timedelta(minutes=10)
"""A server is back so soon after its former process went."""
_SOON = timedelta(minutes=5)
"""Who works on and on meets it so soon."""


@dataclass(frozen=True, slots=True)
class Dead:
    """A connection that is closed and still used: since when, until when, how often, of what, and what shows it."""

    first: datetime
    last: datetime
    count: int
    kinds: frozenset[str]
    pod: str
    line: str

    def shown(self) -> Evidence:
        """Return how its driver tells of it."""
        fact = f"it uses a connection that is closed ({self.count} lines): {self.line}"
        return Evidence("logs", f"Pod/{self.pod}", fact, self.first)

    def came_with(self, started: datetime) -> bool:
        """Tell whether the connection was lost as a server's former process went."""
        return started - _EARLY <= self.first <= started + _SOON


@once
def dead(view: View, client: Workload) -> tuple[Dead, ...]:
    """Return what the logs of a workload's live pods tell of connections that are closed and still used."""
    logs = view.logs_of(client.live, previous=False)
    return tuple(found for log in logs if speaks_of(log, _WORDS) if (found := _dead(log)) is not None)


def _dead(log: Log) -> Dead | None:
    closed = [n for n, line in enumerate(log.lines) if _CLOSED.search(line) and not _OTHERWISE.search(line)]
    if len(closed) < OFTEN:
        return None
    upto, _ = times_around(log.lines)
    lost = [*_ended(log.lines, upto, closed[0]), *closed]
    first, last = (upto[n] for n in (lost[0], closed[-1]))
    if first is None or last is None or lost[0] == closed[0] == 0:  # it may always have been closed
        return None
    if any(_SILENT.search(log.lines[n]) or _FORBADE.search(log.lines[n]) for n in lost):
        return None
    kinds = frozenset(kind for n in lost if (kind := kind_spoken_of(log.lines[n])))
    return Dead(first, last, len(closed), kinds, log.pod, log.lines[closed[-1]].strip())


def _ended(lines: Sequence[str], upto: Sequence[datetime | None], closed: int) -> list[int]:
    """Return the lines that tell, just before a connection is closed, that one was ended: whose that is they may say.

    What was lost long before was another one.
    """
    until = upto[closed]
    near = ((n, at) for n, at in enumerate(upto[:closed]) if at is not None and until is not None)
    return [n for n, at in near if until is not None and until - at <= _SOON and tells("connection_reset", lines[n])]


def may_be_of(view: View, found: Dead, client: Workload, server: Workload) -> bool:
    """Tell whether a connection that is closed may be one to a server: of its kind, and its client can lead there."""
    kind = "database" if role(server) == "pooler" else role(server)
    used = server.ref in view.graph.calls.get(client.ref, ()) or client.ref in able(view, server.ref)
    return found.kinds == {kind} and used
