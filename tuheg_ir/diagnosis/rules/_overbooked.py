"""Pools that a release made so large that all clients together may want more sessions than a database has.

Where nobody counts sessions by client, templates tell it: how large each pool may become, how many pods have one, and
how many sessions there are. What had room before the release and has none since is laid to it, though it may take
hours until the pools are that full, and though others are released meanwhile whose pools stay as small as they were.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._database_log import sessions_open
from tuheg_ir.diagnosis.rules._holders import held_by
from tuheg_ir.diagnosis.rules._pools import LARGE
from tuheg_ir.diagnosis.rules._raised_pool import pool_of, raised, sizes
from tuheg_ir.diagnosis.rules._sessions import Full, clients, released_before
from tuheg_ir.diagnosis.rules.session_limit_lowered import limit_of
from tuheg_ir.diagnosis.view.complaints import complaints
from tuheg_ir.diagnosis.view.releases import works_otherwise
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload

MOST = 0.5
"""Share of all sessions that the pools of one client have to be able to take: the others do not fill a database."""


def overbooked(view: View, each: Full) -> tuple[Workload, Evidence] | None:
    """Return the one client whose release raised what all pools may take past what a database has, and what shows it.

    Not where it is counted who has the sessions, where locks keep them, where another program opened many by the
    database's own log, or where another release came of a client that may take any number.
    """
    limit = limit_of(view, each)
    if not limit or any(holder.ref for holder in held_by(view, each)):
        return None
    known = [view.workloads[ref] for ref in clients(view, each.ref) if ref in view.workloads]
    found = [client for client in known if raised(client) and sizes(client)]
    if len(found) != 1 or found[0].returned or not released_before(view, found[0], each.since):
        return None
    client, others = found[0], [other for other in known if other is not found[0]]
    booked = _booked(view, client, others)
    if booked is None or _locked(view, each) or not _alone(view, each, others, limit):
        return None
    before, now, rest = booked
    if now < MOST * limit or before + rest > limit or now + rest <= limit:
        return None
    beside = f"those of the others {rest}" if rest else "others have theirs"
    fact = f"the pools of {client.name} may take {now} sessions now, {before} before, {beside}; there are {limit}"
    return client, Evidence("objects", each.ref, fact)


def _booked(view: View, client: Workload, others: Sequence[Workload]) -> tuple[int, int, int] | None:
    """Return how many sessions the pools of a client could take before its release, and may now, and the others'."""
    found, pods = sizes(client), len(client.live)
    if found is None or not pods:
        return None
    rest = sum((pool_of(view, other) or 1) * len(other.live) for other in others if other.kind not in BATCH)
    return found[0] * pods, found[1] * pods, rest


def _alone(view: View, each: Full, others: Sequence[Workload], limit: int) -> bool:
    """Tell whether nobody else may have filled a database: by a release of his own, or as its log tells who came."""
    for other in others:
        pool = pool_of(view, other)
        small = pool is not None and pool * len(other.live) < LARGE * limit
        if works_otherwise(other) and released_before(view, other, each.since) and not small:
            return False
    refs = {other.ref for other in others}
    return all(count < LARGE * limit for ref, count in _opened(view, each) if ref in refs or ref == "")


def _opened(view: View, each: Full) -> Iterator[tuple[str, int]]:
    for owners in sessions_open(view, each.ref).values():
        yield from owners.items()


def _locked(view: View, each: Full) -> bool:
    """Tell whether somebody waited for a lock before a database was full: who waits keeps what he has."""
    told = (c.hit.first for c in complaints(view, "lock_wait") if each.ref in (c.about, c.caller))
    return any(first is None or each.since is None or first <= each.since for first in told)
