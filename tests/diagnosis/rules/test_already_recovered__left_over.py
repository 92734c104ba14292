"""Alerts that count pods which a node's shutdown left behind tell of nothing, as long as others took their places."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import HEALTHY, DoesNotHold, Holds
from tests.diagnosis.rules.scenes import SHOP, WELL, alert, errors
from tests.diagnosis.rules.tiny import NOW, Obj, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Alert, Snapshot

NOT_READY = Alert(
    "KubePodNotReady",
    {"pod": "shop-old", "severity": "warning"},
    {"summary": "Pod has been in a non-ready state for more than 15 minutes."},
    "firing",
    NOW,
)
IMMINENT = "Pod was terminated in response to imminent node shutdown."
REJECTED = "Pod was rejected as the node is shutting down."


def gone(reason: str = "Terminated", message: str = IMMINENT, phase: str = "Failed", name: str = "shop-old") -> Obj:
    """Return a pod of the shop that is over."""
    pod = thing("Pod", name, age=40000, spec={"containers": [{"name": "shop", "image": "shop:1"}], "nodeName": "n1"})
    pod["metadata"]["ownerReferences"] = [{"kind": "ReplicaSet", "name": "shop-r1", "controller": True}]
    pod["status"] = {"phase": phase, "reason": reason, "message": message}
    return pod


def left(*pods: Obj, fires: tuple[Alert, ...] = (NOT_READY,), figures: Any = (WELL,), **shop: Any) -> Snapshot:
    """Return a shop with such pods, and the alert about one."""
    return snapshot(workload("shop", **shop), *pods, figures=figures, alerts=fires)


HOLDS = [
    Holds(f"a pod is left over: {what}", world, (SHOP, *HEALTHY), alone=True)
    for what, world in (
        ("a shutdown ended it", left(gone())),
        ("an older kubelet's word", left(gone("Shutdown", "Node is shutting, evicting pods"))),
        ("it came when the node went down", left(gone("NodeShutdown", REJECTED))),
        ("nobody measures the shop", left(gone(), figures=())),
        ("several were left", left(gone(), gone(name="shop-older"))),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold("a shutdown ended a pod, and nobody took its place", left(gone(), ready=1)),
    DoesNotHold(
        "a pod is left over, and another alert fires as well",
        left(gone(), fires=(NOT_READY, alert("ShopOrdersFew", severity="critical"))),
    ),
    DoesNotHold("a pod is left over, and the shop fails", left(gone(), figures=(errors("shop", 0.3),))),
    DoesNotHold(
        "the kubelet threw it out for want of memory", left(gone("Evicted", "The node was low on resource: memory."))
    ),
    DoesNotHold("it failed by itself", left(gone("", ""))),
    DoesNotHold("the alert means another pod", left(gone(name="shop-older"))),
]
