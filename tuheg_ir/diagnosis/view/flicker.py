"""Pods of which now one and now another goes beyond a limit for a moment: whose turn it is now is chance.

Of who is asked rarely one failed request is a large share for a moment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from tuheg_ir.diagnosis.view.figures import episodes_of
from tuheg_ir.diagnosis.view.marked import OFTEN
from tuheg_ir.diagnosis.view.view import View

Run = list[tuple[float, float]]
"""The points of a series beyond a limit, in one episode."""


def by_chance(view: View, signal: str, limit: float, pods: Collection[str], bad: Collection[str]) -> set[str]:
    """Return which bad pods went beyond a limit as one of the others did again and again, as far and as long.

    What counts is how they are beyond it this time; and of the others not what most of all met at once: that was
    somebody else's trouble, and no chance.
    """
    if not bad:
        return set()
    series = {pod: view.figures.series(signal, pod=pod) for pod in pods}
    runs = {pod: max((episodes_of(each, limit) for each in found), key=len) for pod, found in series.items() if found}
    others = [_of_its_own(runs, pod) for pod in runs if pod not in bad]
    return {pod for pod in bad if runs.get(pod) and any(_as_ill(own, runs[pod][-1]) for own in others)}


def _of_its_own(runs: Mapping[str, Sequence[Run]], pod: str) -> list[Run]:
    """Return the runs of a pod in most points of which no more than half of all pods were beyond the limit."""
    there = Counter(time for each in runs.values() for run in each for time, _ in run)
    shared = {time for time, count in there.items() if 2 * count > len(runs)}
    return [run for run in runs[pod] if 2 * sum(time in shared for time, _ in run) <= len(run)]


def _as_ill(own: Sequence[Run], this: Run) -> bool:
    """Tell whether a pod was as far beyond a limit at some time, and for as long, and that often."""
    if len(own) < OFTEN:
        return False
    highest, longest = max(value for run in own for _, value in run), max(map(len, own))
    return highest >= max(value for _, value in this) and longest >= len(this)
