"""An autoscaler and somebody else write a workload's number of replicas in turn: each takes back what the other did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.view.reading import items, moment, oldest, text, whole
from tuheg_ir.diagnosis.view.scaling import Autoscaler, autoscaler
from tuheg_ir.diagnosis.view.trouble import labels_of, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

OFTEN = 3
"""So often up and down: once or twice is an autoscaler that tries, or a person."""
_SCALED = late(r"Scaled (up|down) replica set (\S+)")
_LARGER = late(r"above target")
_SMALLER = late(r"below target")
_ITSELF = ("kube-controller-manager", "keda-operator", "keda")
"""What writes on behalf of an autoscaler."""


def when(view: View) -> Iterator[Match]:
    """An autoscaler raises a number again and again, and it is not the one that takes it down."""
    for workload in view.serving:
        scaler = autoscaler(view, workload.ref)
        if scaler is None or scaler.blind or not workload.wanted:
            continue
        rescaled = view.events_of(scaler.ref, "SuccessfulRescale")
        if any(_SMALLER.search(event.message) for event in rescaled):
            continue  # it goes up and down by itself
        swings = list(_swings(view, workload))
        asks, writer = list(_asks(workload, scaler)), list(_written_since(view, workload, scaler))
        # Ups and downs are also left by remedies that were tried and taken back, one after the other.
        raised = sum(event.count for event in rescaled if _LARGER.search(event.message))
        if not (swings and (asks or raised >= OFTEN)) and not (asks and writer):
            continue
        ups = [view.event_evidence(event) for event in rescaled[:1]]
        felt = [seen for seen, _ in troubles(view, workload.ref)]
        yield Match(
            component=workload.ref,
            evidence=(*swings, *asks, *writer, *ups, *felt),
            certainty=(0.7 if swings else 0.5) + (0.1 if asks and writer else 0.0),
            since=oldest(each.time for each in (*swings, *ups)),
            explains=(scaler.ref,),
            excludes=(
                *excluding(workload.ref, "the other writer takes further replicas back as well", "scale_workload"),
                *excluding(workload.ref, "its template is well: its number has two writers", *RESTARTS),
                *excluding(workload.ref, "an older template has as many writers", "rollback_workload"),
            ),
        )


def _swings(view: View, workload: Workload) -> Iterator[Evidence]:
    """Yield that one and the same set of pods, or what is measured of it, was scaled up and down again and again."""
    times: Counter[tuple[str, str]] = Counter()
    events = view.events_of(workload.ref, "ScalingReplicaSet")
    for event in events:
        if found := _SCALED.search(event.message):
            times[found[2], found[1]] += event.count
    if any(min(times[name, "up"], times[name, "down"]) >= OFTEN for name, _ in list(times)):
        first = oldest(event.first for event in events)
        told = f"scaled up {sum(n for (_, way), n in times.items() if way == 'up')} times and down as often"
        yield Evidence("events", workload.ref, told, first)
    for label in labels_of(view, workload.ref, "replicas_wanted"):
        for series in view.figures.series("replicas_wanted", component=label):
            steps = [after - before for (_, before), (_, after) in pairwise(series.points)]
            ups, downs = sum(step > 0 for step in steps), sum(step < 0 for step in steps)
            if min(ups, downs) >= OFTEN:
                yield Evidence("metrics", workload.ref, f"its number rose {ups} times within the hour and fell {downs}")


def _asks(workload: Workload, scaler: Autoscaler) -> Iterator[Evidence]:
    """Yield that the autoscaler asks for more than there is, which is written at once where nobody undoes it."""
    wanted = whole(scaler.obj, "status", "desiredReplicas")
    if wanted > workload.wanted:
        yield Evidence("objects", scaler.ref, f"it asks for {wanted} replicas, and {workload.wanted} are written down")


def _written_since(view: View, workload: Workload, scaler: Autoscaler) -> Iterator[Evidence]:
    """Yield that somebody else wrote the workload after the autoscaler had."""
    scaled = moment(scaler.obj, "status", "lastScaleTime")
    for part in items(workload.obj, "metadata", "managedFields"):
        manager, at = text(part, "manager"), moment(part, "time")
        if manager in _ITSELF or text(part, "subresource") == "status" or at is None or scaled is None:
            continue
        if at > scaled and view.recent(at):
            yield Evidence("objects", workload.ref, f"{manager} wrote it after its autoscaler had", at)


RULE = Rule(
    name="replicas_of_two_writers",
    title="An autoscaler and another one undo each other's number of replicas",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no number of replicas that an autoscaler raises is taken back again and again",
)
