"""Troubles that pods have with those on other nodes, and with none on their own."""

from __future__ import annotations

from collections.abc import Iterable

from tuheg_ir.diagnosis.rules._one_node import node_of
from tuheg_ir.diagnosis.view.complaints import Complaint
from tuheg_ir.diagnosis.view.view import View

SEVERAL = 2
"""Of fewer callers, or fewer nodes, it may be the trouble of one of them."""


def between_nodes(view: View, found: Iterable[Complaint]) -> tuple[Complaint, ...]:
    """Return complaints of those who miss pods on other nodes; () if somebody misses one on its own, or few do.

    Of who has pods here and there nobody knows which of them was asked: that tells neither.
    """
    across = []
    for each in found:
        here, asked = node_of(view, each), _asked(view, each)
        if not here or not asked or each.hit.previous:
            continue
        if asked == {here}:
            return ()
        across += [each] if here not in asked else []
    several = len({each.caller for each in across}) >= SEVERAL and len({node_of(view, e) for e in across}) >= SEVERAL
    return tuple(across) if several else ()


def _asked(view: View, each: Complaint) -> set[str]:
    """Return on which nodes the pods are that a complaint names: by their addresses, or all of whom it is about."""
    every = {pod.address: pod.node for _, pod in view.pods() if pod.address and pod.node}
    named = {every[host] for host in each.hit.hosts if host in every}
    workload = view.workloads.get(each.about)
    return named or ({pod.node for pod in workload.live if pod.node} if workload else set())
