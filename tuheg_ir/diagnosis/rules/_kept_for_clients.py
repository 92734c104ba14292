"""Since when what a store keeps in memory for its clients grows: ids, sessions, queues, keys, as it counts them itself.

What is made anew for each piece of work grows in a straight line. Where the figures begin amid it, it leads back to
when there was none of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from statistics import median

from tuheg_ir.diagnosis.model import Evidence, Series
from tuheg_ir.diagnosis.view.figures import climbs_since
from tuheg_ir.diagnosis.view.releases import SOON, since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

SIGNAL = "kept_for_clients"
LEAST = 1000.0
"""Fewer of them fill no memory."""
TIMES = 1.1
"""What has grown by less than this stands."""
STEADY = 0.25
"""Share of a rise that each half of its time has to bring."""
FEW = 3
"""Fewer points than three times so many are no line."""
_OFF = 0.1
"""Share of the time since then by which a line misses its beginning: some of it was there before."""


class Kept(NamedTuple):
    """Since when what a store keeps grows, whether that was seen or follows from the line, and from what to what."""

    pod: str
    what: str
    since: datetime
    seen: bool
    was: float
    now: float
    until: datetime
    lives: int = 1
    """How many times in turn it grew so until the store ended, empty at first each time."""

    def with_release(self, client: Workload) -> bool:
        """Tell whether it began to grow with a client's release."""
        if self.seen:
            return since_release(client, self.since)
        return client.released_at is not None and near(client.released_at, self.since, self.until)

    def shown(self) -> Evidence:
        """Return how the figures tell of it."""
        line = "in a line that begins at" if self.lives == 1 else f"as it did {self.lives} times in turn since"
        when = "" if self.seen else f", {line} {self.since:%d %b %H:%M}"
        fact = f"what it keeps for its clients grows: {self.was:.0f} to {self.now:.0f} {self.what}{when}"
        return Evidence("metrics", f"Pod/{self.pod}", fact, self.since)


def near(moment: datetime, since: datetime, until: datetime) -> bool:
    """Tell whether a line that leads back from an end to a time may have begun at a moment."""
    return abs(moment - since) <= max(SOON, _OFF * (until - since))


def counted(view: View, store: Workload) -> list[tuple[str, Series]]:
    """Return what is counted of a store's clients, by pod."""
    return [(pod.name, each) for pod in store.live for each in view.figures.series(SIGNAL, pod=pod.name) if each.points]


def grows(view: View, store: Workload, until: datetime) -> Kept | None:
    """Return since when what a store keeps for its clients grew until it was ill; None if it did not."""
    each_one = [grows_in(pod, each.labels.get("kept", ""), each, until) for pod, each in counted(view, store)]
    found = [kept for kept in each_one if kept is not None]
    return max(found, key=lambda kept: kept.now, default=None)


def grows_in(pod: str, what: str, series: Series, until: datetime) -> Kept | None:
    """Return since when a series grew until a store was ill; None if it did not, or not in a line."""
    points = [(t, v) for t, v in series.points if t < until.timestamp()]
    if not points or points[-1][1] < max(LEAST, TIMES * points[0][1]):
        return None
    (at, was), (_, now), pace = points[0], points[-1], _pace(points)
    left = climbs_since(series, until)
    if left is None and pace <= 0:
        return None
    since = left or datetime.fromtimestamp(at, UTC) - timedelta(seconds=was / pace)
    return Kept(pod, what, since, left is not None, was, now, until)


def _pace(points: Sequence[tuple[float, float]]) -> float:
    """Return by how much a second something rises in a line; 0 if it does not."""
    third = len(points) // 3
    if third < FEW:
        return 0.0
    parts = points[:third], points[third:-third], points[-third:]
    low, middle, high = (median(v for _, v in part) for part in parts)
    took = median(t for t, _ in parts[2]) - median(t for t, _ in parts[0])
    steady = high > low and min(middle - low, high - middle) > STEADY * (high - low)
    return (high - low) / took if steady and took > 0 else 0.0
