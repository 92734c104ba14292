"""Clients of a pooler whose sessions are kept apart from those that others wait for.

PgBouncer keeps a pool for each user of each database. Who comes as another user takes nothing of what is waited for,
however much it asks since its release, unless one limit is set for all of a database's sessions, or all of its clients
are let in as one user. As whom a client comes, and who waited for too long, the log of the pooler tells with addresses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Log
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._sessions import clients
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_COMES = late(r"\bC-0x[0-9a-f]{4,20}: (?P<pool>[\w.-]{1,80}/[\w.-]{1,80})@(?P<address>\d[\d.]{6,14}):\d")
"""As whom a client comes to which database, and from where, in the log of PgBouncer."""
_WAITED = "query_wait_timeout"
_SHARED = late(
    r"(?<![\w-])max[_-]?db[_-]?conn(?:ection)?s?\b[^\w\n]{0,6}[1-9]"
    r"|(?<![\w-])user\s{0,3}=\s{0,3}[\w'\"]"
    r"|^(?:DB|PG|PGBOUNCER|POSTGRES(?:QL)?)_?USER(?:NAME)?=.",
    re.IGNORECASE,
)
"""One limit for all sessions of a database, or one user as whom all of its clients go on."""


def kept_apart(view: View, pooler: Workload) -> frozenset[str]:
    """Return the clients that come by pools of a pooler in which nobody waits, while others wait in theirs."""
    logs = [log for log in view.logs_of(pooler.live, previous=False) if log.lines]
    if any(_SHARED.search(f"{key}={value}") for key, value in view.graph.settings(pooler)):
        return frozenset()
    came = {(address, pool, waited) for log in logs for address, pool, waited in _came(log)}
    waits = {pool for _, pool, waited in came if waited}
    if not waits:
        return frozenset()
    whose = {pod.address: workload.ref for workload, pod in view.pods() if pod.address}
    # Whoever calls those that wait may ask more of them.
    asking = set(behind(view, *(whose.get(address, "") for address, pool, _ in came if pool in waits)))
    known = (view.workloads[ref] for ref in clients(view, pooler.ref) if ref in view.workloads)
    return frozenset(w.ref for w in known if w.ref not in asking and _is_apart(w, logs, came, waits))


def _is_apart(client: Workload, logs: list[Log], came: set[tuple[str, str, bool]], waits: set[str]) -> bool:
    """Tell whether all that logs tell of a client's pods since its release is of other pools than those waited for."""
    addresses = {pod.address for pod in client.live}
    mine = {pool for address, pool, _ in came if address in addresses}
    at = client.released_at
    return bool(mine) and not mine & waits and at is not None and all(_reaches(log, at) for log in logs)


def _reaches(log: Log, at: datetime) -> bool:
    first = next(filter(None, map(stamp, log.lines)), None)
    return first is not None and first <= at


def _came(log: Log) -> Iterator[tuple[str, str, bool]]:
    """Yield from where somebody came, into which pool, and whether it waited there for too long."""
    for line in log.lines:
        if "C-0x" in line and (found := _COMES.search(line)):
            yield found["address"], found["pool"], _WAITED in line
