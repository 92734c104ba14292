"""A pod that nothing owns has ended: no controller brings it back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.view.reading import labels, selects, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod

LATELY = timedelta(hours=24)


def when(view: View) -> Iterator[Match]:
    """A bare pod failed, and a Service sends to it or others call it."""
    for workload in view.workloads.values():
        gone = [pod for pod in workload.pods if workload.kind == "Pod" and pod.phase == "Failed"]
        services = [s.ref for s in view.services.values() if gone and selects(s.selector, labels(gone[0].obj))]
        if gone and (services or view.graph.callers(workload.ref)) and _lately(view, gone[0]):
            yield _match(view, workload.ref, gone[0], services)


def _lately(view: View, pod: Pod) -> bool:
    """Tell whether a pod ended of late, as far as anything tells when."""
    times = [c.ended.at for c in pod.containers if c.ended and c.ended.at]
    times += [event.last for event in view.events_of(f"Pod/{pod.name}") if event.last]
    return not times or any(view.recent(time, LATELY) for time in times)


def _match(view: View, ref: str, pod: Pod, services: list[str]) -> Match:
    told = text(pod.obj, "status", "message")[:200]
    reached = tuple(Evidence("objects", service, f"it sends to {pod.name} and to nothing else") for service in services)
    events = view.events_of(ref, "Evicted", "Killing", "OOMKilling", "NodeNotReady")
    evicted = pod.reason in ("Evicted", "OOMKilled", "Preempted", "Preempting")
    return Match(
        component=ref,
        evidence=(
            Evidence("objects", ref, f"it ended and nothing owns it: {pod.reason} {told}".rstrip(": ")),
            *reached[:1],
            *(view.event_evidence(event) for event in events[:1]),
        ),
        certainty=0.75,
        root_cause="resource_exhaustion" if evicted else "service_crash",
        explains=tuple(view.graph.callers(ref)),
    )


RULE = Rule(
    name="lone_pod_gone",
    title="A pod that nothing owns is gone",
    root_cause="service_crash",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no pod without an owner that is needed has ended",
)
