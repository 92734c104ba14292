"""A node that does not answer is behind all that ran there."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import node, pods_of, put, younger
from tests.diagnosis.rules.scenes import CART, SHOP, WELL, alert, errors, failing, shop
from tests.diagnosis.rules.tiny import Obj, at, event, log, pod, snapshot, workload
from tests.diagnosis.worlds import NODES
from tuheg_ir.diagnosis.model import Snapshot


def lacking(name: str) -> list[Obj]:
    """Return a workload whose pod on node n2 is not ready."""
    objects = workload(name, ready=1)
    put(pods_of(objects)[1], {}, ready=False, unready=280)
    return objects


def replaced(*ratios: float, came: float = 1200, wanted: int = 3) -> Snapshot:
    """Return a shop whose first pod was on a lost node, and the last came instead; how many requests each one fails."""
    objects = younger(shop(pods=4, ready=3, nodes=("n2", "n1", "n3", "n4")), 1, age=came)
    objects[0]["spec"]["replicas"] = wanted
    put(pods_of(objects)[0], {}, ready=False, unready=1500)
    others = (node(name) for name in ("n1", "n3", "n4"))
    figures = [*failing(*ratios, since=1500), errors("shop", 0.6, 1500)]
    return snapshot(objects, *others, node("n2", ready="Unknown", since=1500), figures=figures)


def told(name: str, reason: str, age: float) -> Obj:
    """Return what the cluster told once of a node."""
    return {**event(f"Node/{name}", reason, reason, age=age, kind="Normal", count=1), "firstTimestamp": at(age)}


def closed(name: str, **more: Any) -> Obj:
    """Return a node that takes no new pods."""
    made = node(name, **more)
    made["spec"] = {"unschedulable": True}
    return made


ONE_BEFORE = (
    told("n1", "NodeNotSchedulable", 2400),
    told("n1", "Rebooted", 1900),
    told("n1", "NodeSchedulable", 1800),
)
AWAY = [alert("KubeNodeNotReady", node="n2")]


def emptied(
    *more: Obj,
    before: tuple[Obj, ...] = ONE_BEFORE,
    barred: float = 700,
    since: float = 200,
    left: bool = False,
    second: Obj | None = None,
    of: Obj | None = None,
    **rest: Any,
) -> Snapshot:
    """Return a node that was closed, then lost: a shop's pod came elsewhere before, an agent's is still on it.

    ``left``: the shop's pod is on it as well.
    """
    objects = younger(shop(pods=3, ready=2 if left else 3, nodes=("n1", "n3", "n2" if left else "n1")), 1, age=500)
    if left:
        put(pods_of(objects)[2], {}, ready=False, unready=since)
    agents = workload("agent", kind="DaemonSet", pods=3, ready=2, nodes=("n1", "n3", "n2"), service=False)
    put(pods_of(agents)[2], {}, ready=False, unready=since)
    found = of or closed("n2", ready="Unknown", since=since)
    others = [node("n3"), second or node("n1")]
    known: dict[str, Any] = {"alerts": AWAY, "figures": [WELL]} | rest
    barring = told("n2", "NodeNotSchedulable", barred)
    return snapshot(objects, agents, found, others, barring, *before, *more, **known)


LOST = ("Node/n2", "dependency_failure", "page_human")
HOLDS = [
    Holds(
        "what was lost is made good elsewhere for long, and there the older pods alone are ill",
        replaced(0.0, 0.9, 0.9, 0.001),
        LOST,
        excludes=no("rollback_workload", at=SHOP),
        spares=no("restart_workload", at=SHOP),
        believed="younger_pods_well",
    ),
    *(
        Holds(what, world, LOST, excludes=no("restart_workload", "rollback_workload", at=SHOP), alone=True)
        for what, world in (
            ("all that are left are ill: they lack what was on the node", replaced(0.0, 0.9, 0.9, 0.9)),
            ("what was lost has come elsewhere a moment ago", replaced(0.0, 0.9, 0.9, 0.001, came=200)),
            ("one is missing still", replaced(0.0, 0.9, 0.9, 0.001, wanted=4)),
        )
    ),
    Holds(
        "pods of two workloads were on it",
        snapshot(lacking("shop"), lacking("cart"), node("n1"), node("n2", ready="Unknown")),
        LOST,
        excludes=(*no("rollback_workload", at=SHOP), *no("restart_workload", at=CART)),
        alone=True,
    ),
]
HOLDS += [
    Holds(
        "it was emptied and is restarted, as another one before it, and nobody misses it",
        emptied(),
        ("Node/n2", "no_fault", "no_action"),
        excludes=no("restart_workload", "rollback_workload", at="DaemonSet/agent"),
        alone=True,
    ),
    Holds(
        "and who was without what moved tells of it no more",
        emptied(logs=[log(pod("shop"), *["ERROR Connection refused: cart:8080"] * 9, *["INFO ok"] * 60, since=900)]),
        ("Node/n2", "no_fault", "no_action"),
        alone=True,
    ),
    *(
        Holds(what, world, LOST, harmful=("no_action",))
        for what, world in (
            ("it was emptied, and no other one before it", emptied(before=())),
            ("the one before it was not opened again", emptied(before=ONE_BEFORE[:2])),
            ("the one before it was opened again after this one was closed", emptied(barred=2200)),
            ("a third one is lost too", emptied(node("n4", ready="Unknown"))),
            ("the one before it takes no pods", emptied(second=closed("n1"))),
            ("it has been away for long", emptied(barred=1750, since=1500)),
            ("it was closed after it was lost", emptied(barred=100)),
            ("nobody closed it", emptied(of=node("n2", ready="Unknown", since=200))),
            ("it was ill before", emptied(of=closed("n2", ready="Unknown", since=200, KernelDeadlock="True"))),
            ("a pod that serves is still on it", emptied(left=True)),
            ("requests fail", emptied(figures=[errors("shop", since=500)])),
            ("an alert tells of something else", emptied(alerts=[*AWAY, alert("ShopErrors", service="shop")])),
            (
                "who was without what moved still tells of it",
                emptied(logs=[log(pod("shop"), *["ERROR Connection refused: cart:8080"] * 90, since=900)]),
            ),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the pods are as bad, and the node answers",
        snapshot(lacking("shop"), lacking("cart"), NODES),
        ("unknown", "page_human"),
    ),
    DoesNotHold("all nodes answer", snapshot(shop(), NODES)),
]
