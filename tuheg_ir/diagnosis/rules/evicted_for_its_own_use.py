"""Pods are evicted because they wrote more to their node's disk than they may: no fault of the node."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.view.reading import text
from tuheg_ir.diagnosis.view.releases import cause_of_release, release_evidence, releases
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload

LATELY = timedelta(hours=1)
SUSPECT = timedelta(hours=24)


def when(view: View) -> Iterator[Match]:
    """Pods were evicted for what they used themselves, within the hour."""
    for workload in view.serving:
        gone = [pod for pod in workload.pods if _for_itself(pod) and _lately(view, workload, pod)]
        if gone:
            yield _match(view, workload, gone)


def _for_itself(pod: Pod) -> bool:
    told = text(pod.obj, "status", "message")
    return pod.reason == "Evicted" and ("exceeds the" in told or "exceeded its" in told)


def _lately(view: View, workload: Workload, pod: Pod) -> bool:
    """Tell whether a pod was evicted of late; its event tells when, else its own age."""
    events = [e for e in view.events_of(workload.ref, "Evicted") if e.about == f"Pod/{pod.name}"]
    return any(view.recent(e.last, LATELY) for e in events) or view.recent(pod.created, LATELY)


def _match(view: View, workload: Workload, gone: list[Pod]) -> Match:
    newest = {workload.current.name} if workload.current else set()
    released = releases(view, workload, SUSPECT) and all(pod.revision in newest for pod in gone)
    return Match(
        component=workload.ref,
        evidence=(
            *(
                Evidence("objects", f"Pod/{p.name}", text(p.obj, "status", "message")[:200], p.created)
                for p in gone[:2]
            ),
            *(view.event_evidence(e) for e in view.events_of(workload.ref, "Evicted")[:1]),
            *(release_evidence(workload) if released else ()),
        ),
        certainty=0.75,
        root_cause=cause_of_release(workload) if released else "resource_exhaustion",
        remedy="rollback_workload" if released else "page_human",
        since=min((p.created for p in gone if p.created), default=None),
    )


RULE = Rule(
    name="evicted_for_its_own_use",
    title="Pods are evicted for what they wrote themselves",
    root_cause="resource_exhaustion",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no pod was evicted for more local storage than it may use",
)
