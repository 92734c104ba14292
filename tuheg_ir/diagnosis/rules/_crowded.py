"""Whose pods are ill only beside those of one workload, which take much of their nodes' processors."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._starved import MUCH, gets_little, grew, used_up
from tuheg_ir.diagnosis.view.nodes import capacity, on_node
from tuheg_ir.diagnosis.view.nodes import nodes as nodes_of
from tuheg_ir.diagnosis.view.odd import odd_pods, well_before
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload

AGAIN = 3
"""A probe that failed less often had bad luck."""
CLOCKS, LATELY = timedelta(minutes=2), timedelta(minutes=20)
"""So far apart are events and figures of one moment; what was told last so long ago is over."""


def crowded(view: View, workload: Workload, since: datetime | None) -> tuple[str, ...]:
    """Return the other workloads of which just the pods on nodes that this one crowds are ill, and these nodes.

    They are known to have been well before it took so much, and before that time, and pods of theirs elsewhere are: it
    is no matter of the program, nor of how much it is asked. None where nobody knows the time, where the node has
    processors left, or where something else is said of it: that is another fault of it.
    """
    if since is None:
        return ()
    onset = {pod.node: at for pod in workload.live if (at := takes_much_since(view, pod)) is not None}
    short = {node for node, at in onset.items() if _short(view, workload, node, at)}
    nodes = {node for node in short if not _ill_itself(view, node)}
    found = tuple(_only_on(view, workload, nodes, max(since, *(onset[node] for node in nodes)))) if nodes else ()
    return (*found, *(f"Node/{node}" for node in sorted(nodes))) if found else ()


def _only_on(view: View, but: Workload, nodes: set[str], since: datetime) -> Iterator[str]:
    for other in view.serving:
        here = {pod.name for pod in other.live if pod.node in nodes}
        if other.ref == but.ref or not here:
            continue
        odd = odd_pods(view, other, few=False)
        if odd:
            ill = set(odd) == here and well_before(view, [pod for pod in other.live if pod.name in odd], since)
        else:
            ill = len(here) < len(other.live) and set(answers_late(view, other, since)) == here
        if ill:
            yield other.ref


def answers_late(view: View, workload: Workload, since: datetime) -> dict[str, Evidence]:
    """Return pod -> what shows it, of those whose probes fail since a time and that get too little of a processor."""
    found: dict[str, Evidence] = {}
    for event in view.events_of(workload.ref, "Unhealthy"):
        young = event.count >= AGAIN and event.first is not None and event.first >= since - CLOCKS
        if young and view.recent(event.last, LATELY):
            found.setdefault(event.about.removeprefix("Pod/"), view.event_evidence(event))
    short = {pod.name for pod in workload.live if gets_little(view, pod, since)}
    return {pod: seen for pod, seen in found.items() if pod in short}


def takes_much_since(view: View, pod: Pod) -> datetime | None:
    """Return since when a pod takes a good part of its node's processors, in one container; None if it does not.

    Of a node of which nobody knows how many it has: since when it takes far more than it did.
    """
    size = capacity(view, pod.node, "cpu")
    return view.figures.crossed("cpu_usage", MUCH * size, pod=pod.name) if size else grew(view, pod)


def _short(view: View, but: Workload, node: str, since: datetime) -> bool:
    """Tell whether a node has no processor left; where nobody knows that, whether a pod of others there gets little."""
    found = used_up(view, node)
    if found is not None:
        return found
    others = (pod for workload, pod in on_node(view, node) if workload.ref != but.ref and pod.live)
    return any(gets_little(view, pod, since) for pod in others)


def _ill_itself(view: View, node: str) -> bool:
    return any(each.name == node and each.ails for each in nodes_of(view))
