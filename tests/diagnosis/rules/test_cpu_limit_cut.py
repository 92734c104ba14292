"""A release lowered the processor limit below what is used."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import HOUR
from tests.diagnosis.rules.scenes import MORE, ROOM, SHOP, busy, rate, shop
from tests.diagnosis.rules.tiny import snapshot

HOLDS = [
    Holds(
        "containers are held back since",
        snapshot(shop(before=MORE, released=700, **ROOM), figures=busy(rate("shop", 20, 20))),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the release raised it",
        snapshot(shop(before=ROOM, released=3 * HOUR, **MORE), figures=busy(rate("shop", 20, 50))),
        (SHOP, "capacity", "scale_workload"),
    ),
    DoesNotHold(
        "they use half of it",
        snapshot(shop(before=MORE, released=700, **ROOM), figures=busy(throttled=0.0, share=0.5)),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
]
