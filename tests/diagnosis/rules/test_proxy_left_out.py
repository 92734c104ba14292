"""A release without the proxy of its kind cannot call who takes mutual TLS only; those it calls are well."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CART, SHOP, alert, logs
from tests.diagnosis.rules.tiny import DAY, Obj, container, snapshot, workload

CALLS = {"CART_URL": "http://cart:8080", "PRICES_URL": "http://prices:8080"}
RESET = 'I/O error on POST request for "http://cart:8080/cart": Connection reset'
RESET_TOO = 'I/O error on POST request for "http://prices:8080/of": Connection reset'
PROXY = container("istio-proxy", "docker.io/istio/proxyv2:1.23")


def released(*, age: float = 600, **more: Any) -> list[Obj]:
    """Return a shop whose template had a proxy before its release."""
    objects = workload("shop", env=CALLS, before={"image": "shop:0"}, released=age, **more)
    old = next(each for each in objects if each["metadata"]["name"] == "shop-r1")
    old["spec"]["template"]["spec"]["containers"].append(PROXY)
    return objects


def called() -> list[Obj]:
    return [*workload("cart"), *workload("prices")]


HOLDS = [
    Holds(
        "two services reset what it calls",
        snapshot(
            released(),
            called(),
            logs=[*logs("shop", RESET, 0, since=500), *logs("shop", RESET_TOO, 1, since=500)],
            alerts=[alert("OrdersFail", service="shop")],
        ),
        (SHOP, "configuration_error", "rollback_workload"),
        excludes=(*no("restart_workload", "scale_workload", at=SHOP), *no("rollback_workload", at=CART)),
        alone=True,
        harmful=("restart_workload",),
        sure=(0.7, 1.0),
    ),
    Holds(
        "one service resets what it calls",
        snapshot(released(), called(), logs=logs("shop", RESET, 0, 1, since=500)),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the release is of last week",
        snapshot(released(age=7 * DAY), called(), logs=logs("shop", RESET, 0, 1)),
        (CART, "dependency_failure", "page_human"),
    ),
    DoesNotHold("it calls others as ever", snapshot(released(), called()), ("unknown", "page_human")),
]
