"""Replicas were taken away by hand, and those that are left do not carry the requests."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, SHOP, WELL, autoscaler, errors, latency, shop
from tests.diagnosis.rules.tiny import Obj, event, figure, pod, snapshot, workload

TAKEN = event(SHOP, "ScalingReplicaSet", "Scaled down replica set shop-r1 from 6 to 2", kind="Normal", age=660, count=1)
FEWER = figure("replicas_wanted", 6, 2, 660, component="shop")
SLOW = latency("shop")
READER = "Deployment/resizer"
GROWS = figure("queue_depth", 12, 6000, 640, component="rabbitmq", queue="pictures")
GREW_BEFORE = figure("queue_depth", 12, 6000, 3000, component="rabbitmq", queue="pictures")
LEFT = figure("replicas_wanted", 6, 2, 660, component="resizer")


def readers(**more: Any) -> list[Obj]:
    """Return the readers of a queue, and its broker."""
    env = {"AMQP_URL": "amqp://rabbitmq:5672", "QUEUE": "pictures"}
    made = workload("resizer", **{"env": env, "service": False, **more})
    return made + workload("rabbitmq", "rabbitmq:3", kind="StatefulSet", pods=1, port=5672)


def used(now: float) -> list[Any]:
    """Return how much of the processor the readers used and use."""
    return [figure("cpu_share", 0.5, now, 640, pod=pod("resizer", n), container="resizer") for n in range(2)]


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
    Holds(
        "those that are left do not keep up with their queue",
        snapshot(readers(), figures=[GROWS, LEFT, *used(0.98)]),
        (READER, "capacity", "scale_workload"),
        excludes=no("rollback_workload", at=READER),
        harmful=("restart_workload", "rollback_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "those that are left stand still",
        snapshot(readers(), figures=[GROWS, LEFT, *used(0.01)]),
        (READER, "service_crash", "restart_workload"),
    ),
    DoesNotHold(
        "the queue had grown long before",
        snapshot(readers(), figures=[GREW_BEFORE, LEFT, *used(0.5)]),
        (READER, "capacity", "scale_workload"),
    ),
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
