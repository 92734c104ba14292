"""A node that tells of a problem of its own is the cause where pods that it was given do not start."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import HEALTHY, DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import looping, node, pods_of, put, waiting
from tests.diagnosis.rules.scenes import SHOP, WELL, errors, failing, shop
from tests.diagnosis.rules.tiny import Obj, event, log, snapshot, workload
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


XID = "NVRM: Xid (PCI:0000:65:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus."
ALONE = ("Deployment/asr", "service_crash", "restart_workload")
OF_ONE_NODE = ("Node/n2", "dependency_failure", "page_human")
GPU: dict[str, Any] = {"resources": {"limits": {"nvidia.com/gpu": "1"}}}


def asr(pods: int = 3, nodes: tuple[str, ...] = ("n1", "n2", "n1"), **more: Any) -> list[Obj]:
    """Return what transcribes speech with a card of its node; the second of its pods fails."""
    return workload("asr", pods=pods, nodes=nodes, **{**GPU, **more})


def fails(*ratios: float, since: float = 590) -> list[Any]:
    return failing(*ratios, of="asr", since=since)


def device(name: str, has: str, gives: str) -> Obj:
    """Return a node that has so many cards, of which pods may use so many."""
    found = node(name)
    found["status"] |= {"capacity": {"cpu": "8", "nvidia.com/gpu": has}}
    found["status"] |= {"allocatable": {"cpu": "7500m", "nvidia.com/gpu": gives}}
    return found


def plugin(line: str) -> tuple[list[Obj], list[Any]]:
    """Return the plugin that gives cards to pods, on each node, and what that of the second tells."""
    objects = workload("plugin", kind="DaemonSet", pods=2, nodes=("n1", "n2"), service=False)
    return objects, [log("plugin-1", line, since=600)]


PLUGIN, LOST = plugin("I1130 server.go:261] 'nvidia.com/gpu' device marked unhealthy: GPU-c41e8b52")

HOLDS = [
    Holds(
        "the one that fails is on a node that tells of its card since then, and those on the other are well",
        snapshot(asr(), node("n1"), node("n2", since=600, NvidiaXidCritical="True"), figures=fails(0.0, 1.0, 0.0)),
        OF_ONE_NODE,
        excludes=no("rollback_workload", "restart_workload", at="Deployment/asr"),
        harmful=("rollback_workload", "restart_workload"),
        alone=True,
    ),
    Holds(
        "an event tells of it, and another card of the same node is well",
        snapshot(
            asr(nodes=("n2", "n2", "n1")),
            node("n1"),
            node("n2"),
            event("Node/n2", "NvidiaXidError", XID, age=595),
            figures=fails(0.0, 1.0, 0.0),
        ),
        OF_ONE_NODE,
        harmful=("rollback_workload", "restart_workload"),
    ),
    Holds(
        "nobody may read nodes: the plugin that gives cards to pods tells of it",
        snapshot(asr(), PLUGIN, logs=LOST, figures=fails(0.0, 1.0, 0.0)),
        OF_ONE_NODE,
    ),
    Holds(
        "fewer cards may be used than the node has",
        snapshot(asr(), device("n1", "2", "2"), device("n2", "2", "1"), figures=fails(0.0, 1.0, 0.0)),
        OF_ONE_NODE,
    ),
    Holds(
        "its only pod needs the card that is lost",
        snapshot(asr(pods=1, nodes=("n2",)), device("n2", "1", "0"), figures=[errors("asr", 1.0, 590)]),
        OF_ONE_NODE,
    ),
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
        "its node has told of that for weeks, and one began to fail today",
        snapshot(asr(), node("n1"), node("n2", since=2e6, TaskHung="True"), figures=fails(0.0, 1.0, 0.0)),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "the one that fails is on the other node",
        snapshot(asr(), node("n1"), node("n2", since=600, NvidiaXidCritical="True"), figures=fails(1.0, 0.0, 0.0)),
        ALONE,
    ),
    DoesNotHold(
        "a card of its node is lost, and it needs none",
        snapshot(asr(resources={}), device("n1", "2", "2"), device("n2", "2", "1"), figures=fails(0.0, 1.0, 0.0)),
        ALONE,
    ),
    DoesNotHold(
        "what its driver tells is what a program brings on itself",
        snapshot(
            asr(),
            node("n1"),
            node("n2"),
            event("Node/n2", "NvidiaXidError", "NVRM: Xid (PCI:0000:65:00): 13, Graphics Exception", age=595),
            figures=fails(0.0, 1.0, 0.0),
        ),
        ALONE,
    ),
    DoesNotHold(
        "all fail, on either node",
        snapshot(asr(), node("n1"), node("n2", since=600, NvidiaXidCritical="True"), figures=fails(1.0, 1.0, 1.0)),
    ),
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
