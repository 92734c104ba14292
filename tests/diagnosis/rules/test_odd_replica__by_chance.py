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


def outages(*ends: float, now: float = 280) -> Snapshot:
    """Return a shop of three whose pods all failed in outages of five minutes, and of which the second fails again."""
    steps = [step for since in ends for step in ((since, 0.9), (since - 300, 0.0))]
    like = [
        ("error_ratio_by_pod", series({"pod": pod("shop", n)}, (3600, 0.0), *steps, *([(now, 0.7)] if n == 1 else [])))
        for n in range(3)
    ]
    return snapshot(shop(pods=3), figures=[*like, errors("shop", 0.25, before=0.001, since=now)])


def beside(value: float, moment: float, high: float) -> Snapshot:
    """Return a shop of four: one fails for a quarter of an hour, beside one that flickers and one that does it now.

    ``value``: what share the ill one fails; ``moment``: the one whose turn it is; ``high``: the other's, each time.
    """
    steps: list[tuple[float, float]] = [step for since in LONG_AGO for step in ((since, high), (since - 90, 0.0))]
    shares: tuple[list[tuple[float, float]], ...] = (steps, [(60, moment)], [(900, value)], [])
    like = [
        ("error_ratio_by_pod", series({"pod": pod("shop", n)}, (3600, 0.0), *share)) for n, share in enumerate(shares)
    ]
    return snapshot(shop(pods=4), figures=[*like, errors("shop", 0.1, before=0.001, since=900)])


HOLDS = [
    Holds(what, world, (SHOP, "service_crash", "restart_workload"))
    for what, world in (
        ("it fails for longer than the other ever did", flickers(*LONG_AGO, now=400)),
        ("it fails far more than the other ever did", flickers(*LONG_AGO, now=90, high=0.7)),
        ("the other failed for a moment once, and once again", flickers(2700, 900, now=90)),
        ("all met the outages before, and it fails alone now", outages(3500, 2950, 2400, 1850, 1300)),
        ("another one fails a request by chance just now", beside(0.3, 0.09, 0.1)),
        ("it fails at all, and another one's share is large by chance", beside(1.0, 0.3, 0.35)),
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
