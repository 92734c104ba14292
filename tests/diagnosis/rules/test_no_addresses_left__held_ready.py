"""Who gives addresses holds more of them ready since a release, and pods elsewhere get none."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import SHOP, alert, busy, latency, shop
from tests.diagnosis.rules.test_no_addresses_left import AWS, MESSAGES, waits
from tests.diagnosis.rules.tiny import DAY, Obj, at, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

GIVER = "DaemonSet/network"
IMAGE = "registry.example/amazon-k8s-cni:v1"
FEW = {"WARM_ENI_TARGET": "1", "WARM_IP_TARGET": "2", "MINIMUM_IP_TARGET": "8"}
MANY = {"WARM_ENI_TARGET": "1"}


def giver(was: Obj | None = None, image: str = IMAGE, released: float = 2400, **now: Any) -> list[Obj]:
    """Return what gives addresses on both nodes, since a release with other settings."""
    made = workload(
        *("network", image),
        kind="DaemonSet",
        pods=2,
        nodes=("n1", "n2"),
        released=released,
        before={"env": FEW} if was is None else was,
        service=False,
        **(now or {"env": MANY}),
    )
    for template in _templates(made):
        template["spec"]["hostNetwork"] = True
    made[0]["status"] = {"desiredNumberScheduled": 2, "numberReady": 2}
    return made


def _templates(made: list[Obj]) -> list[Obj]:
    found = [each["spec"]["template"] for each in made if "template" in each.get("spec", {})]
    return found + [each["data"]["spec"]["template"] for each in made if each["kind"] == "ControllerRevision"]


def world(by: list[Obj], message: str = AWS, made: float = 900, **more: Any) -> Snapshot:
    """Return a shop of three pods, the last of which waits on the first node since a while."""
    objects = shop(pods=3, ready=2)
    pods_of(objects)[2]["metadata"]["creationTimestamp"] = at(made)
    return snapshot(objects, by, waits(2, message=message), **more)


FOUND = (GIVER, "configuration_error", "rollback_workload")
HELD = (*no("restart_workload", at=GIVER), *no("rollback_workload", "restart_workload", "scale_workload", at=SHOP))
NODE = ("Node/n1", "network_fault", "page_human")
CILIUM = "quay.example/cilium:v1"
OF_CILIUM = {"args": ["--ipam=eni", "--cni-exclusive=true", "--ipam-pre-allocate=1"]}

HOLDS = [
    Holds("two settings are gone since", world(giver()), FOUND, excludes=HELD, alone=True),
    Holds(
        "its image is another one as well",
        world(giver({"env": FEW, "image": IMAGE.replace("v1", "v0")})),
        FOUND,
        excludes=HELD,
    ),
    Holds(
        "an argument tells another plugin to hold more",
        world(
            giver(OF_CILIUM, CILIUM, args=[*OF_CILIUM["args"][:2], "--ipam-pre-allocate=32"]),
            next(each for each in MESSAGES if "cilium" in each),
        ),
        FOUND,
    ),
    Holds(
        "those that run have too much to do",
        world(giver(), figures=[*busy(), latency("shop")], alerts=[alert("SlowOrders", service="shop")]),
        FOUND,
        harmful=("scale_workload", "restart_workload"),
    ),
    Holds("it was this morning, and the load comes now", world(giver(released=DAY / 3)), FOUND),
]
DOES_NOT_HOLD = [
    DoesNotHold("only its image is another one", world(giver({"env": MANY, "image": IMAGE.replace("v1", "v0")})), NODE),
    DoesNotHold(
        "another setting of it changed",
        world(giver({"env": {**MANY, "AWS_VPC_CNI_LOG": "info"}}, env={**MANY, "AWS_VPC_CNI_LOG": "debug"})),
        NODE,
    ),
    DoesNotHold(
        "fewer are held since",
        world(giver({"env": {**FEW, "WARM_IP_TARGET": "9"}}, env=FEW)),
        NODE,
        harmful=("rollback_workload",),
    ),
    DoesNotHold("pods waited before it", world(giver(), made=4000), NODE, harmful=("rollback_workload",)),
    DoesNotHold("it was days ago", world(giver(released=5 * DAY)), NODE, harmful=("rollback_workload",)),
    DoesNotHold(
        "what was released gives no addresses",
        world(giver(image="registry.example/agent:1")),
        NODE,
        harmful=("rollback_workload",),
    ),
]
