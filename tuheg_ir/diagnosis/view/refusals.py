"""Pods that could not be made at all, as the controllers above them tell it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.view.events import Event
from tuheg_ir.diagnosis.view.reading import items, moment, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_SINCE = "lastTransitionTime"


class Refusal(NamedTuple):
    """Why a pod could not be made: in short, in full, and when it was said last; None where it stands for as long."""

    short: Evidence
    full: str
    last: datetime | None


def in_full(view: View, workload: Workload) -> tuple[Refusal, ...]:
    """Return why pods of a workload could not be created, newest first: from events and from conditions.

    What a long address comes before stands in the full text alone. A condition stands for as long as it is so,
    whenever it began.
    """
    found = [Refusal(view.event_evidence(event), event.message, event.last) for event in _events(view, workload)]
    for condition in _conditions(view, workload):
        reason, said, since = text(condition, "reason"), text(condition, "message"), moment(condition, _SINCE)
        found.append(Refusal(Evidence("objects", workload.ref, f"{reason}: {said[:240]}", since), said, None))
    return tuple(found)


def refusals(view: View, workload: Workload) -> tuple[Evidence, ...]:
    """Return why pods of a workload could not be created, newest first, as evidence."""
    return tuple(each.short for each in in_full(view, workload))


def refused_at(view: View, workload: Workload) -> tuple[datetime | None, ...]:
    """Return when pods of a workload were refused last, as each event and condition tells it; None: still so."""
    return tuple(each.last for each in in_full(view, workload))


def _events(view: View, workload: Workload) -> Iterator[Event]:
    for event in view.events_of(workload.ref, "FailedCreate"):
        if "rror creating" in event.message or "failed error:" in event.message:  # of a pod, of a claim that it needs
            yield event


def _conditions(view: View, workload: Workload) -> Iterator[Obj]:
    sets = view.objects("ReplicaSet")
    for obj in (workload.obj, *(sets[revision.name] for revision in workload.revisions if revision.name in sets)):
        for condition in items(obj, "status", "conditions"):
            if text(condition, "type") == "ReplicaFailure" and text(condition, "status") == "True":
                yield condition
