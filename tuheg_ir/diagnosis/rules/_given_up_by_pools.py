"""Sessions that a database keeps for pods which have given them up: nobody told it.

While nothing passes between the two a pool takes its connections for broken and closes them; what closes them never
arrives. When all is well again the pool opens others, while the database has the former ones still, for hours. Until
then it counted as many sessions from a pod's address as the pool did; since then it counts more.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._dead_sessions import COUNTS, ROOM, Dead, Loss, by_address_of
from tuheg_ir.diagnosis.rules._sessions import Full, clients, figure, label_of, released_before
from tuheg_ir.diagnosis.rules._sleeping import NEARLY, WHILE, asleep_since
from tuheg_ir.diagnosis.rules._taken_since import Points
from tuheg_ir.diagnosis.view.figures import summed
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload
from tuheg_ir.named import NamedTuple

POOL = "pool_open"
SLACK = 0.1
"""So much of what a pool has may be counted a moment earlier or later by the other side."""
_LEAST = 3
"""So few sessions more may be those of a console, or of a program beside the pool."""
READINGS = 5
_APART_S = 60.0
"""Counts of both sides that are older than this against each other tell nothing."""
_HALF = 0.5
"""Share of a client's sessions that has to be of no use where its own limit, and not that of all, is reached."""


class _Gap(NamedTuple):
    """How many sessions of a pod the database has kept that its pool gave up, since when."""

    kept: int
    since: datetime


def given_up(view: View, each: Full) -> Dead | None:
    """Return the sessions that pools of one client gave up at one time, and without which there would be room."""
    by_address = counted_by_address(view, each.ref)
    for ref in clients(view, each.ref) if by_address else ():
        client = view.workloads.get(ref)
        if client is None or client.kind in BATCH or role(client):
            continue
        gaps = [gap for pod in client.live if (gap := _gap(view, pod, by_address)) is not None]
        kept = sum(gap.kept for gap in gaps)
        if not gaps or not _fill(each, client, kept, by_address):
            continue
        since = min(gap.since for gap in gaps)
        if not released_before(view, client, since) and _asleep(view, each.ref, client, kept, since):
            fact = (
                f"it keeps {kept} sessions of {client.name} that its pools gave up, and counted as many as they before"
            )
            return Dead(ref, kept, Loss("", since, away=False), Evidence("metrics", each.ref, fact, since))
    return None


def counted_by_address(view: View, ref: str) -> dict[str, Points]:
    """Return how many sessions from each address a database has counted, in the course of time."""
    label = label_of(view, COUNTS, ref)
    found: dict[str, list[Points]] = {}
    for series in view.figures.series(COUNTS, component=label) if label else ():
        found.setdefault(series.labels.get("address", ""), []).append(series.points)
    return {address: summed(counts) for address, counts in found.items() if address}


def _gap(view: View, pod: Pod, by_address: dict[str, Points]) -> _Gap | None:
    """Return how many sessions a database has kept for a pod since its pool gave them up all at once.

    They are more since then at all times, and were as many before. The pool has fallen then, and not the database
    risen: what a program opens beside its pool, or forgets, makes that rise.
    """
    pools = view.figures.series(POOL, pod=pod.name)
    counts = by_address.get(pod.address, ())
    if len(pools) != 1 or not counts or len(by_address_of(view)[pod.address]) != 1:  # a node's own network is shared
        return None
    both = tuple(both_counts(counts, pools[0].points))
    apart = [count - pool > max(_LEAST, SLACK * pool) for _, count, pool in both]
    first = len(apart) - next((n for n, far in enumerate(reversed(apart)) if not far), len(apart))
    since = both[first:]
    if first < READINGS or len(since) < READINGS or view.now.timestamp() - since[0][0] < WHILE.total_seconds():
        return None
    if view.now.timestamp() - since[-1][0] > WHILE.total_seconds() / 2 or any(apart[first - READINGS : first]):
        return None
    (_, had, pooled), (began, has, left) = both[first - 1], since[0]
    if has > had or left >= pooled:
        return None
    lately = view.now.timestamp() - WHILE.total_seconds()
    kept = min(count - pool for at, count, pool in since if at >= lately)
    return _Gap(int(kept), datetime.fromtimestamp(began, UTC))


def both_counts(counts: Points, pool: Points) -> Iterator[tuple[float, float, float]]:
    """Yield (time, sessions that a database counts, connections that the pool has) wherever both are counted."""
    times = [at for at, _ in counts]
    for at, open_then in pool:
        last = bisect_right(times, at) - 1
        if last >= 0 and at - times[last] <= _APART_S:
            yield at, counts[last][1], open_then


def _fill(each: Full, client: Workload, kept: int, by_address: dict[str, Points]) -> bool:
    """Tell whether there would be room without some sessions: among all, or among those that one client may have."""
    if each.used and each.usable:
        return each.used - kept <= ROOM * each.usable
    refused = {complaint.caller for complaint in each.refused}
    own = sum(by_address[pod.address][-1][1] for pod in client.live if pod.address in by_address)
    return refused == {client.ref} and kept >= _HALF * own


def _asleep(view: View, ref: str, client: Workload, kept: int, since: datetime) -> bool:
    """Tell whether sessions do nothing since a time: what a database works on for who gave up is another trouble."""
    asleep = asleep_since(view, ref, since)
    if asleep is not None:
        return asleep >= NEARLY * kept
    at_work, pools = figure(view, "db_sessions_at_work", ref), _pooled(view, client.live)
    return at_work is not None and at_work <= pools


def _pooled(view: View, pods: Sequence[Pod]) -> float:
    return sum(view.figures.now(POOL, pod=pod.name) or 0.0 for pod in pods)
