"""An autoscaler cannot count what it goes by, and somebody suffers from too few replicas."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules.crash_later import SUSPECT
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.releases import release_evidence, releases
from tuheg_ir.diagnosis.view.scaling import Autoscaler, autoscaler
from tuheg_ir.diagnosis.view.trouble import suffering
from tuheg_ir.diagnosis.view.workloads import Workload

FIRST = timedelta(minutes=5)
"""So long the figures of a new pod may be missing."""
_NO_REQUEST = re.compile(r"missing request for \S+ in container (\S+)")


def when(view: View) -> Iterator[Match]:
    """Its condition says that it sees nothing, and an alert or a caller tells of its workload."""
    for workload in view.serving:
        scaler = autoscaler(view, workload.ref)
        said = tuple(suffering(view, workload.ref)) if scaler and scaler.blind else ()
        if scaler is None or not said or not _settled(view, workload):
            continue
        released = _came_with_the_release(view, workload, scaler)
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


def _came_with_the_release(view: View, workload: Workload, scaler: Autoscaler) -> bool:
    """Tell whether the container that asks for nothing is one that the newest release brought or changed."""
    container = _NO_REQUEST.search(scaler.blind)
    named = container is not None and any(c.container == container.group(1) for c in workload.changes)
    return named and releases(view, workload, SUSPECT)


RULE = Rule(
    name="autoscaler_blind",
    title="An autoscaler cannot count what it goes by",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.SYMPTOM,
    when=when,
    why_not="no autoscaler says that it sees nothing while its workload suffers",
)
