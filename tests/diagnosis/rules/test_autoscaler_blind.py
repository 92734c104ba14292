"""An autoscaler that cannot count gives no replicas: who blinded it is looked for."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, WELL, alert, autoscaler, shop
from tests.diagnosis.rules.tiny import DAY, Obj, container, snapshot

SCALER = "HorizontalPodAutoscaler/shop"
FIRES = [alert("ShopSlow", service="shop")]


def blinded(message: str = "no metrics returned") -> Obj:
    """Return an autoscaler that says why it sees nothing."""
    made = autoscaler("shop", 2, 9, blind=True)
    for each in made["status"]["conditions"]:
        if each["type"] == "ScalingActive":
            each["message"] = message
    return made


def with_proxy(released: float) -> list[Obj]:
    """Return a shop that got a proxy beside its program with a release."""
    objects = shop(before={"image": "registry.example/shop:0"}, released=released)
    proxy: dict[str, Any] = container("proxy", "registry.example/proxy:1", port=5432)
    newest = max(
        (each for each in objects if each["kind"] == "ReplicaSet"),
        key=lambda each: each["metadata"]["creationTimestamp"],
    )
    for each in (objects[0], newest):
        each["spec"]["template"]["spec"]["containers"].append(proxy)
    return objects


MISSING = "failed to get cpu utilization: missing request for cpu in container proxy of Pod shop-0"

HOLDS = [
    Holds(
        "a container of the newest release asks for nothing",
        snapshot(with_proxy(1800), blinded(MISSING), alerts=FIRES),
        (SHOP, "configuration_error", "rollback_workload"),
        excludes=no("restart_workload", at=SHOP),
    ),
    Holds(
        "nobody knows since when",
        snapshot(shop(), blinded(), alerts=FIRES),
        (SCALER, "configuration_error", "page_human"),
    ),
    Holds(
        "the container came with a release of last month",
        snapshot(with_proxy(30 * DAY), blinded(MISSING), alerts=FIRES),
        (SCALER, "configuration_error", "page_human"),
        harmful=("rollback_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("nobody suffers", snapshot(shop(), blinded(), figures=[WELL])),
    DoesNotHold("it sees", snapshot(shop(), autoscaler("shop", 2, 9), alerts=FIRES), ("unknown", "page_human")),
]
