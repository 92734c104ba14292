"""Who opens one session after another and closes none, as a database's own log tells where nobody counts them.

A log that tells of ends as well as of beginnings tells what is open. A pool opens what it needs as it starts, or closes
some while it opens others; a program that opens them for long, and closes hardly any, has lost them.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rules._database_log import ENDS, facts, opened_in
from tuheg_ir.diagnosis.rules._holders import held_by, owners_told
from tuheg_ir.diagnosis.rules._makes_clients import makes_clients
from tuheg_ir.diagnosis.rules._pools import BUSY_TOO, EVEN, kept_waiting
from tuheg_ir.diagnosis.rules._raised_pool import raised
from tuheg_ir.diagnosis.rules._sessions import Full, clients, released_before
from tuheg_ir.diagnosis.rules.session_limit_lowered import limit_of
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import complaints
from tuheg_ir.diagnosis.view.growth import grown
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import works_otherwise
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload

_CLOSED = late(r"\b(?:disconnect(?:ed|ing)|clos(?:ed|ing)|quit|end(?:ed)?)\b", re.IGNORECASE)
"""How a program tells that it gives back a connection to what it names."""
LEAST = 10
"""Fewer sessions than this are those of any pool."""
SHARE = 0.3
"""Share of all sessions that one client has to have opened and kept while the log was written."""
USUAL = 100
"""So many sessions a database allows where nobody has set how many."""
MOSTLY = 2 / 3
"""Share of what the log tells to be open: what the others have opened meanwhile stays as well, for a while."""
LONG = timedelta(minutes=15)
"""A pool that starts, or a rush, has opened what it wants sooner."""
AS_IT_CAME = timedelta(minutes=2)
"""Clocks, and what a roll-out takes, are no more apart."""


def kept_by_log(view: View, each: Full) -> list[tuple[Workload, tuple[Evidence, ...]]]:
    """Return the one client that opened many sessions of a full database by and by and closed hardly any of them.

    Not for a larger pool, for more replicas or for what keeps it waiting, nor where a release of it came amid that.
    """
    server, limit = view.workloads.get(each.ref), limit_of(view, each)
    if server is None or any(holder.ref for holder in held_by(view, each)):
        return []
    for log in view.logs_of(server.live, previous=False):
        found = _mostly(view, each, log) if any(ENDS in line for line in log.lines) else None
        client = view.workloads.get(found[0]) if found else None
        if (
            found is None
            or client is None
            or client.kind in (*BATCH, "Pod")
            or len(found[1]) < SHARE * (limit or USUAL)
        ):
            continue
        first, last = found[1][0], found[1][-1]
        if not _by_and_by(found[1]) or _for_a_reason(view, each, client, first):
            continue
        many = f"{len(found[1])} of {limit}" if limit else f"{len(found[1])}"
        fact = f"{client.name} opened {many} sessions from {first:%H:%M} to {last:%H:%M}, and closed hardly any"
        return [(client, (Evidence("logs", each.ref, fact, first),))]
    return []


def made_by_log(view: View, each: Full) -> list[tuple[Workload, tuple[Evidence, ...]]]:
    """Return the one client whose log makes clients of a full store all the time since its release, and closes none.

    Its store counts them as connections; who closes each after its work, as some programs do, tells of that as well.
    """
    server = view.workloads.get(each.ref)
    if server is None or each.since is None or any(holder.ref for holder in held_by(view, each)):
        return []
    asking = [view.workloads[ref] for ref in clients(view, each.ref) if ref in view.workloads]
    making = [(client, made) for client in asking if (made := makes_clients(view, client, server, each.since))]
    if len(making) != 1:
        return []
    client, made = making[0]
    if (
        client.kind in (*BATCH, "Pod")
        or not works_otherwise(client)
        or client.returned
        or _closes(view, client, server)
    ):
        return []
    if not released_before(view, client, each.since) or _for_a_reason(view, each, client, made.first):
        return []
    return [(client, (made.shown(),))]


def _closes(view: View, client: Workload, server: Workload) -> bool:
    """Tell whether a client's log tells that it closes connections to a store, or to one of its kind."""
    names = (server.name.lower(), "redis", "valkey")
    lines = (line for log in view.logs_of(client.live, previous=False) for line in log.lines)
    return any(_CLOSED.search(line) and any(name in line.lower() for name in names) for line in lines)


def _mostly(view: View, each: Full, log: Log) -> tuple[str, list[datetime]] | None:
    """Return who has most of the sessions that a log tells to be open, and when he opened them."""
    opened: dict[str, list[datetime]] = {}
    for told in opened_in(log.lines):
        whom, at = facts(iter(told)), stamp(told[0][0])
        for user in whom["user"]:
            if at is not None and user.strip("[]") != "unknown":
                opened.setdefault(f"{user} {_named(view, whom)}", []).append(at)
    if not opened:
        return None
    key, times = max(opened.items(), key=lambda item: len(item[1]))
    user, _, ref = key.partition(" ")
    closed = sum(user in facts(iter([(line, "")]))["user"] for line in log.lines if ENDS in line)
    if len(times) < max(LEAST, MOSTLY * sum(map(len, opened.values()))) or closed > BUSY_TOO * len(times):
        return None
    users = Counter(key.partition(" ")[0] for key in opened)
    owner = ref or owners_told(view, each.ref, [{"user": name} for name in (user, *users)])[0]
    return owner, sorted(times)


def _named(view: View, whom: dict[str, set[str]]) -> str:
    """Return the workload that a session's address or program name means; "" where they name none, or several."""
    refs = {view.component(each) for each in (*whom["host"], *whom["app"])} & set(view.workloads)
    return refs.pop() if len(refs) == 1 else ""


def _by_and_by(times: list[datetime]) -> bool:
    """Tell whether sessions were opened for long, as many early as late."""
    took, half = times[-1] - times[0], times[len(times) // 2] - times[0]
    return took >= LONG and EVEN * took <= half <= (1 - EVEN) * took


def _for_a_reason(view: View, each: Full, client: Workload, first: datetime) -> bool:
    """Tell whether a client may want as many sessions, or began to open them before it was released."""
    if raised(client) or grown(view, client) is not None or kept_waiting(view, client, each.since):
        return True
    locks = [c.hit.first for c in complaints(view, "lock_wait") if {client.ref, each.ref} & {c.caller, c.about}]
    if locks and (each.since is None or (began := oldest(locks)) is None or began <= each.since):
        return True
    came = client.released_at
    return released_before(view, client, each.since) and came is not None and first < came - AS_IT_CAME
