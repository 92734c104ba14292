"""Somebody took away all replicas of a workload that is needed: giving them back is the whole cure.

Unless a note on it says why it rests, and does not name a time that is over: then who wrote it has to be asked.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._at_rest import at_rest
from tuheg_ir.diagnosis.rules._colours import stand_in
from tuheg_ir.diagnosis.rules._noted import still_noted
from tuheg_ir.diagnosis.rules._waits_in_vain import meant_to_run, waits_in_vain
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import written
from tuheg_ir.diagnosis.view.scaling import may_go_to_nought
from tuheg_ir.diagnosis.view.trouble import errors, labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def when(view: View) -> Iterator[Match]:
    """A workload that somebody asks, or whose queue grows, has no replicas though nothing tells that it should not."""
    meant = {workload.ref for each in at_rest(view) for workload in each.workloads}
    for workload in view.serving:
        if workload.kind not in ("Deployment", "StatefulSet") or workload.wanted or workload.ref in meant:
            continue
        if missed := _missed(view, workload):
            yield _match(view, workload, missed)


def _missed(view: View, workload: Workload) -> list[Evidence]:
    """Return what shows that a workload is missed: by those who call it, or by nobody taking what waits for it."""
    waits = list(waits_in_vain(view, workload))
    if not view.leading_to(workload.ref):
        return [*waits, *meant_to_run(view, workload)] if waits else []
    callers = [*_by_callers(view, workload), *waits]
    if not callers and (stand_in(view, workload) is not None or may_go_to_nought(view, workload.ref)):
        return []  # it is meant to rest: more replicas of it would only bring back what was taken away
    return [*_taken(view, workload), *callers]


def _match(view: View, workload: Workload, missed: list[Evidence]) -> Match:
    noted = still_noted(view, workload)
    barred = excluding(workload.ref, "it rests for a reason that is written on it", "scale_workload") if noted else ()
    return Match(
        component=workload.ref,
        evidence=(
            Evidence("objects", workload.ref, "it is scaled to 0 replicas", written(workload.obj)),
            *missed,
            *((noted,) if noted else ()),
        ),
        certainty=0.6 + (0.15 if len(missed) > 1 else 0.0),
        remedy="page_human" if noted else "",
        since=written(workload.obj),
        explains=_filled(view, workload, missed),
        excludes=excluding(workload.ref, "there is no pod to restart", *RESTARTS)
        + excluding(workload.ref, "the template is well; what lacks is replicas", "rollback_workload")
        + barred,
    )


def _filled(view: View, workload: Workload, missed: list[Evidence]) -> tuple[str, ...]:
    """Return the brokers that fill, and refuse more, as nobody takes what waits for a workload."""
    waits = any(each.source == "metrics" and each.object == workload.ref for each in missed)
    calls = view.graph.calls.get(workload.ref, set()) if waits else set()
    return tuple(each.ref for each in of_role(view.workloads, "broker") if each.ref in calls)


def _taken(view: View, workload: Workload) -> Iterator[Evidence]:
    """Yield that its replicas were there a short while ago."""
    for event in view.events_of(workload.ref, "ScalingReplicaSet", "SuccessfulDelete")[:1]:
        yield view.event_evidence(event)
    for label in labels_of(view, workload.ref, "replicas_available"):
        if (view.figures.peak("replicas_available", component=label) or 0) > 0:
            yield Evidence("metrics", workload.ref, "it had replicas within the last hour")


def _by_callers(view: View, workload: Workload) -> Iterator[Evidence]:
    """Yield that those who call it fail."""
    for ref in sorted({*view.graph.callers(workload.ref), workload.ref}):
        if seen := errors(view, ref):
            yield seen[0]
        for hit in view.hits_of(ref, "connection_refused", "connection_timeout", "upstream_failure", "dns")[:1]:
            if any(view.component(host) == workload.ref for host in hit.hosts):
                yield view.hit_evidence(hit)


RULE = Rule(
    name="scaled_to_zero",
    title="A workload that is needed has no replicas",
    root_cause="configuration_error",
    remedy="scale_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no workload that is needed is scaled to nothing",
)
