"""A node that does not answer is behind all that ran there."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import node, pods_of, put
from tests.diagnosis.rules.scenes import CART, SHOP, shop
from tests.diagnosis.rules.tiny import Obj, snapshot, workload
from tests.diagnosis.worlds import NODES


def lacking(name: str) -> list[Obj]:
    """Return a workload whose pod on node n2 is not ready."""
    objects = workload(name, ready=1)
    put(pods_of(objects)[1], {}, ready=False, unready=280)
    return objects


HOLDS = [
    Holds(
        "pods of two workloads were on it",
        snapshot(lacking("shop"), lacking("cart"), node("n1"), node("n2", ready="Unknown")),
        ("Node/n2", "dependency_failure", "page_human"),
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
