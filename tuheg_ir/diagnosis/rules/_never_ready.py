"""Pods of a release that were never ready, and that it is the release which keeps them so."""

from __future__ import annotations

from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.view.reading import items, moment, text
from tuheg_ir.diagnosis.view.releases import brought_by_release, never_ready
from tuheg_ir.diagnosis.view.stillborn import ended_alike, stopped_at_the_same
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload
from tuheg_ir.diagnosis.view.written import first_to_start_with

PATIENCE = timedelta(minutes=2)
"""A pod may take that long to become ready where no deadline was missed."""


def never_ready_since_release(view: View, workload: Workload) -> list[Pod]:
    """Return the pods of a release if they are scheduled and none of them has ever been ready; [] otherwise."""
    newest = workload.newest_pods()
    waiting = [pod for pod in newest if never_ready(pod) and not pod.unschedulable]
    late = deadline_missed(workload)
    patient = [pod for pod in waiting if late or not view.recent(pod.created, PATIENCE)]
    own = brought_by_release(workload, patient) and not first_to_start_with(view, workload, patient)
    if not patient or len(waiting) != len(newest) or not own or _old_ones_would_not_either(view, workload, patient):
        return []
    return patient


def _old_ones_would_not_either(view: View, workload: Workload, pods: list[Pod]) -> bool:
    """Tell whether pods of the template before end alike, or would meet the same init containers before they begin."""
    stopped = {crash.pod.name for crash in stopped_at_the_same(view, workload)}
    return bool(ended_alike(view, workload)) or stopped >= {pod.name for pod in pods}


def deadline_missed(workload: Workload) -> Evidence | None:
    """Return that a roll-out did not end within its deadline."""
    for condition in items(workload.obj, "status", "conditions"):
        if text(condition, "reason") == "ProgressDeadlineExceeded":
            told = f"ProgressDeadlineExceeded: {text(condition, 'message')[:200]}"
            return Evidence("objects", workload.ref, told, moment(condition, "lastUpdateTime"))
    return None
