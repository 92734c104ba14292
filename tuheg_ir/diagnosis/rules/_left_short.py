"""An autoscaler sees nothing, and leaves a workload fewer replicas than its own target asks for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, excluding
from tuheg_ir.diagnosis.rules._capacity import (
    FROM_BEHIND,
    GROWN,
    PEAK,
    asked_more,
    felt_before,
    remedy_for_load,
    slow_behind,
    unblinded,
)
from tuheg_ir.diagnosis.rules._demand import multiplied
from tuheg_ir.diagnosis.view.complaints import UNANSWERED, complaints, fresh
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.logs import Hit, tells
from tuheg_ir.diagnosis.view.marked import Marked, complained, marked
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.scaling import Autoscaler, due
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.usage import THROTTLED, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

MORE = 1.25
"""So many times the target: an autoscaler lets a tenth pass, and figures are not exact."""
YOUNG = timedelta(minutes=5)
"""So long a start may take much processor time."""
FRESH = timedelta(hours=2)
"""A release so young may need more of it for the same work."""
_LEFT = late(r"\bIgnoring EPIPE\b")
"""How a server of Python tells that who asked is gone; elsewhere a broken pipe may be one to what is behind."""


def left_short(view: View, workload: Workload, scaler: Autoscaler, lost: Sequence[Evidence]) -> Match | None:
    """Return that pods use more than their autoscaler's target, which sees nothing, and that more is asked of them.

    Load has its hours: what an autoscaler leaves alone for days has been enough at each peak.
    What lacks is felt from when its pods were pressed, however long the autoscaler saw nothing before.
    ``lost``: what tells that the workload lost replicas within the hour: then the rest have more to do each.
    """
    lately = scaler.blind and view.recent(scaler.blind_since, PEAK)
    wants = due(view, scaler, workload) if lately and not scaler.at_most else None
    if wants is None or wants.used < MORE * wants.target or not _settled(view, workload):
        return None
    if not _pressed(view, workload) or _fails_otherwise(view, workload):
        return None
    felt = list(troubles(view, workload.ref)) or felt_before(view, workload)
    asked = (*asked_more(view, workload), *_grown(view, workload), *lost)
    if not felt or not asked or releases(view, workload, FRESH) or multiplied(view, workload.ref):
        return None
    fact = f"its pods use {wants.used:.0%} of the processor time that they request, and the autoscaler's target is "
    fact += f"{wants.target:.0%}: it would want {wants.replicas} of them, and there are {len(workload.live)}"
    remedy, more, excludes = remedy_for_load(view, workload)
    found = Match(
        component=workload.ref,
        evidence=(Evidence("metrics", workload.ref, fact), *more, *asked[:2], *(seen for seen, _ in felt[:2])),
        certainty=0.65,
        remedy=remedy,
        since=oldest((*(since for _, since in felt), _blamed_since(view, workload))),
        excludes=(
            *excludes,
            *excluding(workload.ref, "the template is well; what lacks is replicas", "rollback_workload"),
            *excluding(workload.ref, "a restart adds no replica, and while it lasts there are fewer", *RESTARTS),
        ),
    )
    return unblinded(view, workload, found)


def _settled(view: View, workload: Workload) -> bool:
    """Tell whether its pods run for a while: those that are too busy to answer a probe are not ready now and then."""
    young = any(view.recent(pod.created, YOUNG) or pod.restarts for pod in workload.live)
    return not young and len(workload.live) >= workload.wanted and 2 * workload.ready >= workload.wanted


def _pressed(view: View, workload: Workload) -> bool:
    """Tell whether each pod uses more processor time than before, or most are held to their limit of it.

    What always used so much was always enough: then something else fails.
    """
    more = all(_uses_more(view, pod) for pod in workload.live)
    return more or usage(view.figures, workload, "throttled_share").widely(THROTTLED)


def _uses_more(view: View, pod: Pod) -> bool:
    """Tell whether all containers of a pod together use more processor time than before."""
    each = [view.figures.alone("cpu_usage", series) for series in view.figures.series("cpu_usage", pod=pod.name)]
    was = sum(figures.first("cpu_usage") or 0.0 for figures in each)
    return sum(figures.now("cpu_usage") or 0.0 for figures in each) >= GROWN * was > 0


def _fails_otherwise(view: View, workload: Workload) -> bool:
    """Tell whether what is behind a workload is slow, full or away now, or it tells of errors: more would not help."""
    if marked(view, workload) or slow_behind(view, workload):
        return True
    behind = [hit for hit in view.hits_of(workload.ref, *FROM_BEHIND) if fresh(view, hit)]
    return any(hit.count > _given_up(view, workload, hit) for hit in behind)


def _given_up(view: View, workload: Workload, hit: Hit) -> int:
    """Return how many lines of a pod tell that a caller did not wait: a server that is too busy is left so."""
    found = (each for each in complained(view, workload) if _LEFT.search(each.line))
    return sum(each.pods.get(hit.pod, 0) for each in found) if _LEFT.search(hit.line) else 0


def _grown(view: View, workload: Workload) -> tuple[Evidence, ...]:
    times = traffic_growth(view, workload.ref)
    if times is None or times < GROWN:
        return ()
    return (Evidence("metrics", workload.ref, f"its requests have grown {times:.1f} times"),)


def _blamed_since(view: View, workload: Workload) -> datetime | None:
    """Return since when all its pods are pressed, where a caller tells that it does not answer, and of no other error.

    Where no caller does, what ails one may be its own: then only what users feel of the workload itself counts.
    """
    told = {each.caller for each in complaints(view, *UNANSWERED) if each.about == workload.ref}
    callers = (view.workloads[ref] for ref in told if ref in view.workloads)
    if not any(all(map(_of_another, marked(view, each))) for each in callers):
        return None
    since = [_pressed_since(view, pod) for pod in workload.live]
    return newest(since) if None not in since else None


def _pressed_since(view: View, pod: Pod) -> datetime | None:
    """Return since when a pod is held to its limit, or a container of it uses more processor time than before."""
    held = view.figures.crossed("throttled_share", THROTTLED, pod=pod.name)
    each = [view.figures.alone("cpu_usage", series) for series in view.figures.series("cpu_usage", pod=pod.name)]
    used = (figures.crossed("cpu_usage", GROWN * (figures.first("cpu_usage") or 0.0)) for figures in each)
    return oldest((held, *used))


def _of_another(error: Marked) -> bool:
    return any(tells(trouble, error.line) for trouble in UNANSWERED)
