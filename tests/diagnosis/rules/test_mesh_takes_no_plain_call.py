"""A mesh that takes encrypted calls only from one minute on resets who calls it without a proxy."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import CALLS_CART, CART, OLD, SHOP, errors, logs
from tests.diagnosis.rules.tiny import Obj, container, log, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

POLICY = "PeerAuthentication/default"
RESET = "ERROR GET http://cart:8080/items failed: Connection reset by peer"
HANGS_UP = "Error: socket hang up"
PLAIN = (
    '[2026-03-04T11:59:01.001Z] "- - -" 0 NR filter_chain_not_found - "-" 0 0 0 - "-" - - 10.1.0.9:8080 {}:58287 - -'
)
PROXY = container("istio-proxy", "docker.io/istio/proxyv2:1.24")


def mode(kind: str = "STRICT", written: float = 605, name: str = "default", **spec: Any) -> Obj:
    return thing("PeerAuthentication", name, written=written, spec={"mtls": {"mode": kind}, **spec})


def meshed(name: str, **more: Any) -> list[Obj]:
    """Return a workload whose pods were given a proxy as they were made."""
    objects = workload(name, **more)
    for each in pods_of(objects):
        each["spec"] = {**each["spec"], "containers": [*each["spec"]["containers"], PROXY]}
    return objects


def outside(name: str = "shop", **more: Any) -> list[Obj]:
    """Return a caller without a proxy, whose pods have addresses."""
    objects = workload(name, env=CALLS_CART, **more)
    for n, each in enumerate(pods_of(objects)):
        each["status"]["podIP"] = f"10.1.7.{n + 1}"
    return objects


def world(
    *policies: Obj,
    refused: str = "10.1.7.1",
    line: str = RESET,
    since: float = 590,
    cart: list[Obj] | None = None,
    shop: list[Obj] | None = None,
) -> Snapshot:
    """Return a shop without a proxy that a cart with one resets."""
    told = [log(pod("cart"), *[PLAIN.format(refused)] * 9, since=since)] if refused else []
    return snapshot(
        shop or outside(),
        cart or meshed("cart"),
        meshed("api", env=CALLS_CART),
        *policies,
        logs=[*logs("shop", line, 0, since=since), *told],
        figures=[errors("shop", 0.5, since)],
    )


HOLDS = [
    Holds(
        "the mode was set, and the server's proxy tells whom it refuses, though its caller was released before",
        world(mode(), shop=outside(before=OLD, released=1100)),
        (POLICY, "configuration_error", "page_human"),
        excludes=(*no("rollback_workload", "restart_workload", at=SHOP), *no("restart_workload", at=CART)),
        harmful=("rollback_workload",),
        alone=True,
    ),
    Holds(
        "no log of a proxy was read, and the caller names nobody",
        world(mode(), refused="", line=HANGS_UP),
        (POLICY, "configuration_error", "page_human"),
    ),
    Holds(
        "nobody may read the mesh's policies: the proxy tells of it",
        world(),
        (CART, "configuration_error", "page_human"),
    ),
    Holds(
        "one for the server's labels and its port alone, beside one for all that asks for nothing",
        world(
            mode("PERMISSIVE", written=9e6),
            mode(
                "PERMISSIVE",
                name="cart",
                selector={"matchLabels": {"app": "cart"}},
                portLevelMtls={"8080": {"mode": "STRICT"}},
            ),
            refused="",
        ),
        ("PeerAuthentication/cart", "configuration_error", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("plain calls are taken", world(mode("PERMISSIVE"), refused="")),
    DoesNotHold("the mode is as old as the caller, and no proxy tells of it", world(mode(written=9e6), refused="")),
    DoesNotHold("the proxy refuses a stranger", world(refused="203.0.113.9")),
    DoesNotHold(
        "the caller has a proxy too",
        snapshot(
            meshed("shop", env=CALLS_CART),
            meshed("cart"),
            mode(),
            logs=logs("shop", RESET, 0, since=590),
            figures=[errors("shop", 0.5, 590)],
        ),
    ),
    DoesNotHold("the server has no proxy", world(mode(), refused="", cart=workload("cart"))),
    DoesNotHold(
        "it is for another server",
        world(mode(selector={"matchLabels": {"app": "till"}}), refused=""),
    ),
    DoesNotHold(
        "the caller was released since the mode was set, and may have lost its proxy by that",
        world(mode(written=9e4), shop=outside(before=OLD, released=620)),
    ),
]
