"""A caller keeps the address of a Service that was deleted and made anew."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, errors, shop
from tests.diagnosis.rules.tiny import Obj, at, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log


def cart(made: float) -> list[Obj]:
    """Return the cart, whose Service was made so many seconds ago."""
    objects = workload("cart")
    objects[-1]["metadata"]["creationTimestamp"] = at(made)
    return objects


def dials(address: str, since: float = 600) -> Log:
    return log(pod("shop"), *[f"[error] upstream timed out, upstream: http://{address}:8080/"] * 20, since=since)


HOLDS = [
    Holds(
        "errors name an address among those of Services that none has, since one was made",
        snapshot(shop(), cart(640), logs=[dials("10.96.7.9")], figures=[errors("shop")]),
        (SHOP, "network_fault", "restart_workload"),
        excludes=no("rollback_workload", at=SHOP),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "no Service was made then",
        snapshot(shop(), cart(86400), logs=[dials("10.96.7.9")], figures=[errors("shop")]),
        (SHOP, "unknown", "page_human"),
    ),
    DoesNotHold(
        "a Service has the address",
        snapshot(shop(), cart(640), logs=[dials(str(cart(1)[-1]["spec"]["clusterIP"]))], figures=[errors("shop")]),
        (),
    ),
    DoesNotHold(
        "the address is outside",
        snapshot(shop(), cart(640), logs=[dials("203.0.113.9")], figures=[errors("shop")]),
        (),
    ),
]
