"""Whether a program leaves transactions open, each with a connection of its pools, though no release brought it.

Something that it is asked at times takes another way than before: one that never comes back to its transaction. Who
waits for somebody else keeps his own users waiting from the first moment on. What is left open keeps nobody: each of
those who began it has his answer, and all is well until the pools are empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._holders import measured_holders
from tuheg_ir.diagnosis.rules._left_in_transactions import Left, rise_of, rises_long
from tuheg_ir.diagnosis.rules._left_lying import LEAST, LONG
from tuheg_ir.diagnosis.rules._pools import READINGS, SAME, kept_waiting
from tuheg_ir.diagnosis.rules._sessions import label_of, released_before
from tuheg_ir.diagnosis.rules._taken_since import Points
from tuheg_ir.diagnosis.view.complaints import STILL, complaints
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.trouble import MINUTE, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_STATES, _AGES, _OPEN = "db_connections_by_state", "db_transaction_age_by_state", "idle in transaction"
_STANDS = timedelta(minutes=10)
"""Pools that are empty for so long, and get nothing back meanwhile, have lost what is gone."""
_NONE_BACK = 1.0
"""So many connections less than it has is a pool taken at a moment where one of them just serves somebody."""


def left_unfelt(view: View, workload: Workload) -> Left | None:
    """Return that each pod's pool lost its connections one by one to transactions that idle, which nobody felt before.

    None where a release, more to do, a lock or somebody who is slow or ill may keep them, or nobody counts each pool.
    """
    pools = _pools(view, workload)
    rises = [rise_of(points) for points in pools]
    if not pools or not all(rises_long(rise, times=2.0) for rise in rises):
        return None
    if not all(_stands(view, points, rise) for points, rise in zip(pools, rises, strict=True)):
        return None
    began, full = (datetime.fromtimestamp(min(rise[at][0] for rise in rises), UTC) for at in (0, -1))
    if _released(view, workload, began) or complaints(view, "lock_wait") or kept_waiting(view, workload, full):
        return None
    if _felt(view, workload, full):
        return None
    taken = sum(points[-1][1] for points in pools)
    stores = (each.ref for each in view.called(workload.ref) if role(each) == "database")
    found = (_left(view, workload, each, taken, began) for each in stores)
    return next((left for left in found if left), None)


def _pools(view: View, workload: Workload) -> list[Points]:
    """Return what the pool of each pod counts; [] where one of them is not counted."""
    pods = {pod.name for pod in workload.live}
    counts = {
        s.labels.get("pod", ""): s.points for s in view.figures.series("pool_in_use") if len(s.points) >= READINGS
    }
    mine: list[Points] = [points for pod, points in counts.items() if pod in pods]
    return mine if mine and len(mine) == len(pods) else []


def _stands(view: View, points: Points, rise: Points) -> bool:
    """Tell whether a pool has had nearly nothing left since it was full, until now, and for long."""
    since = [value for at, value in points if at >= rise[-1][0]]
    lasts = timedelta(seconds=points[-1][0] - rise[-1][0])
    told = view.now.timestamp() - points[-1][0] <= STILL.total_seconds()
    return told and lasts >= _STANDS and min(since) >= rise[-1][1] - _NONE_BACK and points[-1][1] > rise[0][1]


def _released(view: View, workload: Workload, began: datetime) -> bool:
    """Tell whether a release may have brought it, or came amid it: then it is not the same program that lost them."""
    at = workload.released_at
    return released_before(view, workload, began) or (at is not None and at > began - MINUTE)


def _felt(view: View, workload: Workload, full: datetime) -> bool:
    """Tell whether a program, who asks it or whom it asks was ill before its pools were full, or nobody knows when."""
    asked = (each.ref for each in view.called(workload.ref) if role(each) != "database")
    ill = (since for ref in (workload.ref, *asked) for _, since in troubles(view, ref))
    given_up = (c.hit.first for c in complaints(view, "connection_timeout") if c.about == workload.ref)
    return any(since is None or since < full - MINUTE for since in (*ill, *given_up))


def _left(view: View, workload: Workload, database: str, taken: float, began: datetime) -> Left | None:
    """Return that as many sessions of a database idle in transactions as pools have lost, and few did before."""
    label = label_of(view, _STATES, database)
    left = (view.figures.now(_STATES, component=label, state=_OPEN) or 0.0) if label else 0.0
    was = (view.figures.before(_STATES, began, component=label, state=_OPEN) or 0.0) if label else 0.0
    if left < LEAST or not SAME * taken <= left <= taken / SAME or 2 * was > left:
        return None
    if not _old(view, workload, database) or _of_another(view, workload, database, left):
        return None
    told = f"{left:.0f} of its sessions idle in transactions, {was:.0f} before"
    fact = f"{told}: as many as the pools of {workload.name} lost"
    return Left(database, Evidence("metrics", database, fact, began), began)


def _old(view: View, workload: Workload, database: str) -> bool:
    """Tell whether the oldest transaction that idles was begun long ago: else each of them may come to an end.

    A pool that is full of short ones counts as one that lost all: nobody knows unless somebody tells an age.
    """
    label = label_of(view, _AGES, database)
    age = view.figures.now(_AGES, component=label, state=_OPEN) if label else None
    ages = [each.oldest_s for each in measured_holders(view, database) if each.ref == workload.ref]
    return (max(ages, default=0.0) if age is None else age) >= LONG.total_seconds()


def _of_another(view: View, workload: Workload, database: str, left: float) -> bool:
    """Tell whether a database counts by client who idles in transactions, and most of those are somebody else's."""
    known = [each for each in measured_holders(view, database) if each.of_state(_OPEN)]
    mine: Sequence[int] = [each.of_state(_OPEN) for each in known if each.ref == workload.ref]
    return bool(known) and sum(mine) < SAME * left
