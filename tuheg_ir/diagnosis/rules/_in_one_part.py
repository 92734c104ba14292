"""A queue of which one part alone grows: each part has one reader, so that further ones get nothing of it."""

from __future__ import annotations

from tuheg_ir.diagnosis.model import Evidence, Series
from tuheg_ir.diagnosis.view.view import View

NEARLY_ALL = 0.9
"""So large a share of what waits, and of what came to it within the hour, lies in one part: the others are read on."""
_OF = ("consumergroup", "queue")


def in_one_part(view: View, series: Series, ref: str) -> Evidence | None:
    """Return that nearly all that waits in a queue, and came to it, lies in one part (partition); None if not so.

    ``ref``: who reads it. A queue of a single part is one of these as well.
    """
    labels = {key: series.labels[key] for key in _OF if series.labels.get(key)}
    parts = view.figures.series("queue_part_depth", **labels) if len(labels) == len(_OF) else ()
    if len(parts) != 1 or not parts[0].points or not series.points:
        return None
    most, came = _now_and_more(parts[0])
    total, more = _now_and_more(series)
    if more <= 0 or most < NEARLY_ALL * total or came < NEARLY_ALL * more:
        return None
    told = f"{most:.0f} of {total:.0f} messages wait in one partition, and the others are read on"
    return Evidence("metrics", ref, told if most < total else f"all {total:.0f} messages wait in one partition")


def _now_and_more(series: Series) -> tuple[float, float]:
    """Return how many wait now, and how many more than at first."""
    first, now = series.points[0][1], series.points[-1][1]
    return now, now - first
