"""An autoscaler cannot count what it goes by, and somebody suffers from too few replicas."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._capacity import blinded_by_release
from tuheg_ir.diagnosis.view.releases import release_evidence
from tuheg_ir.diagnosis.view.scaling import autoscaler
from tuheg_ir.diagnosis.view.trouble import suffering
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

FIRST = timedelta(minutes=5)
"""So long the figures of a new pod may be missing."""


def when(view: View) -> Iterator[Match]:
    """Its condition says that it sees nothing, and an alert or a caller tells of its workload."""
    for workload in view.serving:
        scaler = autoscaler(view, workload.ref)
        said = tuple(suffering(view, workload.ref)) if scaler and scaler.blind else ()
        if scaler is None or not said or not _settled(view, workload):
            continue
        released = blinded_by_release(view, workload, scaler)
        told = Evidence("objects", scaler.ref, f"it sees nothing: {scaler.blind}", scaler.blind_since)
        yield Match(
            component=workload.ref if released else scaler.ref,
            evidence=(told, *said[:2], *(release_evidence(workload) if released else ())),
            certainty=0.7 if released else 0.5,
            remedy="rollback_workload" if released else "page_human",
            since=scaler.blind_since,
            explains=() if released else (workload.ref,),
            excludes=excluding(workload.ref, "new pods are counted no better", *RESTARTS) if released else (),
        )


def _settled(view: View, workload: Workload) -> bool:
    """Tell whether all pods run, and for a while: of pods that come or crash nobody has figures yet."""
    young = any(view.recent(pod.created, FIRST) or pod.restarts for pod in workload.live)
    return workload.ready >= workload.wanted and not young


RULE = Rule(
    name="autoscaler_blind",
    title="An autoscaler cannot count what it goes by",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.SYMPTOM,
    when=when,
    why_not="no autoscaler says that it sees nothing while its workload suffers",
)
