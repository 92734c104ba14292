"""Time contenders turn by turn and compare them: the machine's mood hits all alike."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Contender:
    """One way to do a thing. ``run`` does it once, with the round's number, and raises when it did not work."""

    name: str
    run: Callable[[int], None]


@dataclass(frozen=True)
class Row:
    """What came out for one contender: seconds, and how many times the baseline's median that is."""

    name: str
    median: float
    least: float
    most: float
    ratio: float


def measure(contenders: Sequence[Contender], rounds: int, rng: random.Random) -> dict[str, list[float]]:
    """Return the seconds of each contender, ``rounds`` each, in a new order every round."""
    seconds: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for number in range(rounds):
        for contender in rng.sample(contenders, len(contenders)):
            began = time.perf_counter()
            contender.run(number)
            seconds[contender.name].append(time.perf_counter() - began)
    return seconds


def compare(seconds: Mapping[str, Sequence[float]], baseline: str) -> list[Row]:
    """Return a row for each contender, against the median of the baseline."""
    against = median(seconds[baseline])
    return [
        Row(name, median(values), min(values), max(values), median(values) / against)
        for name, values in seconds.items()
    ]


def table(title: str, rows: Sequence[Row], goals: Mapping[str, float]) -> str:
    """Return rows as text; ``goals`` gives the greatest ratio that a contender should have."""
    width = max(len(row.name) for row in rows)
    lines = [title, f"  {'':{width}}  median     least      most       ratio"]
    for row in rows:
        goal = goals.get(row.name)
        verdict = "" if goal is None else f"  goal {goal:.2f}: {'met' if row.ratio <= goal else 'MISSED'}"
        figures = f"{row.median:6.2f} s  {row.least:6.2f} s  {row.most:6.2f} s  {row.ratio:6.2f}"
        lines.append(f"  {row.name:{width}}  {figures}{verdict}")
    return "\n".join(lines)


def figures(title: str, seconds: Mapping[str, Sequence[float]], goals: Mapping[str, float]) -> str:
    """Return medians as text, beside the greatest that each should be: for what has no baseline."""
    width = max(len(name) for name in seconds)
    lines = [f"{title:{width + 2}}  median     least      most"]
    for name, values in seconds.items():
        told = "  ".join(f"{value:7.4f} s" for value in (median(values), min(values), max(values)))
        verdict = "met" if median(values) <= goals[name] else "MISSED"
        lines.append(f"  {name:{width}}  {told}  goal {goals[name]:g} s: {verdict}")
    return "\n".join(lines)
