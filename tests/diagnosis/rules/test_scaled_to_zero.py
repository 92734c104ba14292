"""Somebody took away all replicas of what is needed: giving them back is the whole cure."""

from __future__ import annotations

from tests.diagnosis.rules.cases import HEALTHY, DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, errors, shop
from tests.diagnosis.rules.tiny import DAY, Obj, event, snapshot, workload

TAKEN = event(SHOP, "ScalingReplicaSet", "Scaled down replica set shop-r1 to 0 from 3", kind="Normal")


def gone() -> list[Obj]:
    """Return a shop of no pods."""
    objects = shop(pods=1, before={}, released=20 * DAY)
    objects[0]["spec"]["replicas"] = 0
    objects[0]["status"] = {"replicas": 0}
    return [each for each in objects if each["kind"] != "Pod"]


HOLDS = [
    Holds(
        "a caller misses them",
        snapshot(gone(), TAKEN, workload("web", env={"SHOP_URL": "http://shop:8080"})),
        (SHOP, "configuration_error", "scale_workload"),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "nobody misses them", snapshot(gone(), workload("web"), figures=[errors("web", 0.0, before=0.0)]), HEALTHY
    ),
]
