"""A program opened sessions that its pool does not know, and a full database keeps them asleep.

Not what the pool has itself, nor what works or wakes, nor the few that a program always has beside its pool.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import CART, OLD, errors
from tests.diagnosis.rules.test_sessions_leaked__lying_asleep import FEED, FULL, TO_STORE, course
from tests.diagnosis.rules.tiny import figure, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

OPENED = (*[4] * 14, 20, 40, 60, 80, *[84] * 23)
"""How many of a pod the database counted in the last hour: as many as its pool has, and far more since half of it."""
HAS = (4,) * 41


def asleep(each: float, since: int = 18) -> list[float]:
    """Return for how long all sleep together, of which so many never wake since then."""
    return [900 + each * 90 * max(0, n - since) for n in range(41)]


def world(
    *,
    opened: Sequence[float] = OPENED,
    pool: Sequence[float] | None = HAS,
    sleeps: Sequence[float] | None = None,
    at_work: float = 6,
    others: float = 30,
    most: float = 200,
    **feed: Any,
) -> Snapshot:
    """Return a feed of two pods, what its pools have and the database counts of each, and a cart that is refused."""
    objects = workload("feed", **{"env": TO_STORE, "pods": 2, "started": 90_000, "service": False, **feed})
    told = []
    for each in pods_of(objects):
        name, address = each["metadata"]["name"], each["status"]["podIP"]
        told.append(course("db_sessions_by_address", *opened, component="mysql", address=address))
        told.append(course("db_connections_by_client", *opened, component="mysql", client=address))
        told += [] if pool is None else [course("pool_open", *pool, pod=name)]
    return snapshot(
        workload("cart", env=TO_STORE),
        objects,
        workload("mysql", "mysql:8.0", kind="StatefulSet", pods=1, port=3306),
        logs=[log(pod("cart"), *[FULL] * 9, since=1300)],
        figures=[
            *told,
            course("db_connections", *(min(most, 2 * each + others) for each in opened), component="mysql"),
            figure("db_max_connections", most, most, component="mysql"),
            figure("db_sessions_at_work", at_work, at_work, component="mysql"),
            course("db_idle_seconds", *(sleeps or asleep(160)), component="mysql"),
            errors("cart", 0.4, 1300),
        ],
    )


HOLDS = [
    Holds(
        f"a feed's sessions became far more than its pools have, and sleep{what}",
        seen,
        (FEED, "database_connection", "restart_connection_pool"),
        excludes=(*no("scale_workload", at=FEED), *no("restart_workload", "rollback_workload", at=CART)),
        harmful=("scale_database", "rollback_workload", "scale_workload"),
    )
    for what, seen in (
        ("", world()),
        (", as half of all that sleep show, for others wake again and again", world(sleeps=asleep(90))),
        (", all at once", world(opened=(*[4] * 18, *[84] * 23))),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(
        f"a feed has most of the sessions, and {what}",
        seen,
        harmful=("restart_connection_pool", "restart_workload", "rollback_workload"),
    )
    for what, seen in (
        ("its pools know them", world(pool=OPENED)),
        ("nobody tells what its pools have", world(pool=None)),
        ("always had more than its pools", world(opened=(*[30] * 14, 60, *[84] * 26))),
        ("many are at work", world(at_work=60)),
        ("few of them sleep on", world(sleeps=asleep(20))),
        ("they came a few minutes ago", world(opened=(*[4] * 37, *[84] * 4))),
        ("it gave some of them back since", world(opened=(*[4] * 14, *[84] * 13, *[60] * 14))),
        ("it was released before", world(before=OLD, released=3000, started=3000)),
    )
]
