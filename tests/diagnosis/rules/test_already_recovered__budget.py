"""Few requests failed for a while, and an alert counts them on over its window: nothing is wrong by now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import SHOP
from tests.diagnosis.rules.tiny import NOW, series, snapshot, workload
from tuheg_ir.diagnosis.model import Alert, Snapshot

BURST = ((3600.0, 0.0), (1380.0, 0.012), (1320.0, 0.025), (1230.0, 0.0))
LAST = "More than 0.1% of the requests of the last 30 minutes ended with 5xx"
OVER = (SHOP, "no_fault", "no_action")
RESTARTS = ("rollback_workload", "restart_workload", "scale_workload")


def spent(
    steps: Sequence[tuple[float, float]] = BURST,
    *more: Any,
    said: str = LAST,
    fires: float = 1200,
    of: str = "shop",
    released: bool = True,
    **labels: str,
) -> Snapshot:
    """Return a shop that failed a little as its pods were replaced, and whose alert says how it looks back."""
    before = {"image": "shop:1"} if released else None
    objects = workload("shop", "shop:2", before=before, released=1400)
    told = Alert(
        "BudgetBurns", {"service": of, **labels}, {"description": said}, "firing", NOW - timedelta(seconds=fires)
    )
    failed = ("error_ratio", series({"component": "shop"}, *steps))
    return snapshot(objects, workload("mailer"), *more, figures=[failed], alerts=[told])


HOLDS = [
    Holds("a roll-out closed pods that were still asked", spent(), OVER, harmful=RESTARTS),
    Holds("without a release", spent(released=False), OVER),
    Holds("the window is a label", spent(said="The budget of the shop burns", window="1h"), OVER),
    Holds("the alert is of a burn rate of an hour", spent(said="burn rate 14.4 in the past hour, rate(x[1h])"), OVER),
    Holds(
        "something fails always, and no more than that now",
        spent(((3600.0, 0.002), (1500.0, 0.04), (1230.0, 0.002))),
        OVER,
    ),
]
DOES_NOT_HOLD = [
    # where nothing else is known an alert without any trouble is told
    DoesNotHold("the alert says of no time that it looks back over", spent(said="requests fail"), OVER),
    DoesNotHold("its window holds nothing of it any more", spent(said="in the last 10 minutes"), OVER),
    DoesNotHold("it ended a moment ago", spent(((3600.0, 0.0), (1380.0, 0.025), (300.0, 0.0))), OVER),
    DoesNotHold("as many fail still", spent(((3600.0, 0.0), (1380.0, 0.025))), OVER),
    DoesNotHold(
        "half as many fail still", spent(((3600.0, 0.0), (1380.0, 0.04), (1230.0, 0.01))), harmful=("no_action",)
    ),
    DoesNotHold(
        "it comes again and again",
        spent(((3600.0, 0.0), (2900.0, 0.03), (2700.0, 0.0), (1380.0, 0.03), (1230.0, 0.0))),
        harmful=("no_action",),
    ),
    DoesNotHold("it began long before the burst", spent(fires=3300), OVER),
    DoesNotHold("the alert is of somebody else", spent(of="mailer"), harmful=("no_action",)),
    DoesNotHold("hardly anything failed", spent(((3600.0, 0.0), (1380.0, 0.001), (1230.0, 0.0))), OVER),
]
