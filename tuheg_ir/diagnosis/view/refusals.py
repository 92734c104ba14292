"""Pods that could not be made at all, as the controllers above them tell it."""

from __future__ import annotations

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.view.reading import items, moment, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def refusals(view: View, workload: Workload) -> tuple[Evidence, ...]:
    """Return why pods of a workload could not be created, newest first: from events and from conditions."""
    found = [
        view.event_evidence(e)
        for e in view.events_of(workload.ref, "FailedCreate")
        if "rror creating" in e.message or "failed error:" in e.message  # of a pod, of a claim that a pod needs
    ]
    sets = view.objects("ReplicaSet")
    for obj in (workload.obj, *(sets[revision.name] for revision in workload.revisions if revision.name in sets)):
        for condition in items(obj, "status", "conditions"):
            if text(condition, "type") == "ReplicaFailure" and text(condition, "status") == "True":
                told = f"{text(condition, 'reason')}: {text(condition, 'message')[:240]}"
                found.append(Evidence("objects", workload.ref, told, moment(condition, "lastTransitionTime")))
    return tuple(found)
