"""Replicas were taken away by hand, and those that are left do not carry the requests."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, SHOP, WELL, autoscaler, errors, latency, shop
from tests.diagnosis.rules.tiny import event, figure, snapshot

TAKEN = event(SHOP, "ScalingReplicaSet", "Scaled down replica set shop-r1 from 6 to 2", kind="Normal", age=660, count=1)
FEWER = figure("replicas_wanted", 6, 2, 660, component="shop")
SLOW = latency("shop")

HOLDS = [
    Holds(
        "by an event",
        snapshot(shop(), TAKEN, figures=[SLOW]),
        (SHOP, "capacity", "scale_workload"),
        excludes=no("rollback_workload", at=SHOP),
        began=600,
    ),
    Holds(
        "by the replicas that were wanted",
        snapshot(shop(), figures=[SLOW, FEWER, errors("shop", 0.1)]),
        (SHOP, "capacity", "scale_workload"),
        harmful=("restart_workload", "rollback_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("nobody feels it", snapshot(shop(), TAKEN, figures=[WELL, FEWER])),
    DoesNotHold(
        "an autoscaler decides how many there are",
        snapshot(shop(), TAKEN, autoscaler("shop", 2, 9), figures=[SLOW, FEWER]),
        (SHOP, "unknown", "page_human"),
    ),
    DoesNotHold(
        "a release that is slow came with it",
        snapshot(shop(before=IMAGE, released=660), TAKEN, figures=[SLOW, FEWER]),
        (SHOP, "code_defect", "rollback_workload"),
    ),
]
