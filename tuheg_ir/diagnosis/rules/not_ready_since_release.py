"""Pods of a new template run but never become ready, or the roll-out does not end in time."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._never_ready import deadline_missed, never_ready_since_release
from tuheg_ir.diagnosis.rules._not_its_release import not_its_release, runs_on
from tuheg_ir.diagnosis.view.crashes import unready
from tuheg_ir.diagnosis.view.releases import healthy_older, never_ready, release_cause, release_evidence
from tuheg_ir.diagnosis.view.trouble import MINUTE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload


def when(view: View) -> Iterator[Match]:
    """Pods of a release are scheduled, and none of them has ever been ready."""
    for workload in view.serving:
        if waiting := never_ready_since_release(view, workload):
            yield _match(view, workload, waiting, deadline_missed(workload))


def _match(view: View, workload: Workload, waiting: list[Pod], late: Evidence | None) -> Match:
    older = healthy_older(workload)
    told = f"{len(waiting)} pods of the newest template were never ready, {len(older)} of the older one are"
    hits = [hit for hit in view.hits_of(workload.ref) if hit.pod in {pod.name for pod in waiting}]
    others = not_its_release(view, workload, waiting) or _older_alike(workload, waiting)
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


def _older_alike(workload: Workload, waiting: list[Pod]) -> Evidence | None:
    """Return that a pod of the older template, made before the release, runs and has never been ready either.

    One that ends may do so by something else.
    """
    at = workload.released_at
    for pod in workload.live:
        alike = pod not in waiting and never_ready(pod) and runs_on(pod)
        if alike and pod.created and at and pod.created < at - MINUTE:
            fact = "it is of the older template, was made before the release, and has never been ready either"
            return Evidence("objects", f"Pod/{pod.name}", fact, pod.created)
    return None


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
