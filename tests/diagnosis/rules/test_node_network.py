"""The network of one node: its pods get none, or reach nobody while all others do."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import CALLS_CART, logs, shop
from tests.diagnosis.rules.tiny import Obj, event, log, pod, snapshot, workload

NODE = ("Node/n1", "network_fault", "page_human")
MESSAGES = (
    'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "4f": '
    'plugin type="calico" failed (add): error getting ClusterInformation',
    "Failed to create pod sandbox: ... failed to allocate for range 0: no IP addresses available in range set",
    'networkPlugin cni failed to set up pod "x" network: add cmd: failed to assign an IP address to container',
)
LATE = "dial tcp 10.96.0.9:8080: i/o timeout"


def callers() -> list[list[Obj]]:
    return [shop(env=CALLS_CART), workload("web", env=CALLS_CART), workload("cart")]


ONE = [shop(env=CALLS_CART), workload("cart")]
HEARD = [*logs("shop", LATE, times=1), log(pod("shop", 1), "ok")]
FLAPS = event("Node/n1", "NICLinkFlap", "mlx5_core 0000:3b:00.0 eth0: Link down", age=30, count=20)

HOLDS = [
    Holds("one service there reaches nobody, and its link goes down", snapshot(*ONE, FLAPS, logs=HEARD), NODE),
    *(
        Holds(
            f"its pods get no network: {message[-40:]}",
            snapshot(shop(env=CALLS_CART, ready=1), event(f"Pod/{pod('shop')}", "FailedCreatePodSandBox", message)),
            NODE,
        )
        for message in MESSAGES
    ),
    Holds(
        "its pods alone reach nobody",
        snapshot(
            *callers(),
            logs=[
                *(line for name in ("shop", "web") for line in logs(name, LATE, times=1)),
                *(log(pod(name, 1), "ok") for name in ("shop", "web")),
            ],
        ),
        NODE,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("one service there reaches nobody, and no link is bad", snapshot(*ONE, logs=HEARD)),
    DoesNotHold("its link goes down, and all its pods are well", snapshot(*ONE, FLAPS)),
    DoesNotHold(
        "pods everywhere reach nobody",
        snapshot(*callers(), logs=[line for name in ("shop", "web") for line in logs(name, LATE, 0, 1, times=1)]),
    ),
]
