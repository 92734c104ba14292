"""Memory that follows the traffic is shared by more replicas."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, SHOP, autoscaler, killed, rate, rising, shop
from tests.diagnosis.rules.tiny import DAY, pod, snapshot

MORE_TRAFFIC = rate("shop", 20, 60, 1500)

HOLDS = [
    Holds(
        "traffic has grown",
        snapshot(killed(shop(before=IMAGE, released=20 * DAY), 2), figures=[MORE_TRAFFIC]),
        (SHOP, "capacity", "scale_workload"),
    ),
    Holds(
        "traffic has grown, and the autoscaler may make no more",
        snapshot(killed(shop(before=IMAGE, released=20 * DAY), 2), autoscaler("shop", 2, 2), figures=[MORE_TRAFFIC]),
        (SHOP, "capacity", "page_human"),
        excludes=no("scale_workload", at=SHOP),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "traffic is as before",
        snapshot(
            killed(shop(before=IMAGE, released=20 * DAY)),
            figures=[rising(pod("shop", 1), 0.6, 0.95), rate("shop", 20, 20)],
        ),
        (SHOP, "resource_exhaustion", "restart_workload"),
    ),
    DoesNotHold("nobody is short of memory", snapshot(shop(), figures=[MORE_TRAFFIC])),
]
