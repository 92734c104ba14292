"""The cause is the first component that fails by itself; what calls it only shows it."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CALLS_CART, CART, SHOP, WEB, errors, logs, shop
from tests.diagnosis.rules.tiny import snapshot, workload

SHOP_IS_LATE = logs("web", 'Get "http://shop:8080/": context deadline exceeded', times=1)
CART_IS_LATE = logs("shop", 'Get "http://cart:8080/": context deadline exceeded', times=1)

HOLDS = [
    Holds(
        "the last of a chain is blamed",
        snapshot(
            workload("web", env={"SHOP": "http://shop:8080"}),
            shop(env=CALLS_CART),
            workload("cart"),
            logs=[*SHOP_IS_LATE, *CART_IS_LATE],
        ),
        (CART, "dependency_failure", "page_human"),
        excludes=(*no("restart_workload", at=WEB), *no("restart_workload", at=SHOP)),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("nobody complains", snapshot(shop(env=CALLS_CART), workload("cart"))),
    DoesNotHold(
        "a line while nobody suffers",
        snapshot(
            shop(env=CALLS_CART),
            workload("cart"),
            logs=CART_IS_LATE,
            figures=[errors("shop", 0.001), errors("cart", 0.001)],
        ),
        (SHOP, "no_fault", "no_action"),
    ),
]
