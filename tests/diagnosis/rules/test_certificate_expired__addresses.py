"""Servers tell by addresses who refuses them: a pod that has one now may not be the one that had it then."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import CART, SHOP
from tests.diagnosis.rules.test_certificate_expired import SHAKES, SINCE_THEN
from tests.diagnosis.rules.tiny import pod, timed
from tests.diagnosis.rules.trust import rewritten
from tuheg_ir.diagnosis.model import Log, Snapshot

YOUNG = SHAKES.replace("192.1", "192.3")
BACK = (SHOP, "configuration_error", "restart_workload")
OF_CART = (CART, "configuration_error", "page_human")


def told(*earlier: float, line: str = YOUNG) -> Log:
    """Return the log of a server: of the younger pod's address so long ago, and of an older pod's every minute."""
    lines = [*((age, line) for age in earlier), *((float(age), SHAKES) for age in range(1380, 30, -60))]
    return timed(pod("cart"), *sorted(lines, reverse=True))


def shaken(*earlier: float, line: str = YOUNG) -> Snapshot:
    return rewritten(0, 1, **SINCE_THEN, more=[told(*earlier, line=line)])


HOLDS = [
    Holds(
        f"a younger pod trusts what the older ones refuse, and its address was told {what}",
        world,
        BACK,
        harmful=("rollback_workload", "page_human"),
        alone=True,
    )
    for what, world in (
        ("of nobody", shaken()),
        ("hours before it started", shaken(7200)),
        ("just before it started", shaken(1390, 1300)),
        ("as a part of a longer one", shaken(300, line=SHAKES.replace("192.1", "192.31"))),
    )
]
HOLDS += [
    Holds(
        "a server tells of a younger pod's address since it started",
        shaken(300),
        OF_CART,
        harmful=("restart_workload", "rollback_workload"),
    ),
    Holds(
        "a server tells of a younger pod's address, as IPv6 writes one of IPv4",
        shaken(300, line=YOUNG.replace("10.1", "::ffff:10.1")),
        OF_CART,
        harmful=("restart_workload", "rollback_workload"),
    ),
]
DOES_NOT_HOLD: list[DoesNotHold] = []
