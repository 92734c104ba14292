"""How many requests all pods of a workload count by themselves, whoever asks: an edge counts what comes by it alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tuheg_ir.diagnosis.model import Series
from tuheg_ir.diagnosis.rules._did_before import of_workload
from tuheg_ir.diagnosis.view.figures import Figures
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

MOMENT_S = 30
"""Rates of pods that are so near to each other are of one moment."""
_SIGNAL = "request_rate_by_pod"


def of_pods(view: View, workload: Workload) -> list[Series]:
    """Return what each pod of a workload counts, also of those that are gone, as far as their names tell."""
    known = (each for each in view.figures.series(_SIGNAL) if each.points)
    return [each for each in known if of_workload(view, workload, each.labels.get("pod", ""))]


def on_both_sides(counted: Iterable[Series], moment: float, slack: float) -> list[Series]:
    """Return the series that were there before a moment and are after it, or began with it if none was before."""
    after = [each for each in counted if each.points[-1][0] >= moment]
    if any(each.points[0][0] < moment for each in counted):
        return [each for each in after if each.points[0][0] < moment]
    return [each for each in after if each.points[0][0] <= moment + slack]


def summed(counted: Iterable[Series]) -> Counter[int]:
    """Return moment -> how many requests a second all of some pods counted."""
    found = Counter[int]()
    for each in counted:
        found.update({int(at // MOMENT_S): value for at, value in each.points})
    return found


@once
def by_pods(view: View, workload: Workload) -> tuple[float, float] | None:
    """Return how many requests a second the pods of a workload counted at first, and now; None if nobody knows.

    Of all that there were at each moment: a release, or an autoscaler, has others take the place of some.
    """
    points = tuple((float(at * MOMENT_S), rate) for at, rate in sorted(summed(of_pods(view, workload)).items()))
    figures: Figures = view.figures.alone(_SIGNAL, Series({}, points))
    before, now = figures.first(_SIGNAL), figures.still(_SIGNAL)
    return None if before is None or now is None else (before, now)
