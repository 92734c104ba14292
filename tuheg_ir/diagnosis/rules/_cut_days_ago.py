"""A processor limit that a template cut days ago, and that is missed since the usual load is back.

What is cut before the weekend, a holiday or the quiet part of a month does well until as many ask as always do.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.rules._asking import asker
from tuheg_ir.diagnosis.rules._asks_it import who_asks
from tuheg_ir.diagnosis.rules._capacity import WEEKLY
from tuheg_ir.diagnosis.rules._figures import busy_pods
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import releases, since_release
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.usage import BUSY, always_busy, limits_cut, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

DEEP = 0.5
"""A limit that is cut to more than this share of what it was is seldom what is missed days later."""
NEARLY = 0.8
"""What would take less than this share of the limit, by what it took before, is made busy by something else."""
EARLIER = timedelta(minutes=10)
"""What failed so long before a processor was busy did not fail for that."""


class Missed(NamedTuple):
    """What is missed of a former limit: who suffers, since when, what shows it, and whether the load tells it too."""

    sufferers: tuple[str, ...]
    since: datetime | None
    evidence: tuple[Evidence, ...]
    fits: bool


def missed(view: View, workload: Workload) -> Missed | None:
    """Return that a workload misses the limit that it had before its release of some days ago; None: not so.

    It came to its limit within the hour, those who ask it suffer since, and nobody of them was released then. Where it
    is known how much more is asked, that takes more than it has, by what it took before, and not more than it had.
    """
    cut = _deep(workload)
    if cut is None or not releases(view, workload, WEEKLY) or workload.returned:
        return None
    if not usage(view.figures, workload, "cpu_share").widely(BUSY) or always_busy(view, workload, BUSY):
        return None
    busy = tuple(busy_pods(view, workload, BUSY))
    since, callers = oldest(each.time for each in busy), who_asks(view, workload.ref)
    near = (workload.ref, *callers)
    hurts = [(ref, seen) for ref in near for seen in _hurts(view, ref, since)]
    if since is None or not hurts or _otherwise(view, workload, callers, since):
        return None
    takes = _takes(view, workload, cut, near)
    if takes is not None and not NEARLY * cores_of(cut.after) <= takes.cores <= cores_of(cut.before or ""):
        return None
    shown = (*busy[:2], *(takes.evidence if takes else ()), *(seen for _, seen in hurts[:2]))
    return Missed(callers, since, shown, takes is not None)


class _Takes(NamedTuple):
    """How many processors the work takes by now, by what it took before."""

    cores: float
    evidence: tuple[Evidence, ...]


def cores_of(limit: str) -> float:
    """Return a limit in cores; more than anybody has where there is none."""
    found = number(limit)
    return found if found is not None else float("inf")


def _deep(workload: Workload) -> Change | None:
    """Return how the newest template cut the processor limit of a container by half or more; None: it did not."""
    cuts = limits_cut(workload, "cpu").values()
    return next((c for c in cuts if cores_of(c.after) <= DEEP * cores_of(c.before or "")), None)


def _hurts(view: View, ref: str, busy: datetime | None) -> Iterator[Evidence]:
    for seen, at in troubles(view, ref):
        if busy is None or at is None or at >= busy - EARLIER:
            yield seen


def _otherwise(view: View, workload: Workload, callers: tuple[str, ...], busy: datetime) -> bool:
    """Tell whether a caller's release, or one client's long statements, came as a workload began to be busy."""
    known = (view.workloads[ref] for ref in callers if ref in view.workloads)
    began = oldest((busy, *(at for ref in callers for _, at in troubles(view, ref))))
    released = any(since_release(each, busy) or since_release(each, began) for each in known)
    return released or asker(view, workload, busy) is not None


def _takes(view: View, workload: Workload, cut: Change, near: tuple[str, ...]) -> _Takes | None:
    """Return how many processors so much more takes as is asked by now of a workload or those in front of it."""
    first = [view.figures.first("cpu_share", pod=pod.name) for pod in workload.live]
    was = max((each for each in first if each is not None), default=None)
    grown = max((times for ref in near if (times := traffic_growth(view, ref)) is not None), default=None)
    if was is None or grown is None:
        return None
    cores = was * grown * cores_of(cut.after)
    had = f"{cut.before} before" if cut.before else "none before"
    told = f"{grown:.1f} times as much is asked, which takes {cores:.1f} cores; its limit is {cut.after}, {had}"
    return _Takes(cores, (Evidence("metrics", workload.ref, told),))
