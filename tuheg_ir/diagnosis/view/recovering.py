"""Stores that read their data anew after a hard end: they serve when they are through, if nobody ends them before."""

from __future__ import annotations

import re

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.logs import Hit, tells
from tuheg_ir.diagnosis.view.stores import is_store, keeps_data
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload

_THROUGH = late(
    r"ready (?:to accept|for) (?:client )?connections|waiting for connections|server startup complete"
    r"|transition from \w+ to (?:STARTED|RUNNING)|\bid=\d+\] started\b",
    re.IGNORECASE,
)
"""What a store says when it has read its data."""


def recovering(view: View, workload: Workload) -> tuple[tuple[Pod, Hit], ...]:
    """Return the pods of a store that run without being ready, with what their logs say of the end before."""
    if not (keeps_data(view, workload) or is_store(workload)):
        return ()
    said = {hit.pod: hit for hit in view.hits_of(workload.ref, "unclean_end") if not hit.previous}
    runs = [
        p for p in workload.live if not p.ready and p.containers and all(c.state == "running" for c in p.containers)
    ]
    return tuple((pod, said[pod.name]) for pod in runs if pod.name in said and not _through(view, pod, previous=False))


def cut_off(view: View, workload: Workload, pod: Pod) -> Hit | None:
    """Return what a store's pod says of its end before, in the run that ended last or in this one; None: it served.

    Where the log of the run that ended last is kept, that one tells: it was not through when it was ended.
    """
    if not (keeps_data(view, workload) or is_store(workload)):
        return None
    kept = any(log.previous for log in view.logs_of([pod]))
    said = (h for h in view.hits_of(workload.ref, "unclean_end") if h.pod == pod.name and h.previous == kept)
    return next((hit for hit in said if not _through(view, pod, previous=kept)), None)


def _through(view: View, pod: Pod, *, previous: bool) -> bool:
    """Tell whether a pod has said in a run that it serves since it last told of the end before."""
    for log in (each for each in view.logs_of([pod]) if each.previous == previous):
        for line in reversed(log.lines):
            if _THROUGH.search(line[:1000]):
                return True
            if tells("unclean_end", line[:1000]):
                break
    return False
