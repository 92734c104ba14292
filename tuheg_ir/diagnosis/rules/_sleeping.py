"""How many sessions of a database sleep without a break, as the sum of their times of sleep tells.

Who wakes begins anew at nothing: what the sum grows by in a second is the number of those who never wake.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from tuheg_ir.diagnosis.rules._sessions import label_of
from tuheg_ir.diagnosis.view.view import View

_SIGNAL = "db_idle_seconds"
NEARLY = 0.9
"""Share of some sessions of which it has to be known that they sleep: others come and go meanwhile."""
_READINGS = 5
WHILE = timedelta(minutes=10)
"""Sessions that sleep on for so long are not between two statements."""


def asleep_since(view: View, ref: str, since: datetime) -> float | None:
    """Return how many sessions of a database sleep since a time, and did not before; None if nobody knows.

    Pools keep some ready that are hardly ever used: they slept before as well.
    """
    start = since.timestamp()
    before = _pace([each for each in _points(view, ref) if each[0] <= start])
    lately = asleep_lately(view, ref, since)
    return lately - max(0.0, before) if before is not None and lately is not None else None


def asleep_lately(view: View, ref: str, since: datetime) -> float | None:
    """Return how many sessions of a database have slept for a while, at most since a time; None if nobody knows."""
    points, now = _points(view, ref), view.now.timestamp()
    fresh = bool(points) and now - points[-1][0] <= WHILE.total_seconds() / 2
    start = max(since.timestamp(), now - WHILE.total_seconds())
    return _pace([each for each in points if each[0] >= start]) if fresh else None


def _points(view: View, ref: str) -> Sequence[tuple[float, float]]:
    label = label_of(view, _SIGNAL, ref)
    told = view.figures.series(_SIGNAL, component=label) if label else ()
    return max((series.points for series in told), key=len, default=())


def _pace(points: Sequence[tuple[float, float]]) -> float | None:
    """Return by how much a count grows in a second, as a rule; None where it is told of too seldom."""
    paces = [(now - was) / (then - at) for (at, was), (then, now) in pairwise(points) if then > at]
    return median(paces) if len(paces) >= _READINGS else None
