"""Memory that climbs in one pod beside another that is measured at its limit, or above it."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import HOUR
from tests.diagnosis.rules.scenes import SHOP, alert, errors, rate, rising
from tests.diagnosis.rules.test_memory_leak import old
from tests.diagnosis.rules.tiny import NOW, pod, snapshot
from tuheg_ir.diagnosis.model import Series, Snapshot


def beside(share: float, low: float, high: float, *, age: float = 1200) -> Snapshot:
    """Return a shop with a pod that held such a share of its limit for so long, and one that went from low to high."""
    points = tuple((NOW.timestamp() - at, share) for at in range(int(age), -1, -30))
    held = ("memory_share", Series({"pod": pod("shop", 0), "container": "shop"}, points))
    figures = [held, rising(pod("shop", 1), low, high), rate("shop", 20, 20), errors("shop")]
    return snapshot(old(), figures=figures, alerts=[alert()])


HOLDS = [
    Holds(
        f"one pod climbs to its limit, beside one that {what}",
        world,
        (SHOP, "resource_exhaustion", "restart_workload"),
    )
    for what, world in (
        ("is just below its own", beside(0.99, 0.5, 0.97)),
        ("is measured at a hundredth above its own since minutes", beside(1.01, 0.5, 0.97)),
        ("is measured at a hundredth above its own for the hour", beside(1.01, 0.5, 0.97, age=HOUR)),
        ("holds clearly more than its own, and runs on", beside(1.2, 0.5, 0.97)),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(
        f"one pod stands near its limit, beside one that {what}",
        world,
        harmful=("restart_workload", "rollback_workload"),
    )
    for what, world in (
        ("holds clearly more than the same since minutes, and runs on", beside(1.05, 0.93, 0.95)),
        ("holds a hundredth more than the same for the hour, and runs on", beside(1.01, 0.93, 0.95, age=HOUR)),
    )
]
