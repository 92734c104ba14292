"""What memory a pod holds, and whether it still grows as fast as it has since its start.

Nothing measures more than the last hour or so: a leak of many hours has grown little in it, and is told by its pace.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from statistics import median

from tuheg_ir.diagnosis.model import Series
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod

PACE = 0.5
"""What still grows at such a share of its pace since its start has not come to rest."""
STEADY = 0.2
"""Share of a rise that each half of the time has to bring."""
FEW = 3
"""Fewer points than three times so many are no course."""


def took(view: View, pod: Pod) -> timedelta | None:
    """Return how long what a pod holds takes at the pace at which it grows; None if it has come to rest."""
    pace = max((_pace(series) for series in view.figures.series("memory_bytes", pod=pod.name)), default=0.0)
    return timedelta(seconds=held(view, pod) / pace) if pace else None


def grows_as_ever(view: View, pod: Pod) -> bool:
    """Tell whether a pod still grows, at half of its pace since its start or more: it did not take most of it then."""
    needs, since = took(view, pod), started(pod)
    return needs is not None and since is not None and view.now - since >= PACE * needs


def grew_from_start(view: View, pod: Pod, made: datetime | None = None) -> bool:
    """Tell whether a pod has grown at one pace for all of its life: it did not begin to only lately either.

    ``made``: since when there are pods like it, where that is to be no longer ago than what it holds took.
    """
    needs, since = took(view, pod), started(pod)
    if needs is None or since is None:
        return False
    return PACE * needs <= view.now - since and view.now - (made or since) <= needs / PACE


def _pace(series: Series) -> float:
    """Return by how much a second a series rises throughout; 0 if it does not, or not beyond its own noise."""
    third = len(series.points) // 3
    if third < FEW:
        return 0.0
    parts = series.points[:third], series.points[third:-third], series.points[-third:]
    low, middle, high = (median(v for _, v in part) for part in parts)
    took = median(t for t, _ in parts[2]) - median(t for t, _ in parts[0])
    steady = min(middle - low, high - middle) > STEADY * (high - low)
    return (high - low) / took if took > 0 and steady and high > max(v for _, v in parts[0]) else 0.0


def held(view: View, pod: Pod) -> float:
    """Return how much memory the containers of a pod hold together; 0 if nobody measures it."""
    return sum(view.figures.latest("memory_bytes", "container", pod=pod.name).values()) or view.figures.latest(
        "memory_bytes", "pod"
    ).get(pod.name, 0.0)


def started(pod: Pod) -> datetime | None:
    """Return when the containers of a pod were started, the first of them; None if nobody knows."""
    return oldest(each.started_at for each in pod.containers if not each.init)
