"""No node takes the pods: for want of room, or because the pods want a node that is not there."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pending, pods_of, rollout
from tests.diagnosis.rules.scenes import API, OLD, ROOM, SHOP, shop
from tests.diagnosis.rules.tiny import Obj, event, pod, snapshot, workload
from tests.diagnosis.worlds import NODES

CPU = "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available"
SELECTOR = "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector."
DEDICATED = "0/2 nodes are available: 1 node(s) had untolerated taint {dedicated: gpu}, 1 node(s) were unschedulable."
TAINTS = {
    "node.kubernetes.io/disk-pressure": "resource_exhaustion",
    "node.kubernetes.io/unreachable": "dependency_failure",
    "dedicated: gpu": "configuration_error",
}
LARGER: dict[str, Any] = {"resources": {"requests": {"cpu": "64"}}}
ROLLED_BACK = "configuration_error", "rollback_workload"


def waits(objects: list[Obj], message: str, age: float = 300) -> list[Obj]:
    """Return a workload whose last pod waits for a node."""
    pending(pods_of(objects)[-1], message, age)
    return objects


def selecting() -> list[Obj]:
    """Return a roll-out of a template with a node selector that the one before had not."""
    objects = rollout("api", None, before=OLD, image=OLD["image"], spec={"nodeSelector": {"disk": "nvme"}})
    first = next(each for each in objects if each["kind"] == "ReplicaSet")
    first["spec"]["template"]["spec"].pop("nodeSelector")
    return waits(objects, SELECTOR)


HOLDS = [
    Holds(
        "no node has the processors",
        snapshot(waits(shop(pods=3, ready=2), CPU)),
        (SHOP, "capacity", "page_human"),
        excludes=no("restart_workload", "scale_workload", "rollback_workload", at=SHOP),
    ),
    Holds(
        "a release asks for more than any node has",
        snapshot(waits(rollout("shop", None, before=ROOM, **LARGER), CPU)),
        (SHOP, *ROLLED_BACK),
    ),
    Holds("a release asks for a node that is not there", snapshot(selecting(), NODES), (API, *ROLLED_BACK)),
    Holds(
        "no node has the label, and no release asked for it",
        snapshot(waits(shop(pods=1, ready=0), SELECTOR)),
        (SHOP, "configuration_error", "page_human"),
    ),
    *(
        Holds(
            f"a taint says what is wrong with the node: {taint}",
            snapshot(
                waits(shop(pods=1, ready=0), f"0/1 nodes are available: 1 node(s) had untolerated taint {{{taint}: }}.")
            ),
            (SHOP, cause, "page_human"),
        )
        for taint, cause in TAINTS.items()
    ),
    Holds(
        "one node is kept for others, and one is closed",
        snapshot(
            waits(workload("api", pods=3, ready=2), DEDICATED),
            NODES,
            event(f"Pod/{pod('api', 2)}", "FailedScheduling", DEDICATED),
        ),
        (API, "configuration_error", "page_human"),
        harmful=("rollback_workload", "restart_workload", "scale_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("a pod of a few seconds is given time", snapshot(waits(shop(pods=3, ready=2), CPU, age=10)))
]
