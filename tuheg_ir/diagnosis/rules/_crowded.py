"""Whose pods are ill only beside those of one workload, which take much of their nodes' processors."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.odd import odd_before, odd_pods
from tuheg_ir.diagnosis.view.reading import text
from tuheg_ir.diagnosis.view.workloads import Pod, Workload

MUCH = 0.25
"""Share of a node's processors from which on one pod may be why the others there get too little."""


def crowded(view: View, workload: Workload, since: datetime | None) -> tuple[str, ...]:
    """Return the other workloads of which just the pods on nodes that this one crowds are ill, and these nodes.

    They were well before that time, and pods of theirs elsewhere are: it is no matter of the program, nor of how much
    it is asked. None where nobody knows the time.
    """
    nodes = {pod.node for pod in workload.live if _takes_much(view, pod)}
    found = tuple(_only_on(view, workload, nodes, since)) if nodes and since is not None else ()
    return (*found, *(f"Node/{node}" for node in sorted(nodes))) if found else ()


def _only_on(view: View, but: Workload, nodes: set[str], since: datetime) -> Iterator[str]:
    for other in view.serving:
        here = {pod.name for pod in other.live if pod.node in nodes}
        if other.ref == but.ref or not here:
            continue
        odd = odd_pods(view, other, few=False)
        if set(odd) == here and not odd_before(view, odd, since):
            yield other.ref


def _takes_much(view: View, pod: Pod) -> bool:
    """Tell whether a pod takes a good part of its node's processors."""
    size = number(text(view.objects("Node").get(pod.node), "status", "capacity", "cpu"))
    used = sum(view.figures.latest("cpu_usage", "container", pod=pod.name).values())
    used = used or view.figures.latest("cpu_usage", "pod").get(pod.name, 0.0)
    return size is not None and used >= MUCH * size > 0
