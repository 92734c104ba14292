"""A node that tells of a problem of its own is the cause where pods that it was given do not start."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import HEALTHY, DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import looping, node, pods_of, put, waiting
from tests.diagnosis.rules.scenes import SHOP, WELL, shop
from tests.diagnosis.rules.tiny import Obj, log, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

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


ROFS = "PANIC: could not open file: Read-only file system"


def keeping(line: str, *, beside: bool = True, claim: bool = True, **problem: Any) -> Snapshot:
    """Return a database on a node that went read-only, which ends again and again, and others there."""
    spec = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data-pg"}}]} if claim else {}
    objects = workload("pg", "postgres:16", kind="StatefulSet", pods=1, nodes=("n2",), spec=spec)
    put(pods_of(objects)[0], looping(), unready=900)
    others = shop(nodes=("n2", "n1")) if beside else shop(nodes=("n1",))
    said = log("pg-0", *[line] * 9)
    return snapshot(objects, others, node("n1"), node("n2", **(problem or {"ReadonlyFilesystem": "True"})), logs=[said])


HOLDS = [
    Holds(
        "it tells of a volume that one program alone has mounted, and all others there are well",
        keeping(ROFS),
        ("StatefulSet/pg", "dependency_failure", "page_human"),
        excludes=no("rollback_workload", at="StatefulSet/pg"),
        spares=no("restart_workload", at="StatefulSet/pg"),
    ),
    *(
        Holds(f"it is no volume of one program: {what}", world, ("Node/n2", "dependency_failure", "page_human"))
        for what, world in (
            ("it says nothing of it", keeping("PANIC: could not locate a valid checkpoint record")),
            ("nobody else there shows that the node is well", keeping(ROFS, beside=False)),
            ("the node tells of something else", keeping(ROFS, KernelDeadlock="True")),
            ("it has no volume of its own", keeping(ROFS, claim=False)),
        )
    ),
]
HOLDS += [
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
