"""Which client of a pooler empties sessions of statements that the pooler has prepared in them for others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rules._database_users import client_of_user
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import items, oldest, text
from tuheg_ir.diagnosis.view.releases import since_release, template_before
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_OF_POOLER = late(r"\bPGBOUNCER_\d+\b")
"""How a PgBouncer calls the statements that it prepares itself, to find them again in whichever session."""
_EMPTIES = late(
    r"\b(?:LOG|DEBUG|INFO): .{0,60}\b(?:statement|(?:parse|bind|execute) \S{1,64}): DEALLOCATE (?:PREPARE )?ALL\b",
    re.IGNORECASE,
)
"""How a database tells of a client that lets go of all statements of a session, whose ever they are."""
_SWITCH = late(r"[?&]pgbouncer=true\b")
"""What has Prisma empty each session before it prepares anything: it was for poolers that know no statements."""
_WORD = late(r"[\w.-]+")
_USER_AT = late(r"(?<![\w.-])(?:([\w.-]+)@[\w.-]+|(?:user|usr)=([\w.-]*)|(?:db|database)=[\w.-]*)")
"""How a prefix tells of a user and a database: `%u@%d`, `user=%u,db=%d`."""
_SEVERITY = late(r"\b(?:LOG|DEBUG|INFO): ")
OFTEN = 3
"""Who empties a session less often may be a person."""


class Wiped(NamedTuple):
    """The client that empties sessions; ``seen``: how one sees it; ``switch``: a release told it to, in so many words.

    ``released``: that came with its release.
    """

    by: Workload
    seen: tuple[Evidence, ...]
    switch: bool
    released: bool


def wiped(view: View, pooler: Workload, clients: Sequence[str], lost: Sequence[Hit]) -> Wiped | None:
    """Return the one client that empties sessions of a pooler's own statements, if clients miss such ones."""
    if not any(_OF_POOLER.search(hit.line) for hit in lost):
        return None
    began = oldest(hit.first for hit in lost)
    able = [workload for ref in clients if (workload := view.workloads.get(ref)) is not None]
    told = _told(view, pooler, able)
    if len(told) > 1:
        return None
    for client, found in told.items():
        by = view.workloads[client]
        seen = Evidence("logs", found.database, f"{by.ref} empties its sessions: {found.line}", found.first)
        released = since_release(by, found.first) and _heard_before(found, by)
        return Wiped(by, (seen,), _switched(by), released)
    switched = [each for each in able if _switched(each) and since_release(each, began)]
    if len(switched) != 1:
        return None
    by = switched[0]
    return Wiped(by, (Evidence("objects", by.ref, "released: pgbouncer=true", by.released_at),), True, True)


class _Emptied(NamedTuple):
    database: str
    line: str
    first: datetime | None
    heard: datetime | None


def _told(view: View, pooler: Workload, clients: Sequence[Workload]) -> dict[str, _Emptied]:
    """Return the clients that a database behind a pooler names as those that empty its sessions again and again."""
    called = [each for each in of_role(view.workloads, "database") if each.ref in view.graph.calls.get(pooler.ref, ())]
    found: dict[str, _Emptied] = {}
    counts: Counter[str] = Counter()
    for database in called or of_role(view.workloads, "database"):
        for log in view.logs_of(database.live, previous=False):
            for at, client, line in _emptied(view, database.ref, log, clients):
                counts[client] += 1
                known = found.get(client)
                if known is None or (at is not None and known.first is not None and at < known.first):
                    heard = oldest(map(stamp, log.lines[:5]))
                    found[client] = _Emptied(database.ref, line[:200], at, heard)
    return {client: each for client, each in found.items() if counts[client] >= OFTEN}


def _emptied(view: View, ref: str, log: Log, clients: Sequence[Workload]) -> Iterator[tuple[datetime | None, str, str]]:
    """Yield when which client emptied a session, with the line: what stands before its message tells whom it serves."""
    names = {each.name: each.ref for each in clients}
    of_user: dict[str, str] = {}
    for line in log.lines:
        if "DEALLOCATE" in line.upper() and _EMPTIES.search(line):
            severity = _SEVERITY.search(line)
            prefix = line[: severity.start()] if severity else ""
            # A user and its database may be called like another client: the program tells more.
            named = {names[word] for word in _WORD.findall(_USER_AT.sub(" ", prefix)) if word in names}
            users = {user for found in _USER_AT.findall(prefix) for user in found if user}
            if not named and len(users) == 1:
                user = users.pop()
                if user not in of_user:
                    of_user[user] = client_of_user(view, ref, clients, user)
                named = {of_user[user]} - {""}
            if len(named) == 1:
                yield stamp(line), named.pop(), line


def _heard_before(found: _Emptied, by: Workload) -> bool:
    """Tell whether the log that tells of it reaches back before the client's release, and first tells of it since."""
    return found.heard is not None and by.released_at is not None and found.heard < by.released_at


def _switched(workload: Workload) -> bool:
    """Tell whether the newest release of a client told it to empty sessions."""
    before = template_before(workload)
    return bool(before) and _has_switch(workload.template) and not _has_switch(before)


def _has_switch(template: object) -> bool:
    containers = items(template, "spec", "containers") if isinstance(template, dict) else ()
    return any(_SWITCH.search(text(entry, "value")) for each in containers for entry in items(each, "env"))
