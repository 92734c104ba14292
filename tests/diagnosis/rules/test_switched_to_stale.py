"""A Service that leads to another set of pods since it was written: an older version, or the one that was meant."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds, no
from tests.diagnosis.rules.colours import NEW, OLD, led, slot
from tests.diagnosis.rules.scenes import alert, errors, logs
from tests.diagnosis.rules.tiny import DAY, snapshot

BLUE, GREEN = "Deployment/shop-blue", "Deployment/shop-green"
WRONG = ("Service/shop", "configuration_error", "page_human")
SCHEMA = "ERROR 42703 (undefined_column) column b0.depth does not exist"


BOTH = [*slot("blue", NEW, 2 * DAY), *slot("green", OLD, 40 * DAY)]
FAILS = errors("shop-green", since=640)
TOLD: dict[str, Any] = {"logs": logs("shop-green", SCHEMA, 0, 1, since=600), "alerts": [alert(service="shop")]}

HOLDS = [
    Holds(
        "users suffer since it leads to the program of last month",
        snapshot(BOTH, led(), figures=[FAILS, errors("shop-blue", 0.001)]),
        WRONG,
        excludes=no("restart_workload", "rollback_workload", "scale_workload", at=GREEN),
        alone=True,
        began=660,
    ),
    Holds("nobody measures it, its logs and an alert tell", snapshot(BOTH, led(), **TOLD), WRONG),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "it was switched to the newer one, which fails",
        snapshot(BOTH, led("blue"), figures=[errors("shop-blue", since=640)]),
        ("Service/shop", "configuration_error", "switch_traffic"),
    ),
    DoesNotHold("it was switched days ago", snapshot(BOTH, led(written=3 * DAY), **TOLD), ASK),
    DoesNotHold(
        "the other one is another program",
        snapshot(slot("blue", "registry.example/till:9", 2 * DAY), slot("green", OLD, 40 * DAY), led(), **TOLD),
        ASK,
    ),
    DoesNotHold(
        "the newer one is not well either",
        snapshot(slot("blue", NEW, 2 * DAY, ready=0), slot("green", OLD, 40 * DAY), led(), **TOLD),
    ),
    DoesNotHold("nobody suffers", snapshot(BOTH, led(), figures=[errors("shop-green", 0.001)])),
]
