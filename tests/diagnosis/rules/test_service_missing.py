"""The Service of a workload was deleted; its pods run, and nobody finds them."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.names import NO_CART
from tests.diagnosis.rules.scenes import CALLS_CART, CART, errors, logs, shop
from tests.diagnosis.rules.tiny import snapshot, workload

HOLDS = [
    Holds(
        "its callers cannot resolve it",
        snapshot(shop(env=CALLS_CART), workload("cart", service=False), logs=logs("shop", NO_CART, times=2)),
        ("Service/cart", "configuration_error", "page_human"),
        excludes=no("restart_workload", at=CART),
    ),
    Holds(
        "its callers cannot resolve it, and fail",
        snapshot(
            workload("api", service=False),
            workload("web", env={"API_URL": "http://api:8080"}),
            figures=[errors("web", 0.9)],
            logs=logs("web", "getaddrinfo ENOTFOUND api"),
        ),
        ("Service/api", "configuration_error", "page_human"),
        harmful=("restart_workload", "rollback_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("it is there", snapshot(shop(env=CALLS_CART), workload("cart"), logs=logs("shop", NO_CART, times=2))),
]
