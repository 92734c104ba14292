"""How many replicas a workload had before, and since when it has more."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.reading import moment, oldest, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_SCALED = late(r"Scaled up replica set \S+ (?:to (\d+) from (\d+)|from (\d+) to (\d+))")
_RESIZED = late(r"New size: (\d+)")


class Growth(NamedTuple):
    """More replicas than before: how many then (0 unknown), how many now, since when, and what tells it."""

    before: int
    now: int
    at: datetime | None
    source: str
    fact: str


def grown(view: View, workload: Workload) -> Growth | None:
    """Return the newest growth of a workload in the last hour; None if its number did not rise."""
    return _by_figures(view, workload) or _by_events(view, workload) or _by_autoscaler(view, workload)


def _by_figures(view: View, workload: Workload) -> Growth | None:
    for signal in ("replicas_wanted", "hpa_replicas"):
        for series in view.figures.series(signal):
            if view.component(series.labels.get("component", "")) != workload.ref or len(series.points) < 2:
                continue
            least = min(value for _, value in series.points)
            now = series.points[-1][1]
            if now > least >= 1:
                at = next(time for time, value in series.points if value > least)
                when = datetime.fromtimestamp(at, view.now.tzinfo)
                return Growth(int(least), int(now), when, "metrics", f"replicas went from {least:.0f} to {now:.0f}")
    return None


def _by_events(view: View, workload: Workload) -> Growth | None:
    if workload.changes and view.recent(workload.released_at):
        return None  # a roll-out scales its new ReplicaSet up as well
    for event in view.events_of(workload.ref, "ScalingReplicaSet", "SuccessfulRescale"):
        found = _SCALED.search(event.message)
        numbers = [int(group) for group in found.groups() if group] if found else []
        if found and numbers:
            low, high = min(numbers), max(numbers)
            if high > low >= 1 and high == workload.wanted:
                return Growth(low, high, event.last, "events", f"{event.reason}: {event.message[:200]}")
    return None


def _by_autoscaler(view: View, workload: Workload) -> Growth | None:
    for obj in view.snapshot.of("HorizontalPodAutoscaler"):
        target = f"{text(obj, 'spec', 'scaleTargetRef', 'kind')}/{text(obj, 'spec', 'scaleTargetRef', 'name')}"
        at = moment(obj, "status", "lastScaleTime")
        if target != workload.ref or not view.recent(at):
            continue
        me = f"HorizontalPodAutoscaler/{text(obj, 'metadata', 'name')}"
        for event in view.events_of(me, "SuccessfulRescale"):
            found = _RESIZED.search(event.message)
            if found and int(found.group(1)) == workload.wanted and "above target" in event.message:
                return Growth(0, workload.wanted, event.last, "events", event.message[:200])
        young = [p for p in workload.live if view.recent(p.created)]
        if young and len(young) < len(workload.live):
            older = len(workload.live) - len(young)
            first = oldest((at, *(pod.created for pod in young)))  # it may have grown in several steps
            return Growth(older, len(workload.live), first, "objects", f"the autoscaler made {len(young)} more pods")
    return None
