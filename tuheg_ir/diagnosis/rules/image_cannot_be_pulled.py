"""The newest template names an image that cannot be had."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.view import View

REASONS = ("ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull")


def when(view: View) -> Iterator[Match]:
    """Pods of the newest template wait for an image."""
    for workload in view.serving:
        waiting = [
            (pod, container)
            for pod in workload.newest_pods()
            for container in pod.containers
            if container.state == "waiting" and container.reason in REASONS
        ]
        if not waiting:
            continue
        evidence = [
            Evidence("objects", f"Pod/{pod.name}", f"{container.reason}: {container.message[:200]}", pod.created)
            for pod, container in waiting[:3]
        ]
        evidence += [view.event_evidence(e) for e in view.events_of(workload.ref, "Failed", "InspectFailed")[:2]]
        changed = workload.changed("image")
        evidence += [Evidence("objects", workload.ref, c.told(), workload.released_at) for c in changed]
        yield Match(
            component=workload.ref,
            evidence=tuple(evidence),
            certainty=0.8,
            root_cause="configuration_error",
            remedy="rollback_workload" if workload.changes else "page_human",
            since=workload.released_at or waiting[0][0].created,
        )


RULE = Rule(
    name="image_cannot_be_pulled",
    title="New pods wait for an image that cannot be pulled",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no pod of a newest template waits for its image",
)
