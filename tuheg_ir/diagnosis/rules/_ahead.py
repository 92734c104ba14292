"""The one node whose clock is ahead: what is told there bears times that are to come, and what others tell does not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import Complaint
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.reading import items, mapping, moment, name, newest, text
from tuheg_ir.diagnosis.view.view import View

AHEAD = timedelta(minutes=1)
"""All that is read takes a while, so that the last of it is a little younger than the snapshot says."""
QUIET = timedelta(minutes=5)
"""Who has said nothing for longer tells of no time."""
_LINES = 20


@once_a_view
def ahead(view: View) -> dict[str, tuple[Evidence, ...]]:
    """Return node -> what shows that its clock is ahead, of the one node that is; {} if several seem to be.

    Then it is this snapshot's own clock that is late, or programs write the time of another zone. Where there is but
    one node, nobody tells which of both is off.
    """
    if len({name(obj) for obj in view.snapshot.of("Node")} | {pod.node for _, pod in view.pods() if pod.node}) < 2:
        return {}
    found: dict[str, tuple[Evidence, ...]] = {}
    for node, evidence in (*_beats(view), *_events(view), *_lines(view)):
        found[node] = (*found.get(node, ()), evidence)
    return found if len(found) == 1 else {}


def told_ahead(view: View, each: Complaint, telling: Collection[str]) -> bool:
    """Tell whether a pod on the node whose clock is ahead tells what no other one of its workload does elsewhere.

    To it things are over before they are; what is over for others as well, or for nobody else to tell, may be so.
    ``telling``: the pods that do.
    """
    pods = view.workloads[each.caller].live if each.caller in view.workloads else ()
    places = {pod.node for pod in pods if pod.name == each.hit.pod} & ahead(view).keys()
    heard = {log.pod for log in view.snapshot.logs if log.lines and not log.previous}.difference(telling)
    return bool(places) and any(pod.node not in ("", *places) and pod.ready and pod.name in heard for pod in pods)


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

    A program that writes the time of its own zone does so on every node; and one that is quiet tells of no time.
    """
    for workload in view.serving:
        node_of = {pod.name: pod.node for pod in workload.live if pod.node}
        told = {pod: times for pod in node_of if (times := _times(view, pod))}
        early = sorted(pod for pod, times in told.items() if _to_come(view, times[-1]))
        places = {node_of[pod] for pod in early}
        if len(places) != 1:
            continue
        first = told[early[0]][-1]
        if any(node_of[pod] not in places and _speaks(view, times, first) for pod, times in told.items()):
            yield node_of[early[0]], _shown(view, "logs", f"Pod/{early[0]}", "the end of its log", first)


def _speaks(view: View, times: Sequence[datetime], until: datetime) -> bool:
    """Tell whether a pod has spoken of late, and would have again by a time if that had come."""
    longest = max((later - sooner for sooner, later in pairwise(times)), default=QUIET)
    return view.recent(times[-1], QUIET) and until - times[-1] > longest


def _times(view: View, pod: str) -> list[datetime]:
    """Return the times that the ends of a pod's logs tell, the oldest first."""
    logs = (log for log in view.snapshot.logs if log.pod == pod and not log.previous)
    return sorted(at for log in logs for line in log.lines[-_LINES:] if (at := stamp(line)) is not None)
