"""Memory runs out since a release: its code keeps what it gets, or a setting asks for more."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import HOUR
from tests.diagnosis.rules.scenes import IMAGE, MORE, ROOM, SHOP, killed, rate, rising, shop
from tests.diagnosis.rules.tiny import DAY, pod, snapshot

HOLDS = [
    Holds(
        "new code that keeps what it gets",
        snapshot(killed(shop(before=IMAGE, released=2 * HOUR)), figures=[rising(pod("shop", 1), 0.3, 0.95)]),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    Holds(
        "a cache that a setting made larger",
        snapshot(
            killed(shop(before={"env": {"CACHE_MB": "100"}}, env={"CACHE_MB": "4000"}, released=HOUR)),
        ),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the release cut the limit",
        snapshot(killed(shop(before=MORE, released=1200, **ROOM))),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    DoesNotHold(
        "the release is weeks old",
        snapshot(
            killed(shop(before=IMAGE, released=20 * DAY)),
            figures=[rising(pod("shop", 1), 0.6, 0.95), rate("shop", 20, 20)],
        ),
        (SHOP, "resource_exhaustion", "restart_workload"),
    ),
]
