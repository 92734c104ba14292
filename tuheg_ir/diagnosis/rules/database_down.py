"""A database, cache or broker does not run; what needs it cannot work."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for, spared
from tuheg_ir.diagnosis.view.complaints import complaints, told
from tuheg_ir.diagnosis.view.programs import of_role, role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def when(view: View) -> Iterator[Match]:
    """A data service has no ready pod."""
    for workload in of_role(view.workloads, "database", "cache", "broker", "search", "pooler"):
        if workload.ready or (not workload.wanted and not _stopped(view, workload)):
            continue
        found = complaints(view, "connection_refused", "connection_timeout", "connection_reset", "dns", "failover")
        mine = [c for c in found if c.about == workload.ref]
        callers = behind(view, workload.ref, but=workload.ref)
        yield Match(
            component=workload.ref,
            evidence=(
                workload.standing(_since(workload)),
                *_states(workload),
                *(view.event_evidence(e) for e in view.events_of(workload.ref)[:2] if e.type == "Warning"),
                *told(view, mine),
            ),
            certainty=0.67 if mine else 0.57,
            since=_since(workload),
            explains=(*callers, *(spared(view, workload.ref) if role(workload) == "cache" else ())),
            excludes=not_for(callers, f"{workload.ref} is down: nothing done to its callers brings it back"),
        )


def _stopped(view: View, workload: Workload) -> bool:
    """Tell whether a data service was scaled to nothing while others call it."""
    return bool(view.graph.callers(workload.ref)) and bool(
        [c for c in complaints(view, "connection_refused", "connection_timeout") if c.about == workload.ref]
    )


def _since(workload: Workload) -> datetime | None:
    return min((p.unready_since for p in workload.live if p.unready_since), default=None)


def _states(workload: Workload) -> Iterator[Evidence]:
    for pod in workload.live[:2]:
        for container in pod.containers:
            if container.state != "running" or not container.ready:
                ended = (
                    f", ended before with {container.ended.reason} ({container.ended.exit_code})"
                    if container.ended
                    else ""
                )
                fact = f"{container.name} is {container.state or 'unknown'} {container.reason}".rstrip()
                yield Evidence("objects", f"Pod/{pod.name}", f"{fact}{ended}")


RULE = Rule(
    name="database_down",
    title="A database, cache or broker has no running instance",
    root_cause="dependency_failure",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not="every database, cache and broker has a ready pod",
    follows=True,
)
