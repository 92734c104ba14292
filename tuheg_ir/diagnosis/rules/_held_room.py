"""Pods that do nothing but hold room for others, and gave way to them: they wait until there is room again."""

from __future__ import annotations

import re

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.rules._driven_out import preemptor
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import image_name
from tuheg_ir.diagnosis.view.reading import items, text, whole
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_OF_REPLICAS = late(r"replica|unavailable|not.{0,3}(?:ready|available)|pending|schedul|roll.?out", re.IGNORECASE)
_PAUSES = late(r"pause(?:-(?:amd64|arm64|windows))?")
"""The program that only waits, under which names it is published."""


def gave_way(view: View, alert: Alert, ref: str) -> Evidence | None:
    """Return that all pods which an alert misses gave their room to others, as they are there to; None: not so."""
    workload = view.workloads.get(ref)
    told = room_given(view, workload) if workload is not None and _OF_REPLICAS.search(alert.said) else None
    if told is None:
        return None
    return Evidence("events", ref, f"{alert.name} fires; its pods only hold room, and {told.fact}", told.time)


def of_held_room(view: View, sign: Evidence) -> bool:
    """Tell whether a sign of trouble says no more than that pods which gave way are not ready."""
    workload = view.workloads.get(sign.object)
    ready = sign.source == "objects" and sign.fact.endswith("ready")
    return ready and workload is not None and room_given(view, workload) is not None


@once
def room_given(view: View, workload: Workload) -> Evidence | None:
    """Return to whom the missing pods of a workload gave way, if they are there for nothing else; None: not so.

    Each of them waits for room and all who took it serve: who lacks room himself is missed, whoever gave way.
    """
    missing = [pod for pod in workload.live if not pod.ready]
    if not missing or not all(pod.unschedulable for pod in missing) or not _holds_room(view, workload):
        return None
    events = view.events_of(workload.ref, "Preempted")
    found = {taken[0].ref: taken[0] for event in events if (taken := preemptor(view, event)) is not None}
    others = [each for each in found.values() if each.ref != workload.ref]
    if not others or any(each.ready < each.wanted for each in others):
        return None
    names = ", ".join(each.name for each in others)
    return Evidence("events", workload.ref, f"gave way to pods of {names[:160]}, which serve", events[0].first)


def _holds_room(view: View, workload: Workload) -> bool:
    """Tell whether pods do nothing, and stand behind all others by their priority."""
    images = [text(each, "image") for each in items(workload.template, "spec", "containers")]
    if not images or not all(_PAUSES.fullmatch(image_name(image)) for image in images):
        return False
    return all(_priority(view, pod) < 0 for pod in workload.live)


def _priority(view: View, pod: Pod) -> int:
    given = view.objects("PriorityClass").get(text(pod.obj, "spec", "priorityClassName"))
    return whole(pod.obj, "spec", "priority") or whole(given, "value")
