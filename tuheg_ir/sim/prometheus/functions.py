"""PromQL's functions on samples and values: arithmetic only, nothing is looked up here."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

Point = tuple[float, float]  # time, value
Points = Sequence[Point]
NAN = math.nan


def _regression(points: Points, origin: float) -> tuple[float, float] | None:
    """Return slope and the value at ``origin`` of a straight line through the points."""
    if len(points) < 2:
        return None
    times = [time - origin for time, _ in points]
    values = [value for _, value in points]
    count, mean_time, mean_value = len(points), sum(times) / len(times), sum(values) / len(values)
    spread = sum(time * time for time in times) - count * mean_time * mean_time
    if spread == 0:
        return 0.0, mean_value
    both = sum(time * value for time, value in zip(times, values, strict=True)) - count * mean_time * mean_value
    slope = both / spread
    return slope, mean_value - slope * mean_time


def deriv(points: Points) -> float | None:
    """Return the change a second."""
    found = _regression(points, points[0][0]) if points else None
    return None if found is None else found[0]


def predict(points: Points, now: float, ahead: float) -> float | None:
    """Return the value in ``ahead`` seconds if it goes on like this."""
    found = _regression(points, now)
    return None if found is None else found[1] + found[0] * ahead


def _instant(points: Points, *, counter: bool, per_second: bool) -> float | None:
    if len(points) < 2:
        return None
    (t0, v0), (t1, v1) = points[-2], points[-1]
    gain = v1 if counter and v1 < v0 else v1 - v0
    return gain / (t1 - t0) if per_second else gain


def quantile(share: float, values: Sequence[float]) -> float:
    """Return a quantile of values, interpolated."""
    if not values or math.isnan(share):
        return NAN
    if not 0 <= share <= 1:
        return math.copysign(math.inf, share if share < 0 else 1)
    ordered = sorted(values)
    rank = share * (len(ordered) - 1)
    low = math.floor(rank)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (rank - low)


def deviation(values: Sequence[float]) -> float:
    """Return the standard deviation."""
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))


def _steps(points: Points, test: Callable[[float, float], bool]) -> float:
    pairs = pairwise(points)
    return float(sum(1 for before, after in pairs if test(before[1], after[1])))


OVER_TIME: dict[str, Callable[[Points], float | None]] = {
    "avg_over_time": lambda points: sum(v for _, v in points) / len(points),
    "min_over_time": lambda points: min(v for _, v in points),
    "max_over_time": lambda points: max(v for _, v in points),
    "sum_over_time": lambda points: sum(v for _, v in points),
    "count_over_time": lambda points: float(len(points)),
    "last_over_time": lambda points: points[-1][1],
    "present_over_time": lambda _points: 1.0,
    "stddev_over_time": lambda points: deviation([v for _, v in points]),
    "changes": lambda points: _steps(points, lambda a, b: a != b and not (math.isnan(a) and math.isnan(b))),
    "resets": lambda points: _steps(points, lambda a, b: b < a),
    "deriv": deriv,
    "irate": lambda points: _instant(points, counter=True, per_second=True),
    "idelta": lambda points: _instant(points, counter=False, per_second=False),
}


def _log(base: Callable[[float], float]) -> Callable[[float], float]:
    return lambda value: base(value) if value > 0 else -math.inf if value == 0 else NAN


def _whole(way: Callable[[float], int]) -> Callable[[float], float]:
    return lambda value: float(way(value)) if math.isfinite(value) else value


EACH: dict[str, Callable[[float], float]] = {
    "abs": abs,
    "ceil": _whole(math.ceil),
    "floor": _whole(math.floor),
    "exp": math.exp,
    "ln": _log(math.log),
    "log2": _log(math.log2),
    "log10": _log(math.log10),
    "sqrt": lambda value: math.sqrt(value) if value >= 0 else NAN,
    "sgn": lambda value: float((value > 0) - (value < 0)),
}


def rounded(value: float, to: float) -> float:
    """Return the nearest multiple of ``to``, halves up."""
    return math.floor(value / to + 0.5) * to if math.isfinite(value) else value


def bucket_quantile(share: float, buckets: list[tuple[float, float]]) -> float:
    """Return a quantile of a cumulative histogram: (upper bound, count), any order."""
    merged: dict[float, float] = {}
    for bound, count in buckets:
        merged[bound] = merged.get(bound, 0.0) + count
    ordered = sorted(merged.items())
    if math.isnan(share):
        return NAN
    if share < 0 or share > 1:
        return math.copysign(math.inf, share if share < 0 else 1)
    if len(ordered) < 2 or ordered[-1][0] != math.inf or ordered[-1][1] == 0 or math.isnan(ordered[-1][1]):
        return NAN
    for number in range(1, len(ordered)):  # counts of a scrape may be a little out of order
        if ordered[number][1] < ordered[number - 1][1]:
            ordered[number] = (ordered[number][0], ordered[number - 1][1])
    rank = share * ordered[-1][1]
    place = next(number for number, (_, count) in enumerate(ordered) if count >= rank)
    if place == len(ordered) - 1:
        return ordered[-2][0]
    if place == 0 and ordered[0][0] <= 0:
        return ordered[0][0]
    low = ordered[place - 1][0] if place else 0.0
    below = ordered[place - 1][1] if place else 0.0
    inside = ordered[place][1] - below
    if inside == 0:  # the share 0 of a histogram whose first bucket is empty
        return NAN
    return low + (ordered[place][0] - low) * ((rank - below) / inside)


def _divided(one: float, other: float) -> float:
    if other != 0 or math.isnan(one):
        return one / other if other != 0 else NAN
    return NAN if one == 0 else math.copysign(math.inf, one) * math.copysign(1, other)


def _power(one: float, other: float) -> float:
    try:
        return math.pow(one, other)
    except (OverflowError, ValueError):
        return math.inf if abs(one) > 1 else NAN


ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _divided,
    "%": lambda a, b: math.fmod(a, b) if b != 0 and math.isfinite(a) else NAN,
    "^": _power,
}
COMPARED: dict[str, Callable[[float, float], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
}
