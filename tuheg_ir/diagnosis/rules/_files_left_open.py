"""Whether the pods of a release leave files open at one pace, each since its start: whoever is made anew does so again.

One pod that has none left may be alone with it for chance made it the first to get there, or the last to be restarted.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._file_limit import of_files
from tuheg_ir.diagnosis.rules._kept_by_age import lost_by_age
from tuheg_ir.diagnosis.rules._opened_since import LEAST, NONE, OPEN, climbs
from tuheg_ir.diagnosis.rules._pools import kept_waiting
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.releases import served_long
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_YOUNG = timedelta(minutes=10)
"""What a pod has opened in less time than this tells little: it is the work that it was given first."""
_FALLS = 0.5
"""A process that holds less than this share of what it held a moment ago is another one."""


class _Life(NamedTuple):
    """A process: how many seconds it took to what it holds at most, how many files that are, how many more a second."""

    age: float
    held: float
    paces: tuple[float, ...]


@once
def files_left_open(view: View, workload: Workload) -> Evidence | None:
    """Return that all pods of a release hold the more files the older their processes are; None if nobody can tell.

    Not where the template before served hardly longer than this one needs for all its files, as then it may leave them
    open as well; nor where more is asked, or something behind is slow: what waits holds a file for as long.
    """
    if workload.returned or workload.older_pods() or not workload.changed("image", "env", "command"):
        return None
    told = [hit for hit in view.hits_of(workload.ref, "process_exhausted") if not hit.previous]
    if not told or not all(of_files(hit.line) for hit in told):
        return None
    lives = [_life(view, pod) for pod in workload.newest_pods() if not view.recent(pod.started, _YOUNG)]
    known = [each for each in lives if each]
    if len(known) < max(2, len(lives)) or kept_waiting(view, workload):
        return None
    ages, paces = [each.age for each in known], [pace for each in known for pace in each.paces]
    if not lost_by_age(ages, paces) or not served_long(workload, max(ages)):
        return None
    most = max(each.held for each in known)
    fact = (
        f"each of its pods holds the more files the older it is, {min(paces) * 3600:.0f} or more an hour to {most:.0f}"
    )
    return Evidence("metrics", workload.ref, fact, workload.released_at)


def _life(view: View, pod: Pod) -> _Life | None:
    """Return how the process of a pod that runs came to hold its files; None if they do not become steadily more."""
    counted = [point for series in view.figures.series(OPEN, pod=pod.name) for point in series.points]
    started = pod.started.timestamp() if pod.started else 0.0
    points = [point for point in counted if point[0] >= started]
    anew = max((n for n, ((_, was), (_, now)) in enumerate(pairwise(points), 1) if now < _FALLS * was), default=0)
    mine = points[anew:]
    most = max((value for _, value in mine), default=0.0)
    rise = mine[: next((n for n, (_, value) in enumerate(mine) if value >= NONE * most), 0) + 1]
    if not started or not rise or rise[-1][1] - rise[0][1] < LEAST or not climbs(rise, times=1.0):
        return None
    (first, low), (last, high) = rise[0], rise[-1]
    pace = (high - low) / (last - first)
    if anew or len(points) < len(counted):
        # A process begins with files of its own: of a young one all that it holds says nothing of its pace.
        return _Life(last - first, high, (pace,))
    return _Life(last - started, high, (pace, high / (last - started)))
