"""A node is short of disk, memory or processes and evicts pods: no fault of their templates."""

from __future__ import annotations

from tests.diagnosis.rules.cases import HEALTHY, DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import evicted, node, pods_of
from tests.diagnosis.rules.scenes import SHOP, WELL, shop
from tests.diagnosis.rules.tiny import DAY, Obj, snapshot
from tests.diagnosis.worlds import NODES

DISK = "The node was low on resource: ephemeral-storage."


def evictions(message: str, count: int, age: float = 600) -> list[Obj]:
    """Return a shop of which a node evicted pods."""
    objects = shop()
    return [*objects, *(evicted(f"shop-gone{n}", pods_of(objects)[0], "n2", message, age) for n in range(count))]


HOLDS = [
    Holds(
        "it says so, and evicts",
        snapshot(evictions(DISK, 2), node("n1"), node("n2", DiskPressure="True")),
        ("Node/n2", "resource_exhaustion", "page_human"),
        excludes=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "it evicted a short while ago",
        snapshot(evictions(DISK, 1), NODES),
        ("Node/n2", "resource_exhaustion", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "it evicted a day ago",
        snapshot(evictions("The node was low on resource: memory.", 1, age=DAY), NODES, figures=[WELL]),
        HEALTHY,
    ),
    DoesNotHold(
        "the pod wrote more than it may",
        snapshot(evictions("Pod ephemeral local storage usage exceeds the total limit", 1), NODES),
        (SHOP, "resource_exhaustion", "page_human"),
    ),
]
