"""Who multiplies the requests to a service while nobody asks it for more itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from tuheg_ir.diagnosis.rules._figures import Turn, rise
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.usage import work_growth
from tuheg_ir.diagnosis.view.workloads import Workload

TIMES = 2.0
"""So many times the requests of before, while the callers' own did not grow so."""
SOON = timedelta(minutes=45)
SLACK = timedelta(minutes=1)
"""So far apart are figures that tell of one moment."""


@dataclass(frozen=True, slots=True)
class Multiplied:
    """A service that gets many times its former requests: how much, and whose release began it, if anyone's.

    ``measured``: the requests to that caller itself are known.
    """

    grew: Turn
    by: Workload | None
    measured: bool


def multiplied(view: View, ref: str) -> Multiplied | None:
    """Return how the requests to a workload multiplied while none of its callers got many more; None if not so."""
    grew = _rate(view, ref)
    callers = sorted(each for each, calls in view.graph.calls.items() if ref in calls)
    if grew is None or not callers or any(_rate(view, each) for each in callers):
        return None
    if ref in {server.ref for server in of_role(view.workloads, "dns")}:
        return None  # the whole cluster asks it
    if any(_works_more(view, view.workloads[each]) for each in view.graph.callers(ref) if each in view.workloads):
        return None  # whoever asks it is asked for more as well, though nobody counts that
    by = next((w for each in callers if (w := view.workloads.get(each)) and _released(w, grew)), None)
    return Multiplied(grew, by, by is not None and bool(labels_of(view, by.ref, "request_rate")))


def _rate(view: View, ref: str) -> Turn | None:
    for label in labels_of(view, ref, "request_rate"):
        for series in view.figures.series("request_rate", component=label):
            if turn := rise(view, series, "request_rate", TIMES, 1.0):
                return turn
    return None


def _works_more(view: View, caller: Workload) -> bool:
    """Tell whether a caller that was not released lately uses many times the processor time that it used."""
    if caller.changes and view.recent(caller.released_at, SOON):
        return False
    return (work_growth(view, caller) or 1.0) >= TIMES


def _released(workload: Workload, grew: Turn) -> bool:
    if not workload.changes or workload.released_at is None or grew.since is None:
        return False
    return timedelta(minutes=-2) <= grew.since - workload.released_at <= SOON
