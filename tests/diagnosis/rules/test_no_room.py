"""No node takes the pods: for want of room, or because the pods want a node that is not there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.colours import KEY, led, slot
from tests.diagnosis.rules.meant import giving_way
from tests.diagnosis.rules.pods import built, node, pending, pods_of, rollout
from tests.diagnosis.rules.scenes import API, OLD, ROOM, SHOP, errors, rate, shop
from tests.diagnosis.rules.tiny import Obj, event, pod, service_for, snapshot, thing, workload
from tests.diagnosis.worlds import NODES
from tuheg_ir.diagnosis.model import Snapshot

CPU = "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available"
SELECTOR = "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector."
DEDICATED = "0/2 nodes are available: 1 node(s) had untolerated taint {dedicated: gpu}, 1 node(s) were unschedulable."
TAINTS = {
    "node.kubernetes.io/disk-pressure": "resource_exhaustion",
    "node.kubernetes.io/unreachable": "dependency_failure",
    "dedicated: gpu": "configuration_error",
}
LARGER: dict[str, Any] = {"resources": {"requests": {"cpu": "64"}}}
SEATS = "Deployment/seats"
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


UID = "e4d9f022-e07b-5320-a5a0-afae217ef7bf"
BY_UID = f"Preempted by pod {UID} on node n1"
BY_NAME = "Preempted by town/render-pod0 on node n1"
RENDER = "Deployment/render"


def renderer(*, before: str = "", released: float = 600, **spec: Any) -> list[Obj]:
    """Return what was released with a priority class; ``before``: the one that it had."""
    objects = workload(
        "render", before=OLD, released=released, image=OLD["image"], spec={"priorityClassName": "high", **spec}
    )
    first = next(each for each in objects if each["kind"] == "ReplicaSet")["spec"]["template"]["spec"]
    first.pop("priorityClassName")
    first.update({"priorityClassName": before} if before else {})
    pods_of(objects)[0]["metadata"]["uid"] = UID
    return objects


def gave_way(message: str = BY_UID, *, age: float = 250, **related: str) -> list[Obj]:
    """Return a shop that others call, of which one pod had to give way and its successor waits for a node."""
    told = event("Pod/shop-5pndnxpgw-w94rw", "Preempted", message, age=age, kind="Normal", count=1)
    caller = workload("web", env={"SHOP_URL": "http://shop:8080"})
    return [*waits(shop(pods=3, ready=2), CPU), *caller, told | ({"related": related} if related else {})]


def lowly() -> list[Obj]:
    """Return the same of pods that are meant to go first."""
    objects = gave_way()
    for each in pods_of(objects)[:3]:
        each["spec"]["priority"] = -10
    return objects


def classes(**values: int) -> list[Obj]:
    """Return priority classes."""
    return [thing("PriorityClass", name, value=value) for name, value in values.items()]


def default_of(made: float = 3600, *, default: bool = True, named: bool = False, born: float = 300) -> list[Obj]:
    """Return a class that is everybody's default since so many seconds, and the youngest pods, which have it."""
    spec = {"priorityClassName": "usual"} if named else {}
    objects = workload("render", started=born, spec=spec)
    for each in pods_of(objects):
        each["spec"] |= {"priorityClassName": "usual", "priority": 1000}
    pods_of(objects)[0]["metadata"]["uid"] = UID
    return [*objects, thing("PriorityClass", "usual", age=made, value=1000, globalDefault=default)]


CLASS = "PriorityClass/usual"
BLUE, VERSION = "Deployment/shop-blue", "registry.example/shop:9"
FELT = (errors("shop-blue", 0.4, since=280),)


def coloured(
    *more: Obj,
    wait: int = 3,
    why: str = CPU,
    image: str = VERSION,
    felt: Any = FELT,
    serves: Any = None,
    builds: Sequence[str] = (),
    key: str = KEY,
    **standby: Any,
) -> Snapshot:
    """Return a shop whose Service leads to four pods, some of which wait, and another colour that stands by.

    ``builds``: what the pods of each have of an image.
    """
    serving = slot("blue", VERSION, pods=4, ready=4 - wait, key=key, env={"BOOK": "spring"}, **(serves or {}))
    for each in pods_of(serving)[4 - wait :]:
        pending(each, why)
    green = slot("green", image, key=key, **{"pods": 3, "env": {"BOOK": "spring"}, **standby})
    for objects, build in zip((serving, green), builds, strict=False):
        for each in pods_of(objects):
            if "containerStatuses" in each["status"]:
                built([each], build)
    return snapshot(serving, green, led("blue", written=None, key=key), *more, figures=felt)


MEANT = event("Deployment/shop-blue", "ScalingReplicaSet", "Scaled up replica set shop-blue-r1 to 4 from 1", age=290)
RELEASED = {"before": {"image": "registry.example/shop:8"}, "released": 400}


HOLDS = [
    *(
        Holds(
            f"most of the pods wait, and a reserve of the same version stands by: {what}",
            world,
            (BLUE, cause, "switch_traffic"),
            target="Service/shop",
            excludes=no("restart_workload", "scale_workload", "rollback_workload", at=BLUE),
            alone=True,
        )
        for what, cause, world in (
            ("no room", "capacity", coloured()),
            ("no node of its kind is left", "configuration_error", coloured(why=SELECTOR)),
            (
                "a Service of its own, by which runs warm it",
                "capacity",
                coloured(service_for("shop-green", selector={"app": "shop", "slot": "green"})),
            ),
            ("the same build", "capacity", coloured(builds=("aa", "aa"))),
        )
    ),
    *(
        Holds(
            f"most of the pods wait, and nobody can be led elsewhere: {what}",
            world,
            (BLUE, "capacity", "page_human"),
            harmful=("switch_traffic", "rollback_workload"),
        )
        for what, world in (
            ("most still serve", coloured(wait=1)),
            ("no user feels it", coloured(felt=())),
            ("the other colour has another version", coloured(image="registry.example/shop:8")),
            ("the other colour is set up otherwise", coloured(env={"BOOK": "winter"})),
            ("the other colour is not whole", coloured(pods=4, ready=3)),
            ("the other colour is far smaller", coloured(pods=2)),
            ("the other colour fails as well", coloured(felt=(*FELT, errors("shop-green", 0.3, since=280)))),
            ("the other colour has users", coloured(felt=(*FELT, rate("shop-green", 40, 40)))),
            ("a second Service leads to it", coloured(service_for("till", selector={"app": "shop", "slot": "blue"}))),
            ("the Service leads to both", coloured(service_for("all", selector={"app": "shop"}))),
            ("it was to have more, and none is gone", coloured(MEANT)),
            ("its users suffered long before", coloured(felt=(errors("shop-blue", 0.4, since=2000),))),
            ("it is a first release, which users never had", coloured(serves=RELEASED)),
            ("the other colour has another build of that tag", coloured(builds=("aa", "bb"))),
            ("the pods of the other colour have less", coloured(resources={"limits": {"cpu": "100m"}})),
            ("the other one has another role", coloured(key="role")),
        )
    ),
    Holds(
        "most of the pods wait, of which each may have a part of its own",
        coloured(serves={"kind": "StatefulSet"}, kind="StatefulSet"),
        ("StatefulSet/shop-blue", "capacity", "page_human"),
        harmful=("switch_traffic", "rollback_workload"),
    ),
    Holds(
        "the pods that drove it out have a priority by default since an hour, which older ones have not",
        snapshot(gave_way(), default_of()),
        (CLASS, "configuration_error", "page_human"),
        excludes=no("restart_workload", "scale_workload", "rollback_workload", at=SHOP),
        alone=True,
    ),
    *(
        Holds(
            f"no new default is known to have driven it out: {what}",
            snapshot(objects),
            (SHOP, "capacity", "page_human"),
            harmful=("rollback_workload",),
        )
        for what, objects in (
            ("it is nobody's default", [*gave_way(), *default_of(default=False)]),
            ("it has long been the default", [*gave_way(), *default_of(30 * 86400)]),
            ("who has it names it", [*gave_way(), *default_of(named=True)]),
            ("the pods are older than it", [*gave_way(), *default_of(born=7200)]),
            ("another one's pod did it", [*gave_way(BY_UID.replace("e4d9", "ffff")), *default_of()]),
        )
    ),
    *(
        Holds(
            f"a release came with a priority and drove it out, as the scheduler tells: {what}",
            snapshot(objects, renderer(before=before), classes(**known)),
            (RENDER, *ROLLED_BACK),
            excludes=no("restart_workload", "scale_workload", "rollback_workload", at=SHOP),
            alone=True,
            began=600,
        )
        for what, objects, before, known in (
            ("by uid", gave_way(), "", {}),
            ("by name", gave_way(BY_NAME), "", {}),
            ("by a related object", gave_way("Preempted by a pod on node n1", kind="Pod", name="render-pod0"), "", {}),
            ("from a lower class", gave_way(), "usual", {"usual": 10, "high": 1000}),
        )
    ),
    Holds(
        "nobody is known to miss what was driven out",
        snapshot([each for each in gave_way() if "web" not in each["metadata"]["name"]], renderer()),
        (RENDER, "configuration_error", "page_human"),
        harmful=("rollback_workload", "restart_workload", "scale_workload"),
    ),
    *(
        Holds(
            f"no release's priority is known to have driven it out: {what}",
            snapshot(objects),
            (SHOP, "capacity", "page_human"),
            harmful=("rollback_workload",),
        )
        for what, objects in (
            ("somebody else's pod did", [*gave_way(BY_UID.replace("e4d9", "ffff")), *renderer()]),
            ("nobody is named", [*gave_way("Preempted by a pod on node n1"), *renderer()]),
            ("it was released long before", [*gave_way(age=60), *renderer(released=9000)]),
            ("it never was without it", [*gave_way(), *renderer(before="high")]),
            ("its class is lower than before", [*gave_way(), *renderer(before="top"), *classes(high=10, top=99)]),
            ("nobody knows which class is higher", [*gave_way(), *renderer(before="other")]),
            ("its pods are meant to go first", [*lowly(), *renderer()]),
        )
    ),
    Holds(
        "a node was lost as well, which took room too",
        snapshot(gave_way(), renderer(), node("n9", ready="Unknown", since=590)),
        (SHOP, "capacity", "page_human"),
        believed="node_lost",
        harmful=("rollback_workload",),
    ),
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
    DoesNotHold(
        "it was driven out, and has found another place",
        snapshot(shop(), gave_way()[-1], renderer()),
    ),
    DoesNotHold("it is there to hold room, and gave way", giving_way(), (SEATS, "no_fault", "no_action")),
    DoesNotHold("a pod of a few seconds is given time", snapshot(waits(shop(pods=3, ready=2), CPU, age=10))),
]
