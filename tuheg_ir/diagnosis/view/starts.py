"""How long the steps of a program's start take, by the lines of its log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from statistics import median

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.stamps import stamp, without_time
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.view import View

_FIGURES = late(r"\d+")
STEPS = 3
"""So many steps have to be the same in both."""
LEAST_S = 5.0
"""What takes less is not measured: a start's first lines come at once."""


def slower_steps(view: View, pods: Iterable[Pod], well: Iterable[Pod]) -> float | None:
    """Return how many times as long as in pods that are well the same steps take in others; None if nobody knows."""
    usual = [steps for pod in well for steps in _starts(view, pod)]
    found = []
    for steps in (steps for pod in pods for steps in _starts(view, pod)):
        for others in usual:
            both = [step for step in steps if others.get(step, 0.0) >= LEAST_S]
            if len(both) >= STEPS and next(iter(steps)) == next(iter(others)):
                found.append(median(steps[step] / others[step] for step in both))
    return median(found) if found else None


def _starts(view: View, pod: Pod) -> Iterator[dict[str, float]]:
    """Yield for each log of a pod what its lines say, without figures -> seconds from its first line on."""
    for log in view.logs_of([pod]):
        lines = [(at, line) for line in log.lines if (at := stamp(line)) is not None]
        if lines:
            yield _offsets(lines)


def _offsets(lines: Sequence[tuple[datetime, str]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for at, line in lines:
        found.setdefault(_FIGURES.sub("0", without_time(line)), (at - lines[0][0]).total_seconds())
    return found
