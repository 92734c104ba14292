"""Which pods of a workload were sent away with their node: evicted, or ended as it was cordoned."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.events import Event
from tuheg_ir.diagnosis.view.nodes import nodes
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.reading import items, moment, newest, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_DRAINS = late(
    r"\bcordon|\bdrain|NotSchedulable|Unschedulable|scale.?down|Disrupt(?:ion|ing)|"
    r"(?:reboot|reimag|terminat)\w* (?:the )?node|ToBeDeleted",
    re.IGNORECASE,
)
"""How upgraders, autoscalers, spot handlers and the kubelet tell that a node is about to be emptied."""
_NOT_A_DRAIN = late(r"blocked|cannot|unable|fail|\buncordon|NodeSchedulable|status is now: NodeReady", re.IGNORECASE)
_EVICTED = late(r"^Evicted pod\b|\bdrain|scale.?down|Eviction ?API", re.IGNORECASE)
"""An eviction that somebody asked for; a kubelet that lacks memory or disk evicts in other words."""
_OF_THE_KUBELET = late(r"low on resource|exceed|usage|pressure|threshold", re.IGNORECASE)
_ASSIGNED = late(r"^Successfully assigned \S+ to (?P<node>\S+)")
WITH_IT = timedelta(minutes=5)
"""So long after a node is cordoned its pods are sent away; one with a budget is waited for longer."""
LATELY = timedelta(hours=24)


class Sent(NamedTuple):
    """A pod that had to go, when, from which node ("" nobody told), and the event that tells it."""

    pod: str
    at: datetime
    node: str
    event: Event


def sent_away(view: View, workload: Workload) -> tuple[Sent, ...]:
    """Return the pods of a workload that had to leave drained nodes of late, the oldest first, each once."""
    found: dict[str, Sent] = {}
    for each in sorted(_sent(view, workload), key=lambda sent: sent.at):
        found.setdefault(each.pod, each)
    return tuple(found.values())


def _sent(view: View, workload: Workload) -> Iterator[Sent]:
    here = {f"Pod/{pod.name}": pod.created for pod in workload.live}
    for event in view.events_of(workload.ref, "Evicted", "ScaleDown", "Killing", within=LATELY):
        at = event.first or event.last
        if not event.about.startswith("Pod/") or at is None or _is_here(here, event.about, at):
            continue
        asked = event.reason != "Killing" and bool(_EVICTED.search(event.message))
        stops = event.reason == "Killing" and event.message.startswith("Stopping container")
        if (asked and not _OF_THE_KUBELET.search(event.message)) or stops:
            node = _emptied(view, at, _node_of(view, event.about, at))
            if node or asked:
                yield Sent(event.about.removeprefix("Pod/"), at, node, event)


def _is_here(here: Mapping[str, datetime | None], about: str, at: datetime) -> bool:
    """Tell whether a pod was not gone then, as it runs still: that of a StatefulSet comes back under the same name."""
    if about not in here:
        return False
    made = here[about]
    return made is None or made <= at


def _emptied(view: View, at: datetime, node: str) -> str:
    """Return the node that was about to be emptied when a pod ended, which was on the one that is given, if known."""
    told = [of for of, when in _cordons(view) if of == (node or of) and timedelta(0) <= at - when <= WITH_IT]
    return told[-1] if told else ""


@once_a_view
def _cordons(view: View) -> tuple[tuple[str, datetime], ...]:
    """Return (node, when) of what tells that nodes were about to be emptied, the oldest first."""
    told = [
        (event.about.removeprefix("Node/"), event.first)
        for event in view.events
        if event.about.startswith("Node/") and event.first and view.recent(event.first, LATELY) and _tells(event)
    ]
    told += [(node.name, at) for node in nodes(view) if node.cordoned and (at := _tainted(view, node.name))]
    return tuple(sorted(told, key=lambda each: each[1]))


def _tells(event: Event) -> bool:
    said = f"{event.reason}: {event.message}"
    return _DRAINS.search(said) is not None and _NOT_A_DRAIN.search(said) is None


def _tainted(view: View, node: str) -> datetime | None:
    """Return when a node was cordoned, as its taint tells."""
    taints = items(view.objects("Node").get(node), "spec", "taints")
    return newest(moment(taint, "timeAdded") for taint in taints if "unschedulable" in text(taint, "key"))


def _node_of(view: View, about: str, ended: datetime) -> str:
    """Return the node that a pod was placed on which is gone since then; "" if nothing tells it any more."""
    for event in view.events:
        placed = event.first or event.last
        if event.about != about or event.reason != "Scheduled" or (placed is not None and placed > ended):
            continue  # one that came later under its name may be elsewhere
        if found := _ASSIGNED.search(event.message):
            return found["node"]
    return ""
