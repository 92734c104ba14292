"""A release lowered the memory limit below what is used."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import MORE, ROOM, SHOP, killed, shop, with_helper
from tests.diagnosis.rules.tiny import snapshot

CUT = snapshot(killed(shop(before=MORE, released=1200, **ROOM)))

HOLDS = [
    Holds(
        "containers are killed since",
        CUT,
        (SHOP, "configuration_error", "rollback_workload"),
        excludes=no("restart_workload", at=SHOP),
        began=1200,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the release raised it",
        snapshot(killed(shop(before=ROOM, released=1200, **MORE))),
        (SHOP, "service_crash", "page_human"),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "the release lowered that of another container than the one that is killed",
        snapshot(killed(with_helper(shop(before={}, released=1200), MORE, ROOM))),
        (SHOP, "service_crash", "page_human"),
        harmful=("rollback_workload",),
    ),
    DoesNotHold("nobody is short of memory", snapshot(shop(before=MORE, released=1200, **ROOM))),
]
