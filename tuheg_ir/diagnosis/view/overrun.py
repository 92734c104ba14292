"""Containers that the kubelet killed as far more was asked of them for a while: that is over, and they serve again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.view.crashes import LATELY, OWN_FAULTS, PROVED, probe_kills, ready_for
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.trouble import ERRORS, SLOW_S, labels_of, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

FAR_MORE = 3.0
"""So many times as much as usual is more than a workload was made for."""
AS_BEFORE = 1.5
ONCE = 1
"""What was started again more often ends by something else as well."""
NEAR = timedelta(minutes=2)
"""Figures tell of an end no later than this."""
_KILLED = frozenset({137, 143})
_FELT = (("error_ratio", ERRORS), ("latency_p95", SLOW_S))


def overrun(view: View, workload: Workload, pod: Pod) -> bool:
    """Tell whether all that ended of late in a pod was killed for its probe amid a rush of requests, which is over.

    What users felt has ended for long, as much is asked as before, and the pod serves since. Not where a log of the
    workload tells of a fault of its own.
    """
    ended = [c for c in pod.containers if not c.init and c.restarts and c.ended and view.recent(c.ended.at, LATELY)]
    rush = _rush_over(view, workload) if ended and ready_for(view, pod, PROVED) else None
    if rush is None or not probe_kills(view, workload, [pod]) or view.hits_of(workload.ref, *OWN_FAULTS):
        return False
    return all(
        c.restarts <= ONCE and c.ended and c.ended.at and c.ended.exit_code in _KILLED and _within(c.ended.at, rush)
        for c in ended
    )


def _within(moment: datetime, rush: tuple[datetime, datetime]) -> bool:
    return rush[0] <= moment <= rush[1] + NEAR


@once
def _rush_over(view: View, workload: Workload) -> tuple[datetime, datetime] | None:
    """Return from when on and until when far more was asked of a workload, once, and users suffered by it; else None.

    More was asked before they suffered: clients also ask a service again and again that fails by itself.
    """
    rush = None if any(troubles(view, workload.ref)) else next(_asked_far_more(view, workload), None)
    felt = min(
        (
            spell
            for signal, limit in _FELT
            for label in labels_of(view, workload.ref, signal)
            if (spell := _once(view, signal, limit, label)) is not None
        ),
        default=None,
    )
    return rush if rush is not None and felt is not None and rush[0] <= felt[0] <= rush[1] else None


def _once(view: View, signal: str, limit: float, label: str) -> tuple[datetime, datetime] | None:
    """Return from when on and until when a figure was beyond a limit, if that was once, and is over for long."""
    began = view.figures.first_beyond(signal, limit, component=label)
    ended = view.figures.quiet_since(signal, limit, component=label)
    once_only = view.figures.episodes(signal, limit, component=label) == 1
    if began is None or ended is None or not once_only or view.now - ended < PROVED:
        return None
    return began, ended


def _asked_far_more(view: View, workload: Workload) -> Iterator[tuple[datetime, datetime]]:
    """Yield from when on and until when far more was asked of a workload, where it is as much as at first now."""
    for label in labels_of(view, workload.ref, "request_rate"):
        was = view.figures.first("request_rate", component=label)
        now = view.figures.now("request_rate", component=label)
        if was and now is not None and was / AS_BEFORE <= now <= AS_BEFORE * was:
            rush = _once(view, "request_rate", FAR_MORE * was, label)
            yield from (rush,) if rush is not None else ()
