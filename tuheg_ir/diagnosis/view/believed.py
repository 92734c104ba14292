"""What of measured series can be believed: numbers in the order of time, and no share of less than nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from tuheg_ir.diagnosis.model import Series

_LEAST = -0.1
"""Less than this is no share: rates are a little off."""
_SOME = 3
"""So many points below are no slip."""


def believed(signal: str, found: Iterable[Series]) -> Iterator[Series]:
    """Yield the series of a signal, without shares that fall below 0 for more than a moment: their scale is another.

    Who sums the idle time of all processors of a node, and tells no longer of which it was, measures no share of it.
    """
    for series in map(_clean, found):
        if not signal.endswith("_share") or len([value for _, value in series.points if value < _LEAST]) < _SOME:
            yield series


def _clean(series: Series) -> Series:
    """Return a series without values that are no numbers, in the order of time."""
    points = series.points
    if not math.isfinite(sum(map(sum, points))):  # one that is none makes the sum none, and few series have any
        points = tuple((t, v) for t, v in points if math.isfinite(t) and math.isfinite(v))
    return Series(series.labels, tuple(sorted(points)))
