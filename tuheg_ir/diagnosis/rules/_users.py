"""Whose release a trouble of a shared store began with: its own, or that of one of its users."""

from __future__ import annotations

from datetime import datetime

from tuheg_ir.diagnosis.rules._sessions import clients
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.releases import SOON, since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

MORE = 1.6
"""Traffic to a user that grew so much in the same hour may be the reason as well."""


def released_user(view: View, store: Workload, began: datetime | None) -> Workload | None:
    """Return the one user of a store with whose release a trouble of the store began.

    None where there are several, where the store was released or started anew as well, or users get more requests.
    """
    users = [w for ref in clients(view, store.ref) if (w := view.workloads.get(ref))]
    released = [user for user in users if since_release(user, began)]
    if len(released) != 1 or since_release(store, began) or not as_before(store, began):
        return None
    return None if any((traffic_growth(view, user.ref) or 1.0) >= MORE for user in users) else released[0]


def as_before(store: Workload, began: datetime | None) -> bool:
    """Tell whether all pods of a store run since long before a trouble of it."""
    starts = [c.started_at for pod in store.live for c in pod.containers]
    whole = store.ready >= store.wanted
    return whole and began is not None and all(at is None or began - at > SOON for at in starts)
