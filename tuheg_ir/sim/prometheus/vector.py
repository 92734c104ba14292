"""What an expression is over a row of moments (Unix seconds, never falling): worked out once for all of them."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tuheg_ir.sim.prometheus.errors import ExecutionError
from tuheg_ir.sim.prometheus.functions import Point
from tuheg_ir.sim.prometheus.samples import Labels, labels_of

Column = list[float | None]


@dataclass(frozen=True, slots=True)
class Track:
    """One series of an instant vector: its value at each moment, None where it is not there."""

    labels: dict[str, str]
    values: Column


Vector = list[Track]


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number at each moment."""

    values: list[float]


@dataclass(frozen=True, slots=True)
class Ranged:
    """A series and its samples over a time."""

    labels: dict[str, str]
    points: list[Point]


@dataclass(frozen=True, slots=True)
class Windows:
    """A range vector: series, and of which time (start, end] the samples count at each moment."""

    series: list[Ranged]
    spans: list[tuple[float, float]]

    def places(self, series: Ranged) -> Iterator[tuple[float, float, int, int]]:
        """Yield each of the times, and from which place on up to which those samples of a series are that count."""
        times = [time for time, _ in series.points]
        first = last = 0
        for start, end in self.spans:
            first, last = bisect_right(times, start, first), bisect_right(times, end, last)
            yield start, end, first, last

    def cut(self, series: Ranged) -> Iterator[list[Point]]:
        """Yield the samples of a series that count at each moment."""
        for _, _, first, last in self.places(series):
            yield series.points[first:last]


Value = Scalar | str | Vector | Windows


def numbers(value: Value) -> list[float]:
    """Return a scalar's numbers; ExecutionError for anything else."""
    if not isinstance(value, Scalar):
        raise ExecutionError(f"a number is wanted, not {type(value).__name__}")
    return value.values


def nameless(labels: dict[str, str]) -> dict[str, str]:
    """Return labels without the metric's name."""
    return {name: value for name, value in labels.items() if name != "__name__"}


def mapped(vector: Vector, change: Callable[[float], float]) -> Vector:
    """Return a vector with other values: its series have no metric name any more."""
    return merged(
        Track(nameless(track.labels), [None if value is None else change(value) for value in track.values])
        for track in vector
    )


def merged(vector: Iterable[Track], complaint: str = "vector cannot contain metrics with the same labelset") -> Vector:
    """Return one track for each set of labels; ExecutionError where two of them have a value at one moment."""
    found: dict[Labels, Track] = {}
    for track in vector:
        key = labels_of(track.labels)
        other = found.get(key)
        if other is None:
            found[key] = track
            continue
        if any(a is not None and b is not None for a, b in zip(other.values, track.values, strict=True)):
            raise ExecutionError(complaint)
        values = [b if a is None else a for a, b in zip(other.values, track.values, strict=True)]
        found[key] = Track(other.labels, values)
    return list(found.values())


def present(vector: Vector) -> Vector:
    """Return the series that are there at any moment."""
    return [track for track in vector if any(value is not None for value in track.values)]


def presence(vector: Vector, length: int) -> list[bool]:
    """Return at which moments any of the series is there."""
    there = [False] * length
    for track in vector:
        for number, value in enumerate(track.values):
            there[number] = there[number] or value is not None
    return there


def ordered(vector: Vector, way: int = 1) -> Vector:
    """Return series by their value at the last moment; the order of those without one is not said."""
    last = [track for track in vector if track.values[-1] is not None]
    rest = [track for track in vector if track.values[-1] is None]
    return sorted(last, key=lambda track: way * (track.values[-1] or 0.0)) + rest


def only(values: list[float]) -> float:
    """Return the one number of a vector, NaN where there are none or more."""
    return values[0] if len(values) == 1 else math.nan
