"""Whose pods are ill only beside those of one workload, which take much of their nodes' processors."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.nodes import capacity, on_node
from tuheg_ir.diagnosis.view.nodes import nodes as nodes_of
from tuheg_ir.diagnosis.view.odd import odd_pods, well_before
from tuheg_ir.diagnosis.view.workloads import Pod, Workload

MUCH = 0.25
"""Share of a node's processors from which on one pod may be why the others there get too little."""
USED_UP = 0.9
"""Share of a node's processors from which on those who run there wait for them."""
SEEN = 0.85
"""The same, of what the pods that are known use: the node's own programs and those of others use some too."""


def crowded(view: View, workload: Workload, since: datetime | None) -> tuple[str, ...]:
    """Return the other workloads of which just the pods on nodes that this one crowds are ill, and these nodes.

    They are known to have been well before it took so much, and before that time, and pods of theirs elsewhere are: it
    is no matter of the program, nor of how much it is asked. None where nobody knows the time, where the node has
    processors left, or where something else is said of it: that is another fault of it.
    """
    if since is None:
        return ()
    onset = {pod.node: at for pod in workload.live if (at := _takes_much_since(view, pod)) is not None}
    nodes = {node for node in onset if _used_up(view, node) and not _ill_itself(view, node)}
    found = tuple(_only_on(view, workload, nodes, max(since, *(onset[node] for node in nodes)))) if nodes else ()
    return (*found, *(f"Node/{node}" for node in sorted(nodes))) if found else ()


def _only_on(view: View, but: Workload, nodes: set[str], since: datetime) -> Iterator[str]:
    for other in view.serving:
        here = {pod.name for pod in other.live if pod.node in nodes}
        if other.ref == but.ref or not here:
            continue
        odd = odd_pods(view, other, few=False)
        if set(odd) == here and well_before(view, [pod for pod in other.live if pod.name in odd], since):
            yield other.ref


def _takes_much_since(view: View, pod: Pod) -> datetime | None:
    """Return since when a pod takes a good part of its node's processors, in one container; None if it does not."""
    size = capacity(view, pod.node, "cpu")
    return view.figures.crossed("cpu_usage", MUCH * size, pod=pod.name) if size else None


def _used_up(view: View, node: str) -> bool:
    """Tell whether a node's processors are used up, as it is measured, or else by the pods that are known."""
    share, size = view.figures.now("node_cpu_share", node=node), capacity(view, node, "cpu")
    if share is not None:
        return share >= USED_UP
    return bool(size) and sum(_uses(view, pod) for _, pod in on_node(view, node)) >= SEEN * size


def _uses(view: View, pod: Pod) -> float:
    """Return how many processors all containers of a pod use together."""
    by_container = view.figures.latest("cpu_usage", "container", pod=pod.name)
    return sum(by_container.values()) or view.figures.latest("cpu_usage", "pod").get(pod.name, 0.0)


def _ill_itself(view: View, node: str) -> bool:
    return any(each.name == node and (each.lost or each.pressures or each.problems) for each in nodes_of(view))
