"""A queue that grew once and is as short as before: when it began, turned and ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tuheg_ir.diagnosis.model import Series
from tuheg_ir.diagnosis.rules._after_outage import SMALL
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.named import NamedTuple

EMPTY = timedelta(minutes=5)
"""So long a queue is short again, if what waited is worked off and does not come at times."""
LEFT = 0.01
"""Share of what waited at most that may wait at any time beside what did before."""


class Hill(NamedTuple):
    """When a queue began to grow, was at its longest and short again, and how many waited then."""

    began: datetime
    turned: datetime
    ended: datetime
    most: float


def hill_of(view: View, series: Series) -> Hill | None:
    """Return how a queue grew and is short again for minutes; None if it did not, or is not."""
    points = series.points
    top = max(range(len(points)), key=lambda at: points[at][1])
    before = [at for at, (_, value) in enumerate(points[:top]) if value <= SMALL * points[top][1]]
    if not before:
        return None
    usual = max(value for _, value in points[: before[0] + 1]) + LEFT * points[top][1]
    long = [at for at, (_, value) in enumerate(points) if value > usual]
    if long[-1] + 1 >= len(points):
        return None
    places = (before[-1], top, long[-1] + 1, -1)
    began, turned, ended, now = (datetime.fromtimestamp(points[at][0], UTC) for at in places)
    if now - ended < EMPTY or not view.recent(now, EMPTY):
        return None
    return Hill(began, turned, ended, points[top][1])
