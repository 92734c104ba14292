"""A caller that asks again and again multiplies its requests; the users' did not grow."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import CALLS_CART, CART, SHOP, errors, rate, shop
from tests.diagnosis.rules.tiny import snapshot, workload

STORM = (rate("cart", 60, 400), errors("cart", 0.4, before=0.0))
EAGER = {
    "env": {**CALLS_CART, "HTTP_RETRIES": "10"},
    "before": {"env": {**CALLS_CART, "HTTP_RETRIES": "1"}},
    "released": 660,
}

HOLDS = [
    Holds(
        "a release brought more retries",
        snapshot(shop(**EAGER), workload("cart"), figures=[rate("shop"), *STORM]),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "without a release the callee is told",
        snapshot(shop(env=CALLS_CART), workload("cart"), figures=[rate("shop"), *STORM]),
        (CART, "dependency_failure", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "more users",
        snapshot(shop(env=CALLS_CART), workload("cart"), figures=[rate("shop", 50, 350), *STORM]),
        (CART, "capacity", "scale_workload"),
    ),
]
