"""The network of a node was configured anew just before its pods were cut off, while the node itself stays ready.

What manages a host's network takes away routes and rules that it did not write. Those of pods are written by their
plugin once, as they start: pods that come later work, and the node still answers. Nothing tells of it but the node's
journal, or when the unit was started last.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import Complaint
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.nodes import on_node
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.view import View

SOON = timedelta(minutes=5)
"""Pods without routes fail with the next thing that they ask for."""
CLOCKS = timedelta(minutes=1)
_STARTED = late(
    r"systemd(?:\[1\])?: (?:Started|Finished|Reloaded)\b.*\b"
    r"(?:Network (?:Configuration|Service|Manager)|Raise network interfaces|firewalld - dynamic firewall daemon"
    r"|wicked managed network interfaces|(?:systemd-networkd|NetworkManager|networking)\.service)\.?$",
    re.IGNORECASE,
)
"""How the journal of a node tells that what manages its network was started; helpers of it come and go."""
_WORDS = ("systemd: ", "systemd[1]: ")


def restarted(view: View, node: str, found: Iterable[Complaint]) -> tuple[Evidence, ...]:
    """Return what tells that a node's network was configured anew just before its pods first complained."""
    pods = {pod.name: pod.started for _, pod in on_node(view, node)}
    theirs = [each for each in found if each.hit.pod in pods and not each.hit.previous]
    told = (*_by_journal(view, pods.keys()), *_by_figures(view, node))
    return tuple(each for each in told if each.time and _first_then(theirs, pods, each.time))


def _first_then(found: Iterable[Complaint], pods: Mapping[str, datetime | None], at: datetime) -> bool:
    """Tell whether pods first complained as their node's network began anew: who was started since has its routes."""
    there = (each for each in found if (began := pods[each.hit.pod]) is None or began < at)
    first = oldest(each.hit.first for each in there)
    return first is not None and at - CLOCKS <= first <= at + SOON


def _by_journal(view: View, pods: Collection[str]) -> Iterator[Evidence]:
    for log in view.snapshot.logs:
        if log.pod in pods and speaks_of(log, _WORDS):
            yield from _lines(log)


def _lines(log: Log) -> Iterator[Evidence]:
    for line in log.lines:
        if _STARTED.search(line.rstrip()):
            yield Evidence("logs", f"Pod/{log.pod}", f"journal of its node: {line.strip()[:200]}", stamp(line))


def _by_figures(view: View, node: str) -> Iterator[Evidence]:
    """Yield that the unit was started within what was measured: a node that came then has started all its units."""
    for series in view.figures.series("node_network_started", node=node):
        values = [value for _, value in series.points]
        if values and values[0] < values[-1] <= (view.now + CLOCKS).timestamp():  # else it is no time in seconds
            at = datetime.fromtimestamp(values[-1], UTC)
            yield Evidence("metrics", f"Node/{node}", "what manages its network was started anew", at)
