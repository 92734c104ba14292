"""Callers who told the same in the wave before a release say nothing against it, though they paused in between."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import SHOP
from tests.diagnosis.rules.test_errors_since_release__waves import BACK, LOOK, NOBODYS, waves

LATE: dict[str, Any] = {"released": 1100.0, "figures": NOBODYS}
HOLDS = [
    Holds(
        "they told of none before it", waves(300, **LATE), (SHOP, "code_defect", BACK), believed="errors_since_release"
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("they told the same in the wave before", waves(300, **LATE, before=(2100, 2090)), LOOK, (BACK,)),
]
