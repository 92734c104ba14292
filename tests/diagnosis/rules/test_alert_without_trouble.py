"""An alert about requests, and the requests that it speaks of are measured and well."""

from __future__ import annotations

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds
from tests.diagnosis.rules.scenes import SHOP, WELL, alert, errors, latency, shop
from tests.diagnosis.rules.tiny import snapshot

CALM = latency("shop", 0.1, 0.11)

HOLDS = [
    Holds(
        "of errors, and there are none",
        snapshot(shop(), figures=[WELL, CALM], alerts=[alert(service="shop")]),
        (SHOP, "no_fault", "no_action"),
        alone=True,
    ),
    Holds(
        "of latency, and answers come as fast as ever",
        snapshot(shop(), figures=[WELL, CALM], alerts=[alert("SlowResponses", service="shop")]),
        (SHOP, "no_fault", "no_action"),
        sure=(0.0, 0.7),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("nobody measures what it speaks of", snapshot(shop(), alerts=[alert(service="shop")]), ASK),
    DoesNotHold(
        "it is critical",
        snapshot(shop(), figures=[WELL, CALM], alerts=[alert(service="shop", severity="critical")]),
        ASK,
    ),
    DoesNotHold(
        "it is right",
        snapshot(shop(), figures=[errors("shop")], alerts=[alert(service="shop")]),
        ASK,
    ),
]
