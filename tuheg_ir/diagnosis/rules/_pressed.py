"""Stores behind a service that have no processor left since, and by, the many requests that came to the service."""

from __future__ import annotations

from datetime import datetime, timedelta

from tuheg_ir.diagnosis.rules._demand import AT_ONCE, SLACK
from tuheg_ir.diagnosis.rules._figures import Turn
from tuheg_ir.diagnosis.rules._innocent_image import long_run
from tuheg_ir.diagnosis.rules._left_a_moment import left_a_moment
from tuheg_ir.diagnosis.rules._saturated import Saturated, saturated
from tuheg_ir.diagnosis.rules.scaled_down import lost
from tuheg_ir.diagnosis.view.demand import requests_grew
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.usage import limit_cut, work_growth
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.work import work_of
from tuheg_ir.diagnosis.view.workloads import Workload

_NEAR = timedelta(minutes=20)
"""What was started so shortly before may be cold, or be without what it had."""
_ENOUGH = 0.7
"""So much of its processors as many requests as these would take, were each as dear as before, is nearly all."""
_ASKED, _WORKED = 1.3, 2.0
"""So many times the requests of before, or the work where nobody counts those, is no chance."""


def pressed(view: View, ref: str, caller: Workload, grew: Turn) -> tuple[str, ...]:
    """Return the stores that a workload asks and that have no processor left by what a caller made it ask of them.

    A store that was busy before is what the caller tries again for: the many requests are an echo of that. So it may be
    where the store itself is another since, where somebody else asks it for more, or where so many requests would not
    have made it so busy. What lay still since a release waited for something: that has to be seen elsewhere.
    """
    since, callee = grew.since, view.workloads.get(ref)
    if since is None or callee is None or long_run(view, since):
        return ()
    if not since_release(caller, since, AT_ONCE) and left_a_moment(view, caller, callee, since) is None:
        return ()
    found = (each for each in saturated(view) if ref in each.callers)
    found = (each for each in found if _came_of(view, each, grew, since) and _as_it_was(view, each.store, since))
    return tuple(each.store.ref for each in found if not _others(view, each, ref, caller, since))


def _came_of(view: View, found: Saturated, grew: Turn, since: datetime) -> bool:
    """Tell whether a store was idle until the requests grew, and has too much to do with so many times as many."""
    if found.rose is None or found.rose < since - SLACK:
        return False
    was = [work.was for pod in found.store.live if (work := work_of(view, pod.name)) is not None]
    return max(was, default=0.0) * grew.now >= _ENOUGH * grew.before


def _as_it_was(view: View, store: Workload, since: datetime) -> bool:
    """Tell whether a store has the processors and pods that it had, and was neither released nor started of late."""
    if limit_cut(store, "cpu") or since_release(store, since) or any(lost(view, store)):
        return False
    return not any(pod.started and pod.started >= since - _NEAR for pod in store.live)


def _others(view: View, found: Saturated, ref: str, caller: Workload, since: datetime) -> bool:
    """Tell whether others that ask a store, and not by way of the workload, were released or do far more since then."""
    by_way = {ref, *view.graph.callers(ref)}
    return any(
        since_release(each, since) or _grew(view, each, since)
        for name in found.callers
        if (each := view.workloads.get(name)) is not None and name not in by_way and each is not caller
    )


def _grew(view: View, workload: Workload, since: datetime) -> bool:
    times = requests_grew(view, workload.ref, since)
    return times >= _ASKED if times is not None else (work_growth(view, workload) or 1.0) >= _WORKED
