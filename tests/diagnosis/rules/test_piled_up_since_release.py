"""A release lets pods ask for far less than they take, and they crowd one node: it is taken back, no node is blamed."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import node, pods_of, put
from tests.diagnosis.rules.scenes import rate
from tests.diagnosis.rules.test_processors_taken_by_release import busy, probes, sized, slow
from tests.diagnosis.rules.tiny import DAY, Obj, at, event, figure, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

BACK, AGAIN, MORE = "rollback_workload", "restart_workload", "scale_workload"
RENDER = "Deployment/render"
FOUND = (RENDER, "configuration_error", BACK)
LOST = ("Node/n1", "dependency_failure", "page_human")
CAME, ILL = 3000.0, 1140.0
SPREAD = [{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "DoNotSchedule"}]
Figure = tuple[str, Series]


def asks(cpu: str) -> dict[str, Any]:
    return {"resources": {"requests": {"cpu": cpu}, "limits": {"memory": "2Gi"}}}


def takes(now: float, pods: int = 3, before: float = 0.05, since: float = 1200) -> list[Figure]:
    """Return how many processors pods take, and since when so many."""
    return [figure("cpu_usage", before, now, since, pod=pod("render", n), container="render") for n in range(pods)]


def lost(since: float = ILL, ready: str = "Unknown") -> list[Obj]:
    """Return a node that comes and goes since a time, and is not ready now."""
    made = node("n1", ready=ready, since=60)
    came = event("Node/n1", "NodeNotReady", "Node n1 status is now: NodeNotReady", age=60, kind="Normal")
    return [made | {"status": made["status"] | {"capacity": {"cpu": "4"}}}, {**came, "firstTimestamp": at(since)}]


def world(
    *figures: Figure,
    first: list[Obj] | None = None,
    was: dict[str, Any] | None = None,
    now: dict[str, Any] | None = None,
    more: tuple[Any, ...] = (),
    pods: int = 3,
    released: float = CAME,
    nodes: tuple[str, ...] = ("n1",),
    apart: bool = False,
) -> Snapshot:
    """Return a program all pods of which are on one node of two, and a shop with a pod on each."""
    before, there = was or asks("1"), first or [sized("n1")]
    made = workload("render", pods=pods, nodes=nodes, released=released, before=before, **(now or asks("50m")))
    shop = workload("shop", pods=2, nodes=("n1", "n2"))
    if apart:
        spread(made)
    if first:
        put(pods_of(shop)[0], {}, ready=False, unready=60)
    return snapshot(shop, made, *there, sized("n2"), *more, figures=figures)


def spread(objects: list[Obj]) -> None:
    """Let the template before keep its pods on several nodes."""
    former = next(each for each in objects if each["metadata"]["name"] == "render-r1")["spec"]["template"]
    former["spec"]["topologySpreadConstraints"] = SPREAD


SLOW = [*busy(0.99, 0.2), *slow(4.0, 0.1, since=ILL)]
HOLDS = [
    Holds(
        "the node comes and goes, and nobody measures it",
        world(*takes(1.2), first=lost()),
        FOUND,
        excludes=(*no(AGAIN, MORE, at=RENDER), *no(AGAIN, BACK, MORE, at="Deployment/shop")),
        harmful=(AGAIN, MORE),
        alone=True,
    ),
    Holds(
        "the node is not ready since its own figures ended",
        world(*takes(1.3), *busy(0.99, 0.2), first=lost(ready="False")),
        FOUND,
        alone=True,
    ),
    Holds("the pod of another on the node is slow", world(*takes(1.2), *SLOW), FOUND, harmful=(AGAIN,), alone=True),
    Holds(
        "one pod takes it all, and probes of another fail there and nowhere else",
        world(*takes(3.6, 1), was=asks("3"), now=asks("100m"), pods=1, more=(*probes(0),)),
        FOUND,
        harmful=(AGAIN,),
        alone=True,
    ),
    Holds(
        "it asks for what it did, and had to be spread before",
        world(*takes(1.2), *SLOW, was=asks("400m"), now=asks("400m"), apart=True),
        FOUND,
        harmful=(AGAIN,),
        alone=True,
    ),
    Holds("it asks for nothing any more", world(*takes(1.2), *SLOW, now={"resources": {}}), FOUND, alone=True),
]
DOES_NOT_HOLD = [
    DoesNotHold("it asks for what it did", world(*takes(1.2), first=lost(), now=asks("900m")), LOST),
    DoesNotHold("it never asked for what it takes", world(*takes(1.2), first=lost(), was=asks("200m")), LOST),
    DoesNotHold(
        "it had to be spread before, and still is",
        world(*takes(1.2), first=lost(), was=asks("400m"), now=asks("400m"), nodes=("n1", "n2"), apart=True),
        LOST,
    ),
    DoesNotHold("it takes little", world(*takes(0.3), first=lost()), LOST),
    DoesNotHold("the node has processors left", world(*takes(0.8), *busy(0.7, 0.2), first=lost()), LOST),
    DoesNotHold("it was released days ago", world(*takes(1.2), first=lost(), released=4 * DAY), LOST),
    DoesNotHold("it came after the node was lost", world(*takes(1.2), first=lost(CAME + 300)), LOST),
    DoesNotHold("the node was lost before it took so much", world(*takes(1.2, since=600), first=lost()), LOST),
    DoesNotHold("twice as much is asked of it", world(*takes(1.2), rate("render", 50, 120, 1200), first=lost()), LOST),
    DoesNotHold(
        "its pods are on several nodes, and the lost one has one of them",
        world(*takes(1.2), first=lost(), nodes=("n1", "n2", "n3")),
        LOST,
    ),
    DoesNotHold("all is well beside it", world(*takes(1.2), *busy(0.99, 0.2), *slow(0.1, 0.1))),
    DoesNotHold("probes fail elsewhere too", world(*takes(3.6, 1), was=asks("3"), pods=1, more=(*probes(0, 1),))),
]
