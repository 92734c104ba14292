"""Memory that sways from one minute to the next since a release, and rises beneath that, or stands."""

from __future__ import annotations

from tests.diagnosis.rules.cases import Holds
from tests.diagnosis.rules.scenes import SHOP
from tests.diagnosis.rules.test_memory_since_release import NEARLY, young

SWAY = (-0.006, -0.002, 0.002, 0.006, 0.002, -0.002)


def sways(low: float, high: float) -> list[float]:
    """Return shares that rise evenly from one to another and sway by more than they rise from each to the next."""
    return [0.5, 0.5, *(low + (high - low) * n / 34 + SWAY[n % 6] for n in range(34))]


HOLDS = [
    Holds(
        "and it rises by so much that it is killed within the hour, which sways hide, and an alert is about it",
        young(*sways(0.925, 0.945), alerts=[NEARLY]),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    Holds(
        "and it sways and does not rise, and an alert is about it",
        young(*sways(0.94, 0.94), alerts=[NEARLY]),
        (SHOP, "code_defect", "page_human"),
        harmful=("rollback_workload",),
    ),
]
