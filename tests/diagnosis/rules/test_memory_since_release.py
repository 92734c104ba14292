"""Memory runs out since a release: its code keeps what it gets, or a setting asks for more."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import HOUR
from tests.diagnosis.rules.scenes import IMAGE, MORE, ROOM, SHOP, killed, rate, rising, shop
from tests.diagnosis.rules.tiny import DAY, Obj, pod, snapshot


def scratch(before: dict[str, str], now: dict[str, str], *, called: str = "scratch") -> list[Obj]:
    """Return a shop whose containers are killed since the emptyDir of its scratch files is another one.

    ``called``: the name that it had before.
    """
    objects = killed(shop(before={}, released=HOUR), 2)
    for each in objects:
        older = each["kind"] == "ReplicaSet" and each["metadata"]["name"].endswith("-r1")
        body = each["spec"].get("template", each)["spec"]
        name, held = (called, before) if older else ("scratch", now)
        body["volumes"] = [{"name": name, "emptyDir": held}]
    return objects


HOLDS = [
    Holds(
        "scratch files that went from the disk into memory",
        snapshot(scratch({}, {"medium": "Memory"})),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "more room for scratch files in memory",
        snapshot(scratch({"medium": "Memory", "sizeLimit": "64Mi"}, {"medium": "Memory", "sizeLimit": "2Gi"})),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
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
    DoesNotHold(
        "its scratch files got less room on the disk",
        snapshot(scratch({"sizeLimit": "2Gi"}, {"sizeLimit": "1Gi"})),
        harmful=("rollback_workload", "restart_workload"),
    ),
    DoesNotHold(
        "its scratch files are in memory as ever, under another name",
        snapshot(scratch({"medium": "Memory"}, {"medium": "Memory"}, called="tmp")),
        harmful=("rollback_workload", "restart_workload"),
    ),
    DoesNotHold(
        "its scratch files left the memory",
        snapshot(scratch({"medium": "Memory"}, {})),
        harmful=("rollback_workload", "restart_workload"),
    ),
]
