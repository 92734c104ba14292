"""Evaluates PromQL over stored samples."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from tuheg_ir.sim.prometheus import functions as fn
from tuheg_ir.sim.prometheus.errors import ExecutionError
from tuheg_ir.sim.prometheus.join import arithmetic, sets
from tuheg_ir.sim.prometheus.parser import SETS
from tuheg_ir.sim.prometheus.samples import Labels, Samples, labels_of
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
from tuheg_ir.sim.prometheus.vector import Element, Vector, bare

_STEP = 60.0  # the step of a subquery that names none: the evaluation interval


@dataclass(frozen=True, slots=True)
class Ranged:
    """A series over a time."""

    labels: dict[str, str]
    points: list[fn.Point]


@dataclass(frozen=True, slots=True)
class Window:
    """Series over a time, and which time."""

    series: list[Ranged]
    start: float
    end: float


Value = float | str | Vector | Window


class Evaluator:
    """Answers expressions at a moment (Unix seconds)."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    def value(self, tree: Expression, now: float) -> Value:
        """Return what an expression is at ``now``; ExecutionError when it is nothing."""
        match tree:
            case Number(value) | Text(value):
                return value
            case Selector():
                return self._instant(tree, now) if tree.range is None else self._window(tree, now)
            case Subquery():
                return self._subquery(tree, now)
            case Call():
                return self._call(tree, now)
            case Aggregate():
                return self._aggregate(tree, now)
            case Minus(inner):
                found = self.value(inner, now)
                return [bare(e, -e.value) for e in found] if isinstance(found, list) else -self._number(found)
            case Binary():
                return self._binary(tree, now)

    # --- what is there ---

    def _instant(self, tree: Selector, now: float) -> Vector:
        moment = tree.moment.of(now)
        found = ((series.labels, series.at(moment)) for series in self._samples.select(tree.matchers))
        return [Element(labels, sample[1], sample[0]) for labels, sample in found if sample is not None]

    def _window(self, tree: Selector, now: float) -> Window:
        end = tree.moment.of(now)
        start = end - (tree.range or 0.0)
        found = ((s.labels, s.between(start, end)) for s in self._samples.select(tree.matchers) if s.lives(start, end))
        return Window([Ranged(labels, points) for labels, points in found if points], start, end)

    def _subquery(self, tree: Subquery, now: float) -> Window:
        end = tree.moment.of(now)
        start, step = end - tree.range, tree.step or _STEP
        moment = math.floor(start / step) * step + step
        found: dict[Labels, Ranged] = {}
        while moment <= end:
            value = self.value(tree.expression, moment)
            vector = value if isinstance(value, list) else [Element({}, self._number(value))]
            for element in vector:
                ranged = found.setdefault(labels_of(element.labels), Ranged(element.labels, []))
                ranged.points.append((moment, element.value))
            moment += step
        return Window(list(found.values()), start, end)

    def _number(self, value: Value) -> float:
        if not isinstance(value, int | float):
            raise ExecutionError(f"a number is wanted, not {type(value).__name__}")
        return float(value)

    # --- functions ---

    def _call(self, tree: Call, now: float) -> Value:
        arguments = [self.value(argument, now) for argument in tree.arguments]
        name = tree.name
        window = next((value for value in arguments if isinstance(value, Window)), None)
        if window is not None:
            return self._over_time(name, window, arguments, now)
        if name == "time":
            return now
        if name == "vector":
            return [Element({}, self._number(arguments[0]))]
        vector = next((value for value in arguments if isinstance(value, list)), [])
        if name == "scalar":
            return vector[0].value if len(vector) == 1 else math.nan
        if name in fn.EACH:
            return [bare(element, fn.EACH[name](element.value)) for element in vector]
        handlers: dict[str, Callable[[Vector, list[Value], Call], Vector]] = {
            "absent": self._absent,
            "histogram_quantile": self._histogram,
            "label_replace": self._relabel,
            "timestamp": lambda v, _a, _t: [bare(element, element.time) for element in v],
            "sort": lambda v, _a, _t: sorted(v, key=lambda element: element.value),
            "sort_desc": lambda v, _a, _t: sorted(v, key=lambda element: -element.value),
        }
        return handlers.get(name, self._limited)(vector, arguments, tree)

    def _over_time(self, name: str, window: Window, arguments: list[Value], now: float) -> Vector:
        if name == "absent_over_time":
            return [] if window.series else [Element({}, 1.0)]
        result = []
        for series in window.series:
            value = self._one_over_time(name, series.points, window, arguments, now)
            if value is not None:
                kept = series.labels if name == "last_over_time" else _nameless(series.labels)
                result.append(Element(kept, value, now))
        return result

    def _one_over_time(
        self, name: str, points: fn.Points, window: Window, arguments: list[Value], now: float
    ) -> float | None:
        if name in ("rate", "increase", "delta"):
            counter, per_second = name != "delta", name == "rate"
            return fn.extrapolated(points, window.start, window.end, counter=counter, per_second=per_second)
        if name == "predict_linear":
            return fn.predict(points, now, self._number(arguments[1]))
        if name == "quantile_over_time":
            return fn.quantile(self._number(arguments[0]), [value for _, value in points])
        return fn.OVER_TIME[name](points)

    def _limited(self, vector: Vector, arguments: list[Value], tree: Call) -> Vector:
        numbers = [self._number(value) for value in arguments[1:]]
        changes: dict[str, Callable[[float], float]] = {
            "clamp": lambda value: max(numbers[0], min(value, numbers[1])),
            "clamp_min": lambda value: max(numbers[0], value),
            "clamp_max": lambda value: min(numbers[0], value),
            "round": lambda value: fn.rounded(value, numbers[0] if numbers else 1.0),
        }
        return [bare(element, changes[tree.name](element.value)) for element in vector]

    def _absent(self, vector: Vector, _arguments: list[Value], tree: Call) -> Vector:
        if vector:
            return []
        inner = tree.arguments[0]
        matchers = inner.matchers if isinstance(inner, Selector) else ()
        labels = {m.label: m.value for m in matchers if m.how == "=" and m.label != "__name__"}
        return [Element(labels, 1.0)]

    def _histogram(self, vector: Vector, arguments: list[Value], _tree: Call) -> Vector:
        groups: dict[Labels, tuple[dict[str, str], list[tuple[float, float]]]] = {}
        for element in vector:
            try:
                bound = float(element.labels["le"])
            except (KeyError, ValueError):
                continue
            rest = {name: value for name, value in _nameless(element.labels).items() if name != "le"}
            groups.setdefault(labels_of(rest), (rest, []))[1].append((bound, element.value))
        share = self._number(arguments[0])
        return [Element(labels, fn.bucket_quantile(share, buckets)) for labels, buckets in groups.values()]

    def _relabel(self, vector: Vector, arguments: list[Value], _tree: Call) -> Vector:
        target, template, source, pattern = map(str, arguments[1:])
        result = []
        for element in vector:
            found = re.fullmatch(pattern, element.labels.get(source, ""))
            labels = dict(element.labels)
            if found:
                labels[target] = found.expand(re.sub(r"\$\{?(\w+)\}?", r"\\g<\1>", template))
            result.append(Element({name: value for name, value in labels.items() if value}, element.value))
        return result

    # --- aggregations and operators ---

    def _aggregate(self, tree: Aggregate, now: float) -> Vector:
        vector = self.value(tree.expression, now)
        if not isinstance(vector, list):
            raise ExecutionError("an aggregation needs a vector")
        parameter = self._number(self.value(tree.parameter, now)) if tree.parameter is not None else 0.0
        groups: dict[Labels, tuple[dict[str, str], Vector]] = {}
        for element in vector:
            labels = element.labels if tree.by else _nameless(element.labels)
            kept = {name: value for name, value in labels.items() if (name in tree.labels) == tree.by}
            groups.setdefault(labels_of(kept), (kept, []))[1].append(element)
        if tree.name in ("topk", "bottomk"):
            way = -1 if tree.name == "topk" else 1
            best = (sorted(group, key=lambda e: way * e.value)[: int(parameter)] for _, group in groups.values())
            return [element for group in best for element in group]
        return [
            Element(labels, _AGGREGATES[tree.name]([e.value for e in group], parameter))
            for labels, group in groups.values()
        ]

    def _binary(self, tree: Binary, now: float) -> Value:
        left, right = self.value(tree.left, now), self.value(tree.right, now)
        if tree.sign in SETS:
            if not isinstance(left, list) or not isinstance(right, list):
                raise ExecutionError(f"{tree.sign} needs two vectors")
            return sets(tree, left, right)
        if isinstance(left, list) and isinstance(right, list):
            return arithmetic(tree, left, right)
        if isinstance(left, list) or isinstance(right, list):
            return self._with_number(tree, left, right)
        one, other = self._number(left), self._number(right)
        if tree.sign in fn.COMPARED:
            return float(fn.COMPARED[tree.sign](one, other))
        return fn.ARITHMETIC[tree.sign](one, other)

    def _with_number(self, tree: Binary, left: Value, right: Value) -> Vector:
        vector, turned = (left, False) if isinstance(left, list) else (right, True)
        number = self._number(right if not turned else left)
        assert isinstance(vector, list)  # noqa: S101 - the caller made sure
        result = []
        for element in vector:
            one, other = (number, element.value) if turned else (element.value, number)
            if tree.sign in fn.ARITHMETIC:
                result.append(bare(element, fn.ARITHMETIC[tree.sign](one, other)))
            elif tree.as_bool:
                result.append(bare(element, float(fn.COMPARED[tree.sign](one, other))))
            elif fn.COMPARED[tree.sign](one, other):
                result.append(element)
        return result


def _nameless(labels: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in labels.items() if name != "__name__"}


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
