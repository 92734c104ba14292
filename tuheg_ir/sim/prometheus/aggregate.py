"""PromQL's aggregations: over all series of a group, at each moment."""

from __future__ import annotations

import math
from collections.abc import Callable

from tuheg_ir.sim.prometheus import functions as fn
from tuheg_ir.sim.prometheus.samples import Labels, labels_of
from tuheg_ir.sim.prometheus.syntax import Aggregate
from tuheg_ir.sim.prometheus.vector import Column, Track, Vector, ordered, present

_BEST = {"topk": -1, "bottomk": 1}


def aggregated(tree: Aggregate, vector: Vector, parameter: list[float]) -> Vector:
    """Return one series for each group, or the best ones of each group under their own labels."""
    groups: dict[Labels, tuple[dict[str, str], Vector]] = {}
    for track in vector:
        names = {"__name__", *tree.labels} if not tree.by else tree.labels
        kept = {name: value for name, value in track.labels.items() if (name in names) == tree.by}
        groups.setdefault(labels_of(kept), (kept, []))[1].append(track)
    if tree.name in _BEST:
        return [track for _, group in groups.values() for track in _best(group, _BEST[tree.name], parameter)]
    return [Track(labels, _together(tree.name, group, parameter)) for labels, group in groups.values()]


def _together(name: str, group: Vector, parameter: list[float]) -> Column:
    way = _AGGREGATES[name]
    column: Column = []
    for row, by in zip(zip(*(track.values for track in group), strict=True), parameter, strict=True):
        values = [value for value in row if value is not None]
        column.append(way(values, by) if values else None)
    return column


def _best(group: Vector, way: int, parameter: list[float]) -> Vector:
    kept: list[Column] = [[None] * len(parameter) for _ in group]
    for number, most in enumerate(parameter):
        there = [
            (way * value, place) for place, track in enumerate(group) if (value := track.values[number]) is not None
        ]
        there.sort(key=lambda pair: pair[0])
        for _, place in there[: max(0, int(most))]:
            kept[place][number] = group[place].values[number]
    return ordered(present([Track(track.labels, values) for track, values in zip(group, kept, strict=True)]), way)


_AGGREGATES: dict[str, Callable[[list[float], float], float]] = {
    "sum": lambda values, _: math.fsum(values) if all(map(math.isfinite, values)) else sum(values),
    "avg": lambda values, _: sum(values) / len(values),
    "min": lambda values, _: min(values, key=lambda value: (math.isnan(value), value)),
    "max": lambda values, _: max(values, key=lambda value: (not math.isnan(value), value)),
    "count": lambda values, _: float(len(values)),
    "group": lambda _values, _: 1.0,
    "stddev": lambda values, _: fn.deviation(values),
    "stdvar": lambda values, _: fn.deviation(values) ** 2,
    "quantile": lambda values, share: fn.quantile(share, values),
}
