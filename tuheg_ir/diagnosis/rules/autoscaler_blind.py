"""An autoscaler cannot count what it goes by, and somebody suffers from too few replicas."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._blind_for_long import has_enough, only_above_it
from tuheg_ir.diagnosis.rules._capacity import PEAK, blinded_by_release
from tuheg_ir.diagnosis.rules._measuring import (
    asked_in_vain,
    blind_as_ever,
    cause_of_source,
    lost_source,
    told_of_source,
)
from tuheg_ir.diagnosis.rules._queue_alerts import queue_alerts
from tuheg_ir.diagnosis.rules._readers import backlogs, silent
from tuheg_ir.diagnosis.rules.all_stuck import idle
from tuheg_ir.diagnosis.view.releases import release_evidence
from tuheg_ir.diagnosis.view.scaling import Autoscaler, autoscaler, due
from tuheg_ir.diagnosis.view.trouble import suffering
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

FIRST = timedelta(minutes=5)
"""So long the figures of a new pod may be missing."""


def when(view: View) -> Iterator[Match]:
    """Its condition says that it sees nothing, and an alert or a caller tells of its workload, or a queue it reads."""
    for workload in view.serving:
        scaler = autoscaler(view, workload.ref)
        if scaler is None or not scaler.blind or not _settled(view, workload) or has_enough(view, workload, scaler):
            continue
        if _stands_still(view, workload):
            continue  # who does nothing any more is not too few
        told_of = () if only_above_it(view, workload, scaler) else tuple(suffering(view, workload.ref))
        said = told_of or _left_with(view, workload, scaler)
        if not said:
            continue
        told = Evidence("objects", scaler.ref, f"it sees nothing: {scaler.blind}", scaler.blind_since)
        yield _match(view, workload, scaler, (told, *said[:2]))


def _left_with(view: View, workload: Workload, scaler: Autoscaler) -> tuple[Evidence, ...]:
    """Return what tells that more waits for a workload than so few pods work off; () if they have time to spare.

    Of a queue its own alert tells, which names who keeps it; and a queue may be long already where figures begin.
    """
    wants = due(view, scaler, workload)
    if wants is not None and wants.replicas <= len(workload.live):
        return ()
    found = (*queue_alerts(view, workload), *(seen for seen, _ in backlogs(view, workload)))
    if wants is None or not found:
        return found
    fact = f"its pods use {wants.used:.0%} of the processor time that they request, and the target is "
    fact += f"{wants.target:.0%}: {wants.replicas} of them are wanted, and there are {len(workload.live)}"
    return (Evidence("metrics", workload.ref, fact), *found)


def _match(view: View, workload: Workload, scaler: Autoscaler, told: tuple[Evidence, ...]) -> Match:
    """Return who blinded an autoscaler: a release of its workload, or of who measures for it; itself if nobody did."""
    if blinded_by_release(view, workload, scaler):
        return Match(
            component=workload.ref,
            evidence=(*told, *release_evidence(workload)),
            certainty=0.7,
            remedy="rollback_workload",
            since=scaler.blind_since,
            excludes=excluding(workload.ref, "new pods are counted no better", *RESTARTS),
        )
    found = Match(
        component=scaler.ref,
        evidence=told,
        certainty=0.5,
        since=scaler.blind_since,
        explains=(workload.ref,),
    )
    source = lost_source(view, scaler, PEAK)
    if source is None:
        return found
    return found._replace(
        component=source.ref,
        evidence=(*told, *told_of_source(view, scaler, source)),
        certainty=0.7,
        root_cause=cause_of_source(view, source),
        remedy="rollback_workload",
        explains=(*found.explains, *asked_in_vain(view, source)),
        excludes=blind_as_ever(source),
    )


def _stands_still(view: View, workload: Workload) -> bool:
    """Tell whether all pods that worked do nothing any more while work waits for them: their number is not short.

    Who has always used so little may be as many as before and too few for what there is now.
    """
    fell = {seen.object for seen in idle(view, workload)}
    stopped = any(seen.source == "metrics" for seen in silent(view, workload))
    return stopped and len(fell) == len(workload.live) and any(backlogs(view, workload))


def _settled(view: View, workload: Workload) -> bool:
    """Tell whether all pods run, and for a while: of pods that come or crash nobody has figures yet."""
    young = any(view.recent(pod.created, FIRST) or pod.restarts for pod in workload.live)
    return workload.ready >= workload.wanted and not young


RULE = Rule(
    name="autoscaler_blind",
    title="An autoscaler cannot count what it goes by",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.SYMPTOM,
    when=when,
    why_not="no autoscaler says that it sees nothing while its workload suffers",
)
