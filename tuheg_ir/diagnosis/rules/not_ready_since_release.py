"""Pods of a new template run but never become ready, or the roll-out does not end in time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._not_its_release import not_its_release
from tuheg_ir.diagnosis.view.crashes import unready
from tuheg_ir.diagnosis.view.reading import items, moment, text
from tuheg_ir.diagnosis.view.releases import (
    brought_by_release,
    healthy_older,
    never_ready,
    release_cause,
    release_evidence,
)
from tuheg_ir.diagnosis.view.stillborn import ended_alike, stopped_at_the_same
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload
from tuheg_ir.diagnosis.view.written import first_to_start_with

PATIENCE = timedelta(minutes=2)
"""A pod may take that long to become ready where no deadline was missed."""


def when(view: View) -> Iterator[Match]:
    """Pods of a release are scheduled, and none of them has ever been ready."""
    for workload in view.serving:
        newest = workload.newest_pods()
        waiting = [pod for pod in newest if never_ready(pod) and not pod.unschedulable]
        late = deadline_missed(workload)
        patient = [pod for pod in waiting if late or not view.recent(pod.created, PATIENCE)]
        own = brought_by_release(workload, patient) and not first_to_start_with(view, workload, patient)
        if patient and len(waiting) == len(newest) and own and not _old_ones_would_not_either(view, workload, patient):
            yield _match(view, workload, patient, late)


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


def _match(view: View, workload: Workload, waiting: list[Pod], late: Evidence | None) -> Match:
    older = healthy_older(workload)
    told = f"{len(waiting)} pods of the newest template were never ready, {len(older)} of the older one are"
    hits = [hit for hit in view.hits_of(workload.ref) if hit.pod in {pod.name for pod in waiting}]
    others = not_its_release(view, workload, waiting)
    return Match(
        component=workload.ref,
        evidence=(
            Evidence("objects", workload.ref, told, workload.released_at),
            *((late,) if late else ()),
            *((others,) if others else ()),
            *release_evidence(workload, "probe", "ports", "env"),
            *unready(view, workload)[:2],
            *(view.hit_evidence(hit) for hit in hits[:2]),
        ),
        certainty=0.7 if older and not others else 0.5,
        root_cause="dependency_failure" if others else release_cause(view, workload),
        remedy="page_human" if others else "",
        since=workload.released_at,
        excludes=excluding(workload.ref, "the newest template does not become ready", *RESTARTS),
    )


RULE = Rule(
    name="not_ready_since_release",
    title="Pods of a release never become ready",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no release has pods that were never ready",
    follows=True,
)
