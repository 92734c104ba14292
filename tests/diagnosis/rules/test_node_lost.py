"""A node that does not answer is behind all that ran there."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import node, pods_of, put, younger
from tests.diagnosis.rules.scenes import CART, SHOP, errors, failing, shop
from tests.diagnosis.rules.tiny import Obj, snapshot, workload
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
DOES_NOT_HOLD = [
    DoesNotHold(
        "the pods are as bad, and the node answers",
        snapshot(lacking("shop"), lacking("cart"), NODES),
        ("unknown", "page_human"),
    ),
    DoesNotHold("all nodes answer", snapshot(shop(), NODES)),
]
