"""A workload lost replicas by somebody's hand, and those that are left do not carry its requests or its queue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._readers import backlogs, silent
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release, soon_after
from tuheg_ir.diagnosis.view.scaling import autoscaler
from tuheg_ir.diagnosis.view.stores import is_store, keeps_data
from tuheg_ir.diagnosis.view.trouble import labels_of, troubles
from tuheg_ir.diagnosis.view.workloads import Workload

_SCALED = late(r"Scaled down replica set \S+ from (\d+) to (\d+)")
FEWER = 0.7
LATELY = timedelta(hours=1)


def when(view: View) -> Iterator[Match]:
    """Replicas were taken away with no autoscaler, and users suffer or a queue grows since."""
    for workload in view.serving:
        lost = _lost(view, workload)
        felt = list(_felt(view, workload)) if lost else []
        began = oldest(since for _, since in felt)
        if lost is None or not felt or workload.ready < workload.wanted or autoscaler(view, workload.ref):
            continue
        suits = began is None or lost.time is None or soon_after(began, lost.time)
        if suits and not since_release(workload, began) and not keeps_data(view, workload) and not is_store(workload):
            yield Match(
                component=workload.ref,
                evidence=(lost, *(seen for seen, _ in felt)),
                certainty=0.65,
                since=began or lost.time,
                excludes=excluding(workload.ref, "the template is well; what lacks is replicas", "rollback_workload"),
            )


def _felt(view: View, workload: Workload) -> Iterator[tuple[Evidence, datetime | None]]:
    """Yield what users feel, or the queues that grow though the readers that are left work on them."""
    yield from troubles(view, workload.ref)
    if not any(silent(view, workload)):
        yield from ((seen, grew.since) for seen, grew in backlogs(view, workload))


def _lost(view: View, workload: Workload) -> Evidence | None:
    """Return that a workload has much fewer replicas than within the hour; None if nothing tells."""
    for signal in ("replicas_wanted", "replicas_available"):
        for label in labels_of(view, workload.ref, signal):
            was = view.figures.first(signal, component=label)
            now = view.figures.now(signal, component=label)
            if was and now is not None and 1 <= now < FEWER * was:
                since = view.figures.crossed(signal, was - 0.5, below=True, component=label)
                return Evidence("metrics", workload.ref, f"it had {was:.0f} replicas and has {now:.0f}", since)
    if workload.changes and view.recent(workload.released_at):
        return None  # a roll-out scales its old ReplicaSet down as well
    current = workload.current.name if workload.current else ""
    for event in view.events_of(workload.ref, "ScalingReplicaSet", within=LATELY):
        if (found := _SCALED.search(event.message)) and current in event.message:
            was, now = (float(number) for number in found.groups())
            if 1 <= now < FEWER * was and now == workload.wanted:
                return Evidence("events", workload.ref, f"{event.reason}: {event.message[:160]}", event.last)
    return None


RULE = Rule(
    name="scaled_down",
    title="A workload has fewer replicas than its requests or messages need",
    root_cause="capacity",
    remedy="scale_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="nobody suffers since a workload lost replicas",
    follows=True,
)
