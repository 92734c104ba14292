"""Pods find no place since a release of another one that outranks them: an agent, a store; with and without events."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import node, pending, pods_of
from tests.diagnosis.rules.scenes import OLD, SHOP, shop
from tests.diagnosis.rules.tiny import Obj, event, snapshot, thing, workload

CPU = "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 3 No preemption victims found"
MEMORY = CPU.replace("cpu", "memory")
UID = "5b7d5d0e-5c5b-4b0e-9d77-0c4a52a9b0aa"
NAMED = f"Preempted by pod {UID} on node n1"
NOBODY = "Preempted by a pod on node n1"


def room(cpu: str, memory: str = "256Mi") -> Obj:
    """Return what a container asks for."""
    return {"resources": {"requests": {"cpu": cpu, "memory": memory}}}


def taker(
    name: str = "shipper",
    *,
    kind: str = "DaemonSet",
    was: Obj | None = None,
    now: Obj | None = None,
    classes: tuple[str, str] = ("", "agents"),
    released: float = 600,
    born: float = 302,
    priority: int = 1000000,
    **spec: Any,
) -> list[Obj]:
    """Return what was released with more room or another class (before, now), and got its pods ``born`` seconds ago."""
    more = room("100m") if now is None else now
    objects = workload(
        name,
        kind=kind,
        before={**OLD, **(more if was is None else was)},
        image=OLD["image"],
        released=released,
        started=born,
        spec={"priorityClassName": classes[1], **spec},
        service=kind != "DaemonSet",
        **more,
    )
    objects[0]["status"] |= {"desiredNumberScheduled": 2, "numberReady": 2}
    first = next(each for each in objects if each["kind"] in ("ReplicaSet", "ControllerRevision"))
    old = (first.get("spec") or first["data"]["spec"])["template"]["spec"]
    for holder, klass in ((old, classes[0]), (objects[0]["spec"]["template"]["spec"], classes[1])):
        holder.pop("priorityClassName", None)
        holder.update({"priorityClassName": klass} if klass else {})
    for each in pods_of(objects):
        each["spec"]["priority"] = priority
    pods_of(objects)[0]["metadata"]["uid"] = UID
    return objects


def driven(message: str = NAMED, *, why: str = CPU, born: float = 300, **more: Any) -> list[Obj]:
    """Return a shop that others call, one pod of which waits; ``message``: what the scheduler told, if that is kept."""
    objects = shop(pods=3, ready=2, **more)
    pending(pods_of(objects)[-1], why, born)
    told = event("Pod/shop-5pndnxpgw-w94rw", "Preempted", message, age=born + 1, kind="Normal", count=1)
    return [*objects, *workload("web", env={"SHOP_URL": "http://shop:8080"}), *([told] if message else [])]


def classes(**values: int) -> list[Obj]:
    return [thing("PriorityClass", name, value=value) for name, value in values.items()]


def cordoned() -> list[Obj]:
    return [node("n1") | {"spec": {"unschedulable": True}}]


LARGER: dict[str, Any] = {"was": room("100m"), "now": room("1500m")}
STANDING = ("agents", "agents")
GROWN: dict[str, Any] = {**LARGER, "classes": STANDING}
SCALED = event("Deployment/shop", "ScalingReplicaSet", "Scaled up replica set shop-r1 to 3 from 2", age=300)

HOLDS = [
    *(
        Holds(
            f"a release drove it out: {what}",
            snapshot(objects),
            (ref, "configuration_error", "rollback_workload"),
            excludes=no("restart_workload", "scale_workload", "rollback_workload", at=SHOP),
            alone=True,
            began=600,
        )
        for what, ref, objects in (
            ("an agent of each node got a priority", "DaemonSet/shipper", [*driven(), *taker()]),
            ("an agent that has a priority asks for more", "DaemonSet/shipper", [*driven(), *taker(**GROWN)]),
            (
                "a store that has a priority asks for more memory",
                "StatefulSet/ledger",
                [
                    *driven(why=MEMORY),
                    *taker("ledger", kind="StatefulSet", was=room("1"), now=room("1", "8Gi"), classes=STANDING),
                ],
            ),
            (
                "to a class that every cluster has, from one that was read",
                "Deployment/renderer",
                [
                    *driven(),
                    *taker("renderer", kind="Deployment", classes=("usual", "system-cluster-critical")),
                    *classes(usual=1000),
                ],
            ),
            ("no event of it is kept", "DaemonSet/shipper", [*driven(""), *taker(**GROWN)]),
            ("the event names nobody", "DaemonSet/shipper", [*driven(NOBODY), *taker()]),
            (
                "no event is kept, and a Deployment did it",
                "Deployment/renderer",
                [*driven(""), *taker("renderer", kind="Deployment"), *classes(agents=5000)],
            ),
        )
    ),
    *(
        Holds(
            f"no release is known to have driven it out: {what}",
            snapshot(objects),
            (SHOP, "capacity", "page_human"),
            harmful=("rollback_workload",),
        )
        for what, objects in (
            (
                "it asks for less, by the class that it had",
                [*driven(), *taker(was=room("1500m"), now=room("100m"), classes=STANDING)],
            ),
            ("it asks for more, and has no class of its own", [*driven(), *taker(**LARGER, classes=("", ""))]),
            ("its release only brought another image", [*driven(), *taker(classes=STANDING)]),
            (
                "to a class that is lower than that of the cluster",
                [*driven(), *taker(classes=("system-node-critical", "agents")), *classes(agents=5000)],
            ),
            ("times: its pods are no higher", [*driven(""), *taker(**GROWN, priority=0)]),
            ("times: its class lets it drive out nobody", [*driven(""), *taker(**GROWN, preemptionPolicy="Never")]),
            ("times: its pods came long before", [*driven(""), *taker(**GROWN, born=500)]),
            ("times: its pods came after", [*driven(""), *taker(**GROWN, born=290)]),
            ("times: it asks for no more", [*driven(""), *taker(classes=STANDING)]),
            ("times: it was released long before", [*driven(""), *taker(**GROWN, released=9000)]),
            ("times: a node is being emptied", [*driven(""), *taker(**GROWN), *cordoned()]),
            ("times: it was released itself", [*driven("", before=OLD, released=310), *taker(**GROWN)]),
            ("times: it was to have more", [*driven(""), *taker(**GROWN), SCALED]),
            ("times: two were released", [*driven(""), *taker(**GROWN), *taker("meter", **GROWN)]),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "it was driven out by an agent, and has found another place",
        snapshot(shop(pods=3), driven()[-1], taker(**GROWN)),
    ),
]
