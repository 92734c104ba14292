"""A disruption budget that allows nothing keeps pods on a node that somebody drains."""

from __future__ import annotations

from tests.diagnosis.rules.cases import HEALTHY, DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import node
from tests.diagnosis.rules.scenes import SHOP, WELL, shop
from tests.diagnosis.rules.tiny import Obj, event, snapshot, thing
from tuheg_ir.diagnosis.model import Snapshot

TOLD = event(
    "Node/n2", "DrainFailed", "Cannot evict pod as it would violate the pod's disruption budget.", kind="Warning"
)


def budget(allowed: int) -> Obj:
    status = {"disruptionsAllowed": allowed, "currentHealthy": 2, "desiredHealthy": 2 - allowed}
    spec = {"minAvailable": 2 - allowed, "selector": {"matchLabels": {"app": "shop"}}}
    return thing("PodDisruptionBudget", "shop", spec=spec, status=status)


def drained(allowed: int = 0, *told: Obj, cordoned: bool = True) -> Snapshot:
    """Return a shop on two nodes of which one is closed."""
    second = node("n2") | {"spec": {"unschedulable": cordoned}}
    return snapshot(shop(), budget(allowed), node("n1"), second, *told, figures=[WELL])


HOLDS = [
    Holds(
        "an event tells that the drain does not end",
        drained(0, TOLD),
        ("PodDisruptionBudget/shop", "configuration_error", "page_human"),
        excludes=no("rollback_workload", at=SHOP),
        alone=True,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("nobody waits for it", drained(0), HEALTHY),
    DoesNotHold("the budget lets one pod go", drained(1, TOLD), HEALTHY),
    DoesNotHold("no node is closed", drained(0, TOLD, cordoned=False), HEALTHY),
]
