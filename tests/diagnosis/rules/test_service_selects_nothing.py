"""A Service whose selector fits no pod, though the pods it is meant for run."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CALLS_CART, CART, errors, logs, shop
from tests.diagnosis.rules.tiny import service_for, snapshot, workload

HOLDS = [
    Holds(
        "its selector was changed",
        snapshot(
            shop(env=CALLS_CART),
            workload("cart", service=False),
            service_for("cart", selector={"app": "cart", "tier": "back"}, written=600),
        ),
        ("Service/cart", "configuration_error", "page_human"),
        excludes=no("restart_workload", at=CART),
    ),
    Holds(
        "its callers are refused",
        snapshot(
            workload("pay", service=False),
            service_for("pay", selector={"app": "pay", "tier": "old"}, written=600),
            workload("web", env={"P": "http://pay:8080"}),
            figures=[errors("web", 0.9)],
            logs=logs("web", "connect ECONNREFUSED pay:8080"),
        ),
        ("Service/pay", "configuration_error", "page_human"),
        harmful=("restart_workload", "rollback_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "its pods are not ready",
        snapshot(shop(env=CALLS_CART), workload("cart", ready=0)),
        (CART, "unknown", "page_human"),
    ),
    DoesNotHold("it is of nothing that runs", snapshot(shop(env=CALLS_CART), service_for("legacy"))),
    DoesNotHold(
        "it is for pods that come and go",
        snapshot(
            shop(env=CALLS_CART),
            workload("cart"),
            service_for("cart-canary", selector={"app": "cart", "track": "canary"}),
        ),
    ),
]
