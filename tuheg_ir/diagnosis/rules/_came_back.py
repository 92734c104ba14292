"""Who asks for much because much waited for it: it ran nothing before, or works off a queue that was long already.

Whichever version of it comes then finds the same work: that its image is new as well speaks for nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Series
from tuheg_ir.diagnosis.rules._readers import LEAST, given_up, queues, reader
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

SLACK = timedelta(minutes=2)
"""So long after a reader begins its lag is first counted."""
LONG = timedelta(minutes=15)
"""Who ran nothing for less long was only started anew: no work gathered for it."""
SHARE = 0.1
"""Who works off a queue makes it shorter by so much; what stays as long as ever is no work that it found."""


def found_work(view: View, workload: Workload, since: datetime | None) -> bool:
    """Tell whether a workload was started from no pods at all, or read a queue that was long, as it began to ask."""
    return _from_nothing(view, workload) or (since is not None and _long_then(view, workload, since))


def _from_nothing(view: View, workload: Workload) -> bool:
    """Tell whether a workload was to have no pods for long, until all those came that it has."""
    came = oldest(pod.created for pod in workload.live)
    known = view.figures.series("replicas_wanted")
    own = (each for each in known if view.component(each.labels.get("component", "")) == workload.ref)
    return came is not None and any(_nothing(each, came - timedelta(seconds=1)) for each in own)


def _nothing(series: Series, until: datetime) -> bool:
    """Tell whether a series was 0 up to a moment, and for long before it."""
    since = (until - LONG).timestamp()
    before = [value for at, value in series.points if at <= since][-1:]
    return bool(before) and not any([*before, *(v for at, v in series.points if since < at <= until.timestamp())])


def _long_then(view: View, workload: Workload, since: datetime) -> bool:
    """Tell whether many messages waited in a queue that a workload reads, as it began: it works them off still."""
    for series in queues(view):
        if given_up(view, series) or reader(view, series) is not workload:
            continue
        waited = _last(series, since + SLACK)
        left = series.points[-1][1] if series.points else 0.0
        if waited is None or left < LEAST or waited - left < max(LEAST, SHARE * waited):
            continue
        half = _last(series, since + (view.now - since) / 2) or 0.0
        if half - left >= SHARE * (waited - left):
            return True  # what came while it was started is gone at once, and what ever waits stays
    return False


def _last(series: Series, until: datetime) -> float | None:
    """Return the last value of a series up to a moment."""
    return next((value for at, value in reversed(series.points) if at <= until.timestamp()), None)
