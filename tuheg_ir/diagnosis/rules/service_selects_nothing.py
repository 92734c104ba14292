"""A Service selects no pod, though the pods that it is meant for run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._figures import is_well
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.view.complaints import complaints, told
from tuheg_ir.diagnosis.view.network import Service
from tuheg_ir.diagnosis.view.reading import labels, selects, written
from tuheg_ir.diagnosis.view.view import View

LATELY = timedelta(hours=6)


def when(view: View) -> Iterator[Match]:
    """A Service with a selector has no pod behind it; pods that are alike are ready."""
    for service in view.services.values():
        if not service.selector or service.backends or service.ready or _selects_pods(view, service):
            continue
        meant = tuple(ref for ref in service.meant if view.workloads[ref].ready)
        if not meant:
            continue
        same = any(view.workloads[ref].name == service.name for ref in meant)
        young = view.recent(written(service.obj), LATELY)
        if not young and is_well(view, behind(view, *meant)):
            continue  # it was so before, and nobody misses it
        callers = {
            c.caller: c for c in complaints(view, "connection_refused", "connection_timeout", "upstream_failure")
        }
        said = [c for c in callers.values() if c.about in meant]
        if not (young or same or said):
            continue  # a Service for pods that come and go: the primary of an operator, a canary
        told_labels = ", ".join(f"{k}={v}" for k, v in service.selector.items())
        routed = [r.ref for r in view.routes if r.service == service.name]
        yield Match(
            component=service.ref,
            evidence=(
                Evidence("objects", service.ref, f"no pod has the labels {told_labels}", written(service.obj)),
                *((Evidence("objects", meant[0], f"{view.workloads[meant[0]].ready} pods are ready"),)),
                *told(view, said, 2),
                *(Evidence("objects", ref, f"it sends to {service.name}") for ref in routed[:1]),
            ),
            certainty=0.8 if young or same else 0.6,
            since=written(service.obj) if view.recent(written(service.obj)) else None,
            explains=behind(view, *meant),
            excludes=not_for(meant, f"its pods are well: {service.ref} does not select them"),
        )


def _selects_pods(view: View, service: Service) -> bool:
    """Tell whether pods carry labels that their template does not."""
    return any(selects(service.selector, labels(pod.obj)) for _, pod in view.pods())


RULE = Rule(
    name="service_selects_nothing",
    title="A Service selects no pod though the pods it is meant for run",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="every Service selects pods, or there are none that it could be meant for",
)
