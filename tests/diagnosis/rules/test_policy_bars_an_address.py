"""A policy lets a workload out to some addresses; what it calls has another one now."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, errors, logs, policy, shop
from tests.diagnosis.rules.tiny import Obj, snapshot

DAYS = 90 * 86400.0
LINE = "ERROR Connect to https://bureau.example:443 [bureau.example/198.51.100.21] failed: Connect timed out"


def lets_out_to(*cidrs: str, **more: Any) -> Obj:
    peers = [{"ipBlock": {"cidr": cidr}} for cidr in cidrs]
    return policy("shop-egress", "shop", age=DAYS, egress=[{"to": peers, **more}])


HOLDS = [
    Holds(
        "the calls go to an address of no range that is let out to",
        snapshot(
            shop(),
            lets_out_to("203.0.113.32/27"),
            figures=[errors("shop")],
            logs=logs("shop", LINE, 0, 1),
        ),
        ("NetworkPolicy/shop-egress", "configuration_error", "page_human"),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the address is in a range that is let out to",
        snapshot(shop(), lets_out_to("198.51.100.0/24"), figures=[errors("shop")], logs=logs("shop", LINE, 0, 1)),
        (SHOP, "dependency_failure", "page_human"),
    ),
    DoesNotHold(
        "nothing binds the caller",
        snapshot(shop(), figures=[errors("shop")], logs=logs("shop", LINE, 0, 1)),
        (SHOP, "dependency_failure", "page_human"),
    ),
]
