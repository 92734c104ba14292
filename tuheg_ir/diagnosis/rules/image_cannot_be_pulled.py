"""The newest template names an image that cannot be had, or the registry does not give it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.releases import brought_by_release, release_evidence
from tuheg_ir.diagnosis.view.workloads import Container, Pod, Workload

REASONS = ("ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError")
_REGISTRY = late(
    r"i/o timeout|no such host|connection refused|TLS handshake|x509|toomanyrequests|rate limit|"
    r"\b50[0234]\b|deadline exceeded|server misbehaving|Service Unavailable",
    re.IGNORECASE,
)


def when(view: View) -> Iterator[Match]:
    """Pods of the newest template wait for an image."""
    for workload in view.workloads.values():
        waiting = [
            (pod, container)
            for pod in workload.newest_pods()
            for container in pod.containers
            if container.state == "waiting" and container.reason in REASONS
        ]
        if waiting:
            yield _match(view, workload, waiting)


def _match(view: View, workload: Workload, waiting: list[tuple[Pod, Container]]) -> Match:
    evidence = [
        Evidence("objects", f"Pod/{pod.name}", f"{container.reason}: {container.message[:200]}", pod.created)
        for pod, container in waiting[:3]
    ]
    events = view.events_of(workload.ref, "Failed", "InspectFailed")
    evidence += [view.event_evidence(e) for e in events[:2]]
    told = " ".join([*(container.message for _, container in waiting), *(e.message for e in events[:5])])
    released = brought_by_release(workload, [pod for pod, _ in waiting]) and bool(workload.changed("image"))
    registry = _REGISTRY.search(told) is not None and "not found" not in told
    evidence += release_evidence(workload, "image")[:1] if released else ()
    return Match(
        component=workload.ref,
        evidence=tuple(evidence),
        certainty=0.7 if registry else 0.8,
        root_cause="dependency_failure" if registry else "configuration_error",
        remedy="rollback_workload" if released and not registry else "page_human",
        since=(workload.released_at if released else None) or waiting[0][0].created,
        excludes=excluding(workload.ref, "pods that run could not fetch their image again", *RESTARTS),
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
