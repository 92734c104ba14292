"""The one node whose clock is ahead: what is told there bears times that are to come, and what others tell does not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.reading import items, mapping, moment, name, newest, text

AHEAD = timedelta(minutes=1)
"""All that is read takes a while, so that the last of it is a little younger than the snapshot says."""
_LINES = 20


@once_a_view
def ahead(view: View) -> dict[str, tuple[Evidence, ...]]:
    """Return node -> what shows that its clock is ahead, of the one node that is; {} if several seem to be.

    Then it is this snapshot's own clock that is late, or programs write the time of another zone.
    """
    found: dict[str, tuple[Evidence, ...]] = {}
    for node, evidence in (*_beats(view), *_events(view), *_lines(view)):
        found[node] = (*found.get(node, ()), evidence)
    return found if len(found) == 1 else {}


def told_ahead(view: View, ref: str, pod: str) -> bool:
    """Tell whether a pod of a workload is on the node whose clock is ahead: to it things are over before they are."""
    workload = view.workloads.get(ref)
    return workload is not None and any(each.name == pod and each.node in ahead(view) for each in workload.live)


def _to_come(view: View, time: datetime | None) -> bool:
    return time is not None and time - view.now > AHEAD


def _shown(view: View, source: str, where: str, what: str, time: datetime) -> Evidence:
    return Evidence(source, where, f"{what} bears a time that is {(time - view.now).total_seconds():.0f} s to come")


def _beats(view: View) -> Iterator[tuple[str, Evidence]]:
    """Yield the nodes whose agent tells times to come of itself."""
    for obj in view.snapshot.of("Node"):
        at = newest(moment(each, "lastHeartbeatTime") for each in items(obj, "status", "conditions"))
        if at is not None and _to_come(view, at):
            yield name(obj), _shown(view, "objects", f"Node/{name(obj)}", "its last sign of life", at)


def _events(view: View) -> Iterator[tuple[str, Evidence]]:
    """Yield the nodes whose agent tells of events that are to come."""
    last: dict[str, datetime] = {}
    for obj in view.snapshot.of("Event"):
        node, at = text(mapping(obj, "source"), "host"), moment(obj, "lastTimestamp")
        if node and at is not None and _to_come(view, at):
            last[node] = max(at, last.get(node, at))
    for node, at in last.items():
        yield node, _shown(view, "events", f"Node/{node}", "an event that its agent tells of", at)


def _lines(view: View) -> Iterator[tuple[str, Evidence]]:
    """Yield where pods of a program tell times to come, while others of the same one on other nodes do not.

    A program that writes the time of its own zone does so on every node.
    """
    for workload in view.serving:
        node_of = {pod.name: pod.node for pod in workload.live if pod.node}
        last = {pod: at for pod in node_of if (at := _last(view, pod)) is not None}
        early = sorted(pod for pod, at in last.items() if _to_come(view, at))
        places = {node_of[pod] for pod in early}
        if len(places) == 1 and any(node_of[pod] not in places for pod in last):
            yield node_of[early[0]], _shown(view, "logs", f"Pod/{early[0]}", "the end of its log", last[early[0]])


def _last(view: View, pod: str) -> datetime | None:
    logs = (log for log in view.snapshot.logs if log.pod == pod and not log.previous)
    return newest(stamp(line) for log in logs for line in log.lines[-_LINES:])
