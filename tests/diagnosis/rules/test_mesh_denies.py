"""What the mesh denies by a policy is the policy's, not the server's and not the caller's."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CALLS_CART, CART, OLD, SHOP, errors, logs, shop
from tests.diagnosis.rules.tiny import Obj, snapshot, thing, workload

DENIED = "GET http://cart/items 403 RBAC: access denied"
ACCESS = '[2026-03-04T11:59:01.001Z] "GET /items HTTP/1.1" 403 - rbac_access_denied_matched_policy[none] - "-" 0 19'


def allows(name: str, **spec: Any) -> Obj:
    """Return a policy of the mesh that was written ten minutes ago."""
    return thing("AuthorizationPolicy", name, age=600, spec={"action": "ALLOW", **spec})


OURS = allows("cart-allow", selector={"matchLabels": {"app": "cart"}})
OTHERS = allows("till-allow", selector={"matchLabels": {"app": "till"}})
POLICY = "AuthorizationPolicy/cart-allow"

HOLDS = [
    Holds(
        "a policy that binds the server is known",
        snapshot(
            shop(env=CALLS_CART, before=OLD, released=700),
            workload("cart"),
            OURS,
            OTHERS,
            logs=[*logs("shop", DENIED), *logs("cart", ACCESS)],
            figures=[errors("shop", 0.5, 590)],
        ),
        (POLICY, "configuration_error", "page_human"),
        excludes=(*no("rollback_workload", at=SHOP), *no("restart_workload", at=CART)),
        harmful=("rollback_workload",),
    ),
    Holds(
        "nobody may read the mesh's policies",
        snapshot(shop(env=CALLS_CART), workload("cart"), logs=logs("shop", DENIED), figures=[errors("shop", 0.5, 590)]),
        (CART, "configuration_error", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the server itself refuses",
        snapshot(
            shop(env=CALLS_CART),
            workload("cart"),
            OURS,
            logs=logs("shop", "GET http://cart/items 403 Forbidden"),
            figures=[errors("shop", 0.5, 590)],
        ),
        ("unknown", "page_human"),
    ),
]
