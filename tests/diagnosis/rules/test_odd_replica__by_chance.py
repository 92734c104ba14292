"""Of who is asked rarely one failed request is a large share for a moment: whose turn it is now tells nothing."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import SHOP, errors, shop
from tests.diagnosis.rules.tiny import pod, series, snapshot
from tuheg_ir.diagnosis.model import Snapshot

LONG_AGO = (3300, 2700, 2100, 1500, 900, 500)


def flickers(
    *first: float, now: float = 60, high: float = 0.09, lasts: float = 60, signal: str = "error_ratio_by_pod"
) -> Snapshot:
    """Return a shop of two: when the first failed a request, and since when the second does.

    ``high``: what share that is of the second's. ``lasts``: how long each of the first's lasted.
    """
    quiet, bad = (0.0, 0.1) if "error" in signal else (0.1, 9.0)
    before = [step for since in first for step in ((since, bad), (since - lasts, quiet))]
    value = high if "error" in signal else 9.0
    ill = series({"pod": pod("shop", 1)}, (3600, quiet), (now, value))
    return snapshot(
        shop(),
        figures=[
            (signal, series({"pod": pod("shop", 0)}, (3600, quiet), *before)),
            (signal, ill),
            errors("shop", 0.04, before=0.04),
        ],
    )


HOLDS = [
    Holds(what, world, (SHOP, "service_crash", "restart_workload"))
    for what, world in (
        ("it fails for longer than the other ever did", flickers(*LONG_AGO, now=400)),
        ("it fails far more than the other ever did", flickers(*LONG_AGO, now=90, high=0.7)),
        ("the other failed for a moment once, and once again", flickers(2700, 900, now=90)),
        ("it is slow for longer than the other ever was", flickers(*LONG_AGO, now=400, signal="latency_p95_by_pod")),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world, harmful=("restart_workload", "rollback_workload", "scale_workload"))
    for what, world in (
        ("the other failed as much for a moment again and again", flickers(*LONG_AGO, now=60)),
        ("each failed request is a part of minutes", flickers(*LONG_AGO, now=200, lasts=210)),
        ("now and then one of few requests is slow", flickers(*LONG_AGO, now=60, signal="latency_p95_by_pod")),
        ("the other failed far more again and again", flickers(*LONG_AGO, now=60, high=0.06)),
    )
]
