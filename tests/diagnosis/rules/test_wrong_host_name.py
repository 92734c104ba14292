"""A name that one service alone cannot resolve, and that nothing bears, stands wrong in its configuration."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.names import NO_CART, NO_CRAT
from tests.diagnosis.rules.scenes import CALLS_CART, SHOP, logs, shop
from tests.diagnosis.rules.tiny import snapshot, thing, workload

READS = {"volumes": [{"name": "c", "configMap": {"name": "shop"}}]}
SETTINGS = thing("ConfigMap", "shop", written=900, data={"app.yaml": "cart: http://crat:8080"})

HOLDS = [
    Holds(
        "a release brought it",
        snapshot(
            shop(env={"CART_URL": "http://crat:8080"}, before={"env": CALLS_CART}),
            workload("cart"),
            logs=logs("shop", NO_CRAT, times=1),
        ),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "a ConfigMap has it",
        snapshot(shop(env=CALLS_CART, spec=READS), SETTINGS, workload("cart"), logs=logs("shop", NO_CRAT, times=1)),
        ("ConfigMap/shop", "configuration_error", "page_human"),
        excludes=no("rollback_workload", at=SHOP),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the name is right, and its Service is gone",
        snapshot(shop(env=CALLS_CART), workload("cart", service=False), logs=logs("shop", NO_CART, times=2)),
        ("Service/cart", "configuration_error", "page_human"),
    ),
]
