"""PromQL's functions, applied to their arguments at each moment."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from tuheg_ir.sim.prometheus import functions as fn
from tuheg_ir.sim.prometheus.rates import extrapolations
from tuheg_ir.sim.prometheus.samples import Labels, labels_of
from tuheg_ir.sim.prometheus.syntax import Call, Selector
from tuheg_ir.sim.prometheus.vector import (
    Column,
    Scalar,
    Track,
    Value,
    Vector,
    Windows,
    mapped,
    merged,
    nameless,
    numbers,
    only,
    ordered,
    presence,
)

Arguments = list[Value]
_EXTRAPOLATED = {"rate": (True, True), "increase": (True, False), "delta": (False, False)}
"""Name -> whether it reads a counter, and whether it tells a second."""


def called(tree: Call, arguments: Arguments, moments: list[float]) -> Value:
    """Return what a function makes of its arguments."""
    name = tree.name
    windows = next((value for value in arguments if isinstance(value, Windows)), None)
    if windows is not None:
        return _over_time(name, windows, arguments, moments)
    if name == "time":
        return Scalar(list(moments))
    if name == "vector":
        return [Track({}, list(numbers(arguments[0])))]
    vector = next((value for value in arguments if isinstance(value, list)), [])
    if name == "scalar":
        columns = [track.values for track in vector]
        return Scalar([only([v for c in columns if (v := c[n]) is not None]) for n in range(len(moments))])
    if name in fn.EACH:
        return mapped(vector, fn.EACH[name])
    if name in _SHAPED:
        return _SHAPED[name](vector, arguments, tree, moments)
    return _limited(name, vector, [numbers(value) for value in arguments[1:]])


# --- of samples over a time ---


def _over_time(name: str, windows: Windows, arguments: Arguments, moments: list[float]) -> Vector:
    if name == "absent_over_time":
        there = [any(cut) for cut in zip(*map(windows.cut, windows.series), strict=True)] or [False] * len(moments)
        return [Track({}, [None if found else 1.0 for found in there])]
    if name in _EXTRAPOLATED:
        counter, per_second = _EXTRAPOLATED[name]
        rates = partial(extrapolations, counter=counter, per_second=per_second)
        return merged(Track(nameless(s.labels), [*rates(s.points, windows.places(s))]) for s in windows.series)
    way = _reduction(name, arguments, moments)
    vector = []
    for series in windows.series:
        labels = series.labels if name == "last_over_time" else nameless(series.labels)
        column = [way(points, number) if points else None for number, points in enumerate(windows.cut(series))]
        vector.append(Track(labels, column))
    return merged(vector)


def _reduction(name: str, arguments: Arguments, moments: list[float]) -> Callable[[fn.Points, int], float | None]:
    """Return what makes one number of the samples that count at one moment (by its place)."""
    if name == "predict_linear":
        ahead = numbers(arguments[1])
        return lambda points, n: fn.predict(points, moments[n], ahead[n])
    if name == "quantile_over_time":
        share = numbers(arguments[0])
        return lambda points, n: fn.quantile(share[n], [value for _, value in points])
    way = fn.OVER_TIME[name]
    return lambda points, _n: way(points)


# --- of vectors ---


def _limited(name: str, vector: Vector, limits: list[list[float]]) -> Vector:
    way = _LIMITS[name]
    rows = list(zip(*limits, strict=True)) if limits else [()] * max((len(track.values) for track in vector), default=0)
    changed = []
    for track in vector:
        pairs = zip(track.values, rows, strict=True)
        values = [None if value is None else way(value, row) for value, row in pairs]
        changed.append(Track(nameless(track.labels), values))
    return merged(changed)


_LIMITS: dict[str, Callable[[float, tuple[float, ...]], float]] = {
    "clamp": lambda value, row: max(row[0], min(value, row[1])),
    "clamp_min": lambda value, row: max(row[0], value),
    "clamp_max": lambda value, row: min(row[0], value),
    "round": lambda value, row: fn.rounded(value, row[0] if row else 1.0),
}


def _absent(vector: Vector, _arguments: Arguments, tree: Call, moments: list[float]) -> Vector:
    inner = tree.arguments[0]
    matchers = inner.matchers if isinstance(inner, Selector) else ()
    labels = {m.label: m.value for m in matchers if m.how == "=" and m.label != "__name__"}
    there = presence(vector, len(moments))
    return [Track(labels, [None if found else 1.0 for found in there])]


def _histogram(vector: Vector, arguments: Arguments, _tree: Call, moments: list[float]) -> Vector:
    groups: dict[Labels, tuple[dict[str, str], list[tuple[float, Column]]]] = {}
    for track in vector:
        try:
            bound = float(track.labels["le"])
        except (KeyError, ValueError):
            continue
        rest = {name: value for name, value in nameless(track.labels).items() if name != "le"}
        groups.setdefault(labels_of(rest), (rest, []))[1].append((bound, track.values))
    shares = numbers(arguments[0])
    return [
        Track(labels, [_quantile(shares[number], columns, number) for number in range(len(moments))])
        for labels, columns in groups.values()
    ]


def _quantile(share: float, columns: list[tuple[float, Column]], number: int) -> float | None:
    buckets = [(bound, value) for bound, column in columns if (value := column[number]) is not None]
    return fn.bucket_quantile(share, buckets) if buckets else None


def _relabel(vector: Vector, arguments: Arguments, _tree: Call, _moments: list[float]) -> Vector:
    target, template, source, pattern = map(str, arguments[1:])
    result = []
    for track in vector:
        found = re.fullmatch(pattern, track.labels.get(source, ""))
        labels = dict(track.labels)
        if found:
            labels[target] = found.expand(re.sub(r"\$\{?(\w+)\}?", r"\\g<\1>", template))
        result.append(Track({name: value for name, value in labels.items() if value}, track.values))
    return merged(result)


def _timestamp(vector: Vector, _arguments: Arguments, _tree: Call, moments: list[float]) -> Vector:
    """Return the moments themselves: only a selector's samples have times of their own."""
    rows = []
    for track in vector:
        pairs = zip(track.values, moments, strict=True)
        rows.append(Track(nameless(track.labels), [None if value is None else moment for value, moment in pairs]))
    return merged(rows)


_SHAPED: dict[str, Callable[[Vector, Arguments, Call, list[float]], Vector]] = {
    "absent": _absent,
    "histogram_quantile": _histogram,
    "label_replace": _relabel,
    "timestamp": _timestamp,
    "sort": lambda vector, *_: ordered(vector),
    "sort_desc": lambda vector, *_: ordered(vector, -1),
}
