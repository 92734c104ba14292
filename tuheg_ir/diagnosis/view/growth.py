"""How many replicas a workload had before, and since when it has more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.events import Event
from tuheg_ir.diagnosis.view.reading import moment, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_SCALED = late(r"Scaled up replica set \S+ (?:to (\d+) from (\d+)|from (\d+) to (\d+))")
_RESIZED = late(r"New size: (\d+)")
_NEXT = timedelta(minutes=30)
"""While there is ever more to do an autoscaler's next step comes so soon."""


class Growth(NamedTuple):
    """More replicas than before: how many then (0 unknown), how many now, since when, and what tells it."""

    before: int
    now: int
    at: datetime | None
    source: str
    fact: str


class _Step(NamedTuple):
    """A step of a growth, as an event tells it: from how many replicas to how many."""

    low: int
    high: int
    event: Event


def grown(view: View, workload: Workload) -> Growth | None:
    """Return the newest growth of a workload in the last hour; None if its number did not rise."""
    return _by_figures(view, workload) or _by_events(view, workload) or _by_autoscaler(view, workload)


def had(view: View, workload: Workload) -> int:
    """Return how many replicas a workload was to have before it was to have more of late; 0 if nobody tells."""
    growth = grown(view, workload)
    return workload.wanted if growth is None else growth.before


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
    steps = [
        _Step(min(numbers), max(numbers), event)
        for event in view.events_of(workload.ref, "ScalingReplicaSet", "SuccessfulRescale")
        if (found := _SCALED.search(event.message)) and (numbers := [int(group) for group in found.groups() if group])
    ]
    for step in steps:
        if step.high > step.low >= 1 and step.high == workload.wanted:
            low, at = _began(step, steps)
            several = f"replicas went from {low} to {step.high} in steps; " if low < step.low else ""
            return Growth(low, step.high, at, "events", f"{several}{step.event.reason}: {step.event.message[:200]}")
    return None


def _began(last: _Step, steps: Sequence[_Step]) -> tuple[int, datetime | None]:
    """Return from how many replicas, and when, the steps began of which the last one is known.

    What began with none is a roll-out, or was at rest: its first steps are no growth.
    """
    low, at = last.low, last.event.last
    if any(each.low == 0 for each in steps):
        return low, at
    for each in sorted(steps, key=lambda step: -step.high):
        then = each.event.last
        if each.high == low > each.low and at is not None and then is not None and then < at <= then + _NEXT:
            low, at = each.low, then
    return low, at


def _by_autoscaler(view: View, workload: Workload) -> Growth | None:
    for obj in view.snapshot.of("HorizontalPodAutoscaler"):
        target = f"{text(obj, 'spec', 'scaleTargetRef', 'kind')}/{text(obj, 'spec', 'scaleTargetRef', 'name')}"
        at = moment(obj, "status", "lastScaleTime")
        if target != workload.ref or not view.recent(at):
            continue
        me = f"HorizontalPodAutoscaler/{text(obj, 'metadata', 'name')}"
        ups = [event for event in view.events_of(me, "SuccessfulRescale") if "above target" in event.message]
        sizes = [(int(found[1]), event) for event in ups if (found := _RESIZED.search(event.message))]
        for size, event in sizes:
            if size == workload.wanted:
                first = _first_step(event.last, (each.last for smaller, each in sizes if smaller < size))
                return Growth(0, size, first, "events", event.message[:200])
        young = [p for p in workload.live if view.recent(p.created)]
        if young and len(young) < len(workload.live):
            older = len(workload.live) - len(young)
            first = _first_step(at, (pod.created for pod in young))
            return Growth(older, len(workload.live), first, "objects", f"the autoscaler made {len(young)} more pods")
    return None


def _first_step(last: datetime | None, made: Iterable[datetime | None]) -> datetime | None:
    """Return when a growth began of which the last step is known: a pod made long before a step is of another story."""
    first = last
    for each in sorted((each for each in made if each is not None), reverse=True):
        if first is not None and each < first <= each + _NEXT:
            first = each
    return first
