"""The addresses for pods are used up on several nodes, and what looks like it."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CALLS_CART, SHOP, alert, busy, latency, shop
from tests.diagnosis.rules.tiny import Obj, event, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

SANDBOX = 'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "4f": '
AWS = SANDBOX + 'plugin type="aws-cni" failed (add): add cmd: failed to assign an IP address to container'
MESSAGES = (
    AWS,
    SANDBOX + 'plugin type="bridge" failed (add): failed to allocate for range 0: no IP addresses available in range',
    SANDBOX + 'plugin type="cilium-cni" failed (add): unable to allocate IP via local cilium agent: range is full',
    SANDBOX + 'plugin type="calico" failed (add): failed to request IPv4 addresses: Assigned 0 out of 1 requested IPv4',
    SANDBOX + 'plugin type="azure-vnet" failed (add): IPAM Invoker Add failed: No available addresses',
    SANDBOX + 'plugin type="kube-ovn" failed (add): NoAvailableAddress',
)
BROKEN = SANDBOX + 'plugin type="calico" failed (add): error getting ClusterInformation: connection is unauthorized'


def waits(*numbers: int, of: str = "shop", message: str = AWS, age: float = 60) -> list[Obj]:
    """Return that some pods get no sandbox."""
    return [event(f"Pod/{pod(of, number)}", "FailedCreatePodSandBox", message, age=age) for number in numbers]


def world(*beside: Any, ready: int = 2, **more: Any) -> Snapshot:
    """Return a shop of four pods on two nodes by turns, of which the later ones wait."""
    return snapshot(shop(pods=4, ready=ready), *beside, **more)


ASK = (SHOP, "resource_exhaustion", "page_human")
ACTS = ("rollback_workload", "restart_workload", "scale_workload")
HOLDS = [
    *(
        Holds(
            f"a pod on each node gets none: {message[-50:]}",
            world(waits(2, 3, message=message)),
            ASK,
            excludes=no(*ACTS, at=SHOP),
            harmful=ACTS,
            alone=True,
        )
        for message in MESSAGES
    ),
    Holds(
        "those that run have too much to do for so few",
        world(waits(2, 3), figures=[*busy(), latency("shop")], alerts=[alert("SlowOrders", service="shop")]),
        ASK,
        harmful=ACTS,
    ),
    Holds(
        "pods of another one wait as well, fewer of them",
        world(workload("cart", ready=1), waits(2, 3), waits(1, of="cart")),
        ASK,
        alone=True,
    ),
    Holds(
        "who calls one that waits suffers with it",
        world(workload("cart", env={"SHOP_URL": "http://shop:8080"}), waits(2, 3), figures=[latency("cart")]),
        ASK,
        alone=True,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "on one node alone: its own range may be full", world(waits(2)), ("Node/n1", "network_fault", "page_human")
    ),
    DoesNotHold("they have got one since", world(waits(2, 3), ready=4)),
    DoesNotHold("it was hours ago", world(waits(2, 3, age=9000)), ("page_human",), harmful=ACTS),
    DoesNotHold(
        "the network plugin fails for another reason",
        world(waits(2, 3, message=BROKEN)),
        ("network_fault", "page_human"),
    ),
    DoesNotHold(
        "what waits on the other node waits for something else",
        snapshot(shop(pods=4, ready=2, env=CALLS_CART), waits(2), waits(3, message=BROKEN)),
        ("network_fault", "page_human"),
    ),
]
