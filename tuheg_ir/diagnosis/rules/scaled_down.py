"""A workload lacks replicas by somebody's hand, or by its autoscaler, and those it has do not carry its work."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._capacity import felt_before
from tuheg_ir.diagnosis.rules._left_short import left_short
from tuheg_ir.diagnosis.rules._readers import backlogs, silent
from tuheg_ir.diagnosis.rules._took_over import took_over
from tuheg_ir.diagnosis.view.reading import name, oldest
from tuheg_ir.diagnosis.view.releases import since_release, soon_after
from tuheg_ir.diagnosis.view.scaling import Autoscaler, autoscaler
from tuheg_ir.diagnosis.view.stores import is_store, keeps_data
from tuheg_ir.diagnosis.view.trouble import labels_of, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_SCALED = late(r"Scaled down replica set \S+ from (\d+) to (\d+)")
FEWER = 0.7
LATELY = timedelta(hours=1)


def when(view: View) -> Iterator[Match]:
    """Replicas were taken away by hand, or an autoscaler's maximum was lowered, and users suffer or a queue grows.

    Or an autoscaler that sees nothing leaves fewer than its own target asks for by what the pods use; or far more pods
    that read the same queue were taken away, and nothing scales those to which that was moved.
    """
    for workload in view.serving:
        if keeps_data(view, workload) or is_store(workload):
            continue
        scaler = autoscaler(view, workload.ref)
        if scaler and (short := left_short(view, workload, scaler, tuple(lost(view, workload)))):
            yield short
            continue
        if workload.ready < workload.wanted:
            continue
        if few := took_over(view, workload):
            yield few
            continue
        gone = tuple(_capped(view, scaler) if scaler else lost(view, workload))
        felt = (list(_felt(view, workload)) or (felt_before(view, workload) if scaler else [])) if gone else []
        began = oldest(since for _, since in felt)
        if not felt:
            continue
        taken = oldest(each.time for each in gone)
        suits = began is None or taken is None or soon_after(began, taken)
        if suits and not since_release(workload, began):
            found = Match(
                component=workload.ref,
                evidence=(*gone, *(seen for seen, _ in felt)),
                certainty=0.65,
                since=began or taken,
                excludes=excluding(workload.ref, "the template is well; what lacks is replicas", "rollback_workload"),
            )
            yield _of_autoscaler(workload, scaler, found) if scaler else found


def _of_autoscaler(workload: Workload, scaler: Autoscaler, match: Match) -> Match:
    """Return a match as one of the autoscaler whose maximum was lowered: it takes back what anybody adds."""
    more = Evidence("objects", scaler.ref, f"the autoscaler wants more than its maximum: {scaler.now} of {scaler.most}")
    reason = "the autoscaler takes further replicas back; a person has to raise its maximum"
    return match._replace(
        component=scaler.ref,
        root_cause="configuration_error",
        remedy="page_human",
        evidence=(*match.evidence, more),
        explains=(workload.ref,),
        excludes=(
            *match.excludes,
            *excluding(workload.ref, reason, "scale_workload"),
            *excluding(workload.ref, "a restart adds no replica", *RESTARTS),
        ),
    )


def _capped(view: View, scaler: Autoscaler) -> Iterator[Evidence]:
    """Yield that an autoscaler's maximum was lowered within the hour, where it wants more than that by now."""
    if not scaler.limited:
        return
    for event in view.events_of(scaler.ref, "SuccessfulRescale", within=LATELY):
        if "above Spec.MaxReplicas" in event.message:
            yield Evidence("events", scaler.ref, f"{event.reason}: {event.message[:160]}", event.last)
            break
    label = name(scaler.obj)
    was = view.figures.first("hpa_max", component=label)
    if was and scaler.most < was and view.figures.now("hpa_max", component=label) == scaler.most:
        since = view.figures.crossed("hpa_max", was - 0.5, below=True, component=label)
        yield Evidence("metrics", scaler.ref, f"its maximum was {was:.0f} and is {scaler.most}", since)


def _felt(view: View, workload: Workload) -> Iterator[tuple[Evidence, datetime | None]]:
    """Yield what users feel, or the queues that grow though the readers that are left work on them."""
    yield from troubles(view, workload.ref)
    if not any(silent(view, workload)):
        yield from ((seen, grew.since) for seen, grew in backlogs(view, workload))


def lost(view: View, workload: Workload) -> Iterator[Evidence]:
    """Yield that a workload has much fewer replicas than within the hour, as the first that tells it."""
    for signal in ("replicas_wanted", "replicas_available"):
        for label in labels_of(view, workload.ref, signal):
            was = view.figures.first(signal, component=label)
            now = view.figures.now(signal, component=label)
            if was and now is not None and 1 <= now < FEWER * was:
                since = view.figures.crossed(signal, was - 0.5, below=True, component=label)
                yield Evidence("metrics", workload.ref, f"it had {was:.0f} replicas and has {now:.0f}", since)
                return
    if workload.changes and view.recent(workload.released_at):
        return  # a roll-out scales its old ReplicaSet down as well
    current = workload.current.name if workload.current else ""
    for event in view.events_of(workload.ref, "ScalingReplicaSet", within=LATELY):
        if (found := _SCALED.search(event.message)) and current in event.message:
            was, now = (float(number) for number in found.groups())
            if 1 <= now < FEWER * was and now == workload.wanted:
                yield Evidence("events", workload.ref, f"{event.reason}: {event.message[:160]}", event.last)
                return


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
