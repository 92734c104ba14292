"""Metrics of the last hour: a shape over time for each series, with a little noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.diagnosis.casemaker.names import fraction
from tests.diagnosis.casemaker.world import World

STEP_S = 30
RANGE_S = 3600

_SHARES = ("_ratio", "_ratio_by_pod", "_share")
"""Endings of signals that are parts of a whole."""

Shape = Callable[[float], float]
"""From age in seconds to value."""


def flat(value: float) -> Shape:
    return lambda _age: value


def step(before: float, after: float, since: float, *, over: float = 60) -> Shape:
    """Change from one level to another ``since`` seconds ago, within ``over`` seconds."""

    def shape(age: float) -> float:
        share = min(1.0, max(0.0, (since - age) / over))
        return before + (after - before) * share

    return shape


def pulse(low: float, high: float, since: float, until: float) -> Shape:
    """Be high from ``since`` to ``until`` seconds ago and low else."""
    return lambda age: high if until < age <= since else low


def ramp(first: float, last: float, since: float = RANGE_S, until: float = 0) -> Shape:
    """Grow (or fall) evenly from ``since`` to ``until`` seconds ago."""

    def shape(age: float) -> float:
        share = min(1.0, max(0.0, (since - age) / max(since - until, 1)))
        return first + (last - first) * share

    return shape


def saw(low: float, high: float, period: float) -> Shape:
    """Grow and fall back again and again: memory of a container that is killed at its limit."""
    return lambda age: high - (high - low) * ((age % period) / period)


def signal(
    w: World,
    name: str,
    labels: Mapping[str, str],
    shape: Shape,
    *,
    since: float = RANGE_S,
    until: float = 0,
    noise: float = 0.02,
) -> None:
    """Add a series; a pod that is young has none before ``since``, one that is gone none after ``until``."""
    end, named = w.now.timestamp(), str(sorted(labels.items()))
    values: list[list[Any]] = []
    for index in range(RANGE_S // STEP_S + 1):
        age = float(RANGE_S - index * STEP_S)
        if until <= age <= since:
            value = shape(age) * (1 + noise * (2 * fraction(name, named, index) - 1) if noise else 1)
            value = min(value, 1.0) if name.endswith(_SHARES) else value
            values.append([int(end - age), f"{value:.4g}" if value < 10_000 else f"{value:.0f}"])
    w.metrics.setdefault(name, []).append({"metric": dict(labels), "values": values})


def exact(w: World, name: str, labels: Mapping[str, str], shape: Shape, **more: float) -> None:
    """Add a series of whole numbers without noise: counters, replicas, up."""
    signal(w, name, labels, lambda age: float(round(shape(age))), noise=0, **more)


def requests(w: World, component: str, *, rate: Shape, errors: Shape | None = None, p95: Shape | None = None) -> None:
    """Add what an ingress or mesh knows of a component."""
    signal(w, "request_rate", {"component": component}, rate)
    if errors:
        signal(w, "error_ratio", {"component": component}, errors, noise=0.05)
    if p95:
        signal(w, "latency_p95", {"component": component}, p95, noise=0.05)
