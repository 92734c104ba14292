"""A disruption budget that allows nothing keeps pods on a node that somebody drains."""

from __future__ import annotations

from collections.abc import Sequence

from tests.diagnosis.rules.cases import HEALTHY, DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import looping, node, rollout, waiting
from tests.diagnosis.rules.scenes import IMAGE, SHOP, WELL, alert, shop
from tests.diagnosis.rules.tiny import Obj, event, snapshot, thing
from tuheg_ir.diagnosis.model import Alert, Snapshot

TOLD = event(
    "Node/n2", "DrainFailed", "Cannot evict pod as it would violate the pod's disruption budget.", kind="Warning"
)


def budget(allowed: int) -> Obj:
    status = {"disruptionsAllowed": allowed, "currentHealthy": 2, "desiredHealthy": 2 - allowed}
    spec = {"minAvailable": 2 - allowed, "selector": {"matchLabels": {"app": "shop"}}}
    return thing("PodDisruptionBudget", "shop", spec=spec, status=status)


def drained(
    allowed: int = 0, *told: Obj, cordoned: bool = True, expected: int = 0, alerts: Sequence[Alert] = ()
) -> Snapshot:
    """Return a shop on two nodes of which one is closed."""
    shield = budget(allowed)
    shield["status"]["expectedPods"] = expected
    second = node("n2") | {"spec": {"unschedulable": cordoned}}
    return snapshot(shop(), shield, node("n1"), second, *told, figures=[WELL], alerts=alerts)


def short(status: Obj, expected: int = 3) -> Snapshot:
    """Return a drain that waits while a release's pod is in a state, and who of its pods the budget wants."""
    shield = budget(0)
    shield["status"]["expectedPods"] = expected
    second = node("n2") | {"spec": {"unschedulable": True}}
    return snapshot(rollout("shop", status, before=IMAGE), shield, node("n1"), second, TOLD, figures=[WELL])


HOLDS = [
    Holds(
        "an event tells that the drain does not end",
        drained(0, TOLD),
        ("PodDisruptionBudget/shop", "configuration_error", "page_human"),
        excludes=no("rollback_workload", at=SHOP),
        alone=True,
    ),
    Holds(
        "an alert tells it, and the budget wants each of its pods",
        drained(0, expected=2, alerts=[alert("NodeDrainStuck", node="n2")]),
        ("PodDisruptionBudget/shop", "configuration_error", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("nobody waits for it", drained(0), HEALTHY),
    DoesNotHold("the budget lets one pod go", drained(1, TOLD), HEALTHY),
    DoesNotHold(
        "a release's pods crash beneath it: the budget would let one go if they were well",
        short(looping()),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "the image of a release cannot be pulled, and two of three are what the budget wants",
        short(waiting("ImagePullBackOff")),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    DoesNotHold("no node is closed", drained(0, TOLD, cordoned=False), HEALTHY),
]
