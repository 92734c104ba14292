"""A client is held back as the limits want it; nobody else feels anything."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import SHOP, WELL, alert, errors, shop
from tests.diagnosis.rules.tiny import figure, snapshot

LIMITED = figure("rate_limited_ratio", 0.0, 0.3, component="shop")
FOUR = [alert("Shop4xx", service="shop")]

HOLDS = [
    Holds(
        "an alert tells of it, and all else is well",
        snapshot(shop(), figures=[WELL, LIMITED], alerts=FOUR),
        (SHOP, "no_fault", "no_action"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "others fail as well",
        snapshot(shop(), figures=[errors("shop"), LIMITED], alerts=FOUR),
        (SHOP, "unknown", "page_human"),
    ),
    DoesNotHold(
        "hardly anybody is held back",
        snapshot(shop(), figures=[WELL, figure("rate_limited_ratio", 0.0, 0.001, component="shop")]),
        (SHOP, "no_fault", "no_action"),
    ),
]
