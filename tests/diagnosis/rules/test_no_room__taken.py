"""Pods find no place since one of no higher priority took it: without what that took there would be room for them."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import node, pending, pods_of
from tests.diagnosis.rules.scenes import OLD, SHOP, autoscaler, shop
from tests.diagnosis.rules.tiny import DAY, Obj, event, snapshot, thing, workload

CPU = "0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: 2 No preemption victims found"
MEMORY = CPU.replace("cpu", "memory")


def room(cpu: str, memory: str = "256Mi") -> Obj:
    """Return what a container asks for."""
    return {"resources": {"requests": {"cpu": cpu, "memory": memory}}}


def machines(cpu: str = "4", memory: str = "8Gi", **spec: Any) -> list[Obj]:
    """Return two nodes of a size."""
    made = [node(name) | {"spec": spec} for name in ("n1", "n2")]
    for each in made:
        each["status"]["allocatable"] = {"cpu": cpu, "memory": memory}
    return made


def waiting(why: str = CPU, *, wait: int = 1, born: float = 300, needs: Obj | None = None, **more: Any) -> list[Obj]:
    """Return a shop of three pods that others call, of which the last ones wait for a node."""
    objects = shop(pods=3, ready=3 - wait, **(room("1") if needs is None else needs), **more)
    for each in pods_of(objects)[3 - wait :]:
        pending(each, why, born)
    return [*objects, *workload("web", env={"SHOP_URL": "http://shop:8080"})]


def larger(
    name: str = "shipper", *, kind: str = "DaemonSet", was: str = "200m", now: str = "2", **more: Any
) -> list[Obj]:
    """Return what asks for more processors since its release of ten minutes ago."""
    objects = workload(
        name,
        kind=kind,
        before={**OLD, **room(was, more.pop("memory_was", "256Mi"))},
        **{"image": OLD["image"], "service": kind != "DaemonSet", **room(now, more.pop("memory", "256Mi")), **more},
    )
    objects[0]["status"] |= {"desiredNumberScheduled": 2, "numberReady": 2}
    return objects


def many(*, extra: float = 400, to: int = 4) -> list[Obj]:
    """Return a worker that was given more pods by hand: two of them are old."""
    objects = workload("worker", pods=to, service=False, **room("1500m"))
    for each in pods_of(objects)[2:]:
        each["metadata"]["creationTimestamp"] = thing("Pod", "x", age=extra)["metadata"]["creationTimestamp"]
    said = f"Scaled up replica set worker-r1 to {to} from 2"
    return [*objects, event("Deployment/worker", "ScalingReplicaSet", said, age=extra, kind="Normal", count=1)]


def newcomer(age: float = 900, cpu: str = "2500m", kind: str = "Deployment") -> list[Obj]:
    """Return a workload that was not there before."""
    return workload("crawler", kind=kind, age=age, service=False, **room(cpu))


def surge() -> list[Obj]:
    """Return a shop that is whole, and of whose new template the first pod waits."""
    objects = waiting(before=OLD, released=310)
    objects[0]["status"]["readyReplicas"] = 3
    return objects


MORE = event("Deployment/shop", "ScalingReplicaSet", "Scaled up replica set shop-r1 to 3 from 2", age=300)
ROLLED_BACK = "configuration_error", "rollback_workload"

HOLDS = [
    *(
        Holds(
            f"one asks for more since its release, and nodes have no room: {what}",
            snapshot(objects),
            (ref, *ROLLED_BACK),
            excludes=no("restart_workload", "scale_workload", "rollback_workload", at=SHOP),
            alone=True,
            began=600,
        )
        for what, ref, objects in (
            ("an agent of each node", "DaemonSet/shipper", [*waiting(), *larger(), *machines("3500m")]),
            (
                "memory, of a Deployment",
                "Deployment/indexer",
                [
                    *waiting(MEMORY, needs=room("100m", "2Gi")),
                    *larger("indexer", kind="Deployment", now="200m", memory="4Gi"),
                    *machines(memory="7Gi"),
                ],
            ),
            ("two pods wait", "DaemonSet/shipper", [*waiting(wait=2), *larger(), *machines("3")]),
            (
                "others are there whom nobody sees, and what it took is enough by itself",
                "DaemonSet/shipper",
                [*waiting(), *larger(), *machines("16")],
            ),
        )
    ),
    *(
        Holds(
            f"one took the room otherwise, and a person decides: {what}",
            snapshot(objects),
            (ref, cause, "page_human"),
            harmful=("rollback_workload", "restart_workload", "scale_workload"),
        )
        for what, ref, cause, objects in (
            ("it was given more pods by hand", "Deployment/worker", "capacity", [*waiting(), *many(), *machines("4")]),
            ("it is new", "Deployment/crawler", "capacity", [*waiting(), *newcomer(), *machines("4")]),
            (
                "nobody is known to miss the pods",
                "DaemonSet/shipper",
                "configuration_error",
                [each for each in (*waiting(), *larger(), *machines("3500m")) if "web" not in each["metadata"]["name"]],
            ),
            (
                "none is missing, only the next one of a release waits",
                "DaemonSet/shipper",
                "configuration_error",
                [*surge(), *larger(), *machines("3500m")],
            ),
            (
                "a store has what it asks for",
                "StatefulSet/postgres",
                "configuration_error",
                [*waiting(), *larger("postgres", kind="StatefulSet", image="postgres:16"), *machines("3500m")],
            ),
        )
    ),
    *(
        Holds(
            f"nobody is known to have taken the room: {what}",
            snapshot(objects),
            (SHOP, "capacity", "page_human"),
            harmful=("rollback_workload",),
        )
        for what, objects in (
            ("what it took is too little", [*waiting(), *larger(now="400m"), *machines("1500m")]),
            ("it asks for less", [*waiting(), *larger(was="2", now="1"), *machines("2500m")]),
            ("it asks for more of what is not short", [*waiting(MEMORY), *larger(), *machines("3500m")]),
            ("one more fits, two wait", [*waiting(wait=2), *larger(pods=1), *machines("3100m")]),
            ("it came later", [*waiting(born=900), *larger(), *machines("3500m")]),
            ("it was released days ago", [*waiting(), *larger(released=3 * DAY), *machines("3500m")]),
            ("two did", [*waiting(), *larger(), *larger("meter"), *machines("5500m")]),
            ("its nodes are kept for others", [*waiting(), *larger(), *machines("3500m", taints=[{"key": "x"}])]),
            ("a node is closed", [*waiting(), *larger(), *machines("3500m", unschedulable=True)]),
            ("it was to have more", [*waiting(), *larger(), *machines("3500m"), MORE]),
            ("it is new itself", [*waiting(age=3600), *larger(), *machines("3500m")]),
            (
                "an autoscaler gave the other one more",
                [*waiting(), *many(), *machines("4"), autoscaler("worker", 4, 9)],
            ),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("nobody waits", snapshot(shop(pods=3, **room("1")), larger(), machines("3500m"))),
]
