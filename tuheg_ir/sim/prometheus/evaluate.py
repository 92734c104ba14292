"""Evaluates PromQL over stored samples, each part of an expression once for all moments that are asked for."""

from __future__ import annotations

import math
from bisect import bisect_right

from tuheg_ir.sim.prometheus.aggregate import aggregated
from tuheg_ir.sim.prometheus.call import called
from tuheg_ir.sim.prometheus.errors import ExecutionError
from tuheg_ir.sim.prometheus.join import joined, negated
from tuheg_ir.sim.prometheus.samples import LOOKBACK, Labels, Samples, Series, labels_of
from tuheg_ir.sim.prometheus.syntax import (
    Aggregate,
    Binary,
    Call,
    Expression,
    Minus,
    Number,
    Selector,
    Subquery,
    Text,
)
from tuheg_ir.sim.prometheus.vector import (
    Column,
    Ranged,
    Scalar,
    Track,
    Value,
    Vector,
    Windows,
    mapped,
    numbers,
    present,
)

_STEP = 60.0  # the step of a subquery that names none: the evaluation interval


class Evaluator:
    """Answers expressions over moments (Unix seconds, never falling)."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    def over(self, tree: Expression, moments: list[float]) -> Value:
        """Return what an expression is at each moment; ExecutionError when it is nothing at one of them."""
        match tree:
            case Number(value):
                return Scalar([value] * len(moments))
            case Text(value):
                return value
            case Selector() | Subquery():
                return self._read(tree, moments)
            case Call("timestamp", (Selector() as inner,)):
                return mapped(self._instants(inner, moments, times=True), float)
            case Call():
                return called(tree, [self.over(argument, moments) for argument in tree.arguments], moments)
            case Aggregate():
                return self._aggregate(tree, moments)
            case Minus(inner):
                return negated(self.over(inner, moments))
            case Binary():
                return joined(tree, self.over(tree.left, moments), self.over(tree.right, moments))

    def _read(self, tree: Selector | Subquery, moments: list[float]) -> Value:
        if isinstance(tree, Subquery):
            return self._subquery(tree, moments)
        return self._instants(tree, moments) if tree.range is None else self._windows(tree, moments)

    def _aggregate(self, tree: Aggregate, moments: list[float]) -> Vector:
        vector = self.over(tree.expression, moments)
        if not isinstance(vector, list):
            raise ExecutionError("an aggregation needs a vector")
        parameter = None if tree.parameter is None else numbers(self.over(tree.parameter, moments))
        return aggregated(tree, vector, parameter or [0.0] * len(moments))

    def _instants(self, tree: Selector, moments: list[float], *, times: bool = False) -> Vector:
        looked_at = [tree.moment.of(moment) for moment in moments]
        found = self._samples.select(tree.matchers)
        return present([Track(series.labels, _column(series, looked_at, times=times)) for series in found])

    def _windows(self, tree: Selector, moments: list[float]) -> Windows:
        ends = [tree.moment.of(moment) for moment in moments]
        spans = [(end - (tree.range or 0.0), end) for end in ends]
        start, end = spans[0][0], spans[-1][1]
        found = ((s.labels, s.between(start, end)) for s in self._samples.select(tree.matchers))
        return Windows([Ranged(labels, points) for labels, points in found if points], spans)

    def _subquery(self, tree: Subquery, moments: list[float]) -> Windows:
        ends = [tree.moment.of(moment) for moment in moments]
        spans = [(end - tree.range, end) for end in ends]
        step = tree.step or _STEP
        inner = sorted({number * step for span in spans for number in _steps(span, step)})
        value = self.over(tree.expression, inner) if inner else []
        vector = value if isinstance(value, list) else [Track({}, list(numbers(value)))]
        found: dict[Labels, Ranged] = {}
        for track in vector:
            points = [(at, told) for at, told in zip(inner, track.values, strict=True) if told is not None]
            found.setdefault(labels_of(track.labels), Ranged(track.labels, [])).points.extend(points)
        return Windows([ranged for ranged in found.values() if ranged.points], spans)


def _steps(span: tuple[float, float], step: float) -> range:
    """Return the multiples of a subquery's step that are in a span: after its start, up to its end."""
    return range(math.floor(span[0] / step) + 1, math.floor(span[1] / step) + 1)


def _column(series: Series, moments: list[float], *, times: bool) -> Column:
    """Return of each moment the newest sample not after it (or its time), None where it is too old or went stale."""
    column: Column = []
    place = 0
    for moment in moments:
        place = bisect_right(series.times, moment, place)
        known = place > 0 and series.times[place - 1] > moment - LOOKBACK
        value = series.values[place - 1] if known else None
        column.append(series.times[place - 1] if times and value is not None else value)
    return column
