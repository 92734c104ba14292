"""Sessions that a program opened beside its pool, or lost, and that a database keeps asleep for it.

A pool knows what it has. Where a database counted as many sessions from a pod as its pool did, and counts many times as
many by now, the others are nobody's: they were opened again and again by what redials, and closed by none. Had all of
them work to do they would not sleep.
"""

from __future__ import annotations

from datetime import UTC, datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._dead_sessions import ROOM
from tuheg_ir.diagnosis.rules._given_up_by_pools import POOL, READINGS, SLACK, both_counts, counted_by_address
from tuheg_ir.diagnosis.rules._holders import Holder
from tuheg_ir.diagnosis.rules._sessions import Full, figure, released_before
from tuheg_ir.diagnosis.rules._sleeping import NEARLY, WHILE, asleep_since
from tuheg_ir.diagnosis.rules._taken_since import Points
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.named import NamedTuple

HALF = 0.5
"""Share of the lost sessions whose sleep the sum of all has to show."""
TIMES = 3.0
"""So many times what its pool has are not the few that a program opens beside it for its own ends."""


class _Beside(NamedTuple):
    """How many sessions of a pod its pool does not know, since when there are any, and since when so many."""

    lost: int
    began: datetime
    full: datetime


def beside_its_pool(view: View, each: Full, holder: Holder) -> tuple[Evidence, ...]:
    """Return that a client's pods have many sessions that none of their pools knows, all asleep since they are so many.

    Without them there would be room. A release of it would open them again.
    """
    client = view.workloads[holder.ref]
    if released_before(view, client, each.since) or not (each.used and each.usable):
        return ()
    by_address = counted_by_address(view, each.ref)
    of_pods = (_beside(view, pod, by_address.get(pod.address, ())) for pod in client.live)
    found = [beside for beside in of_pods if beside is not None]
    lost = sum(beside.lost for beside in found)
    if not found or each.used - lost > ROOM * each.usable:
        return ()
    if not _asleep(view, each.ref, lost, min(beside.began for beside in found)):
        return ()
    began = min(beside.began for beside in found)
    fact = f"it has {lost} sessions of {holder.name} more than its pools know, all asleep; at first it had none more"
    return (Evidence("metrics", each.ref, fact, began),)


def _asleep(view: View, ref: str, lost: int, since: datetime) -> bool:
    """Tell whether so many sessions do nothing: hardly any of all is at work, and by the sum of their sleep few wake.

    Those of others begin their sleep anew again and again, which takes away of that sum.
    """
    at_work, asleep = figure(view, "db_sessions_at_work", ref), asleep_since(view, ref, since)
    return at_work is not None and at_work <= (1 - NEARLY) * lost and asleep is not None and asleep >= HALF * lost


def _beside(view: View, pod: Pod, counts: Points) -> _Beside | None:
    """Return how many sessions of a pod its pool does not know; none before that, and none given back since."""
    pools = view.figures.series(POOL, pod=pod.name)
    if len(pools) != 1 or not counts or pod.on_host_network:
        return None
    both = tuple(both_counts(counts, pools[0].points))
    apart = [count - pool for _, count, pool in both]
    if len(both) < 2 * READINGS or any(_is_apart(each) for each in both[:READINGS]):
        return None
    lost = min(apart[-READINGS:])
    if lost < TIMES * max(1.0, both[-1][2]):
        return None
    began = next(n for n, each in enumerate(both) if _is_apart(each))
    full = next(n for n, far in enumerate(apart) if far >= NEARLY * lost)
    if view.now.timestamp() - both[full][0] < WHILE.total_seconds() or min(apart[full:]) < NEARLY * lost:
        return None
    return _Beside(int(lost), datetime.fromtimestamp(both[began][0], UTC), datetime.fromtimestamp(both[full][0], UTC))


def _is_apart(counted: tuple[float, float, float]) -> bool:
    _, count, pool = counted
    return count - pool > max(1.0, SLACK * pool)
