"""A node that tells of a problem of its own is the cause where pods that it was given do not start."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import HEALTHY, DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import node, pods_of, put, waiting
from tests.diagnosis.rules.scenes import SHOP, WELL, shop
from tests.diagnosis.rules.tiny import Obj, snapshot

PROBLEMS: tuple[dict[str, Any], ...] = (
    {"ReadonlyFilesystem": "True"},
    {"KernelDeadlock": "True"},
    {"FrequentContainerdRestart": "True"},
)


def creating(on: str) -> list[Obj]:
    """Return a shop whose pods on one node stay ContainerCreating."""
    objects = shop()
    for each in pods_of(objects):
        if each["spec"]["nodeName"] == on:
            put(each, waiting("ContainerCreating"), ready=False, unready=900)
    objects[0]["status"]["readyReplicas"] = 1
    return objects


HOLDS = [
    Holds(
        f"{next(iter(problem))} is true, and a pod there does not start",
        snapshot(creating("n2"), node("n1"), node("n2", **problem)),
        ("Node/n2", "dependency_failure", "page_human"),
        excludes=no("rollback_workload", "restart_workload", at=SHOP),
    )
    for problem in PROBLEMS
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "its node tells that all is ready",
        snapshot(creating("n2"), node("n1"), node("n2", ContainerRuntimeReady="True", StorageReady="True")),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "the pod that does not start is on another node",
        snapshot(creating("n1"), node("n1"), node("n2", ReadonlyFilesystem="True")),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "all pods there are well",
        snapshot(shop(), node("n1"), node("n2", KernelDeadlock="True"), figures=[WELL]),
        HEALTHY,
    ),
]
