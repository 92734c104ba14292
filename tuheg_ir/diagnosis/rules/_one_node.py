"""Troubles with others that pods of one node have, and their twins on other nodes have not."""

from __future__ import annotations

from collections.abc import Iterable

from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.complaints import Complaint
from tuheg_ir.diagnosis.view.once import once_a_view


def alone_on(view: View, node: str, found: Iterable[Complaint]) -> dict[str, Complaint]:
    """Return workload -> its first complaint, of those that complain from a node only; their twins elsewhere are heard.

    Who complains elsewhere of a pod on that node, and of no other pod, has the same trouble with it.
    """
    by: dict[str, list[Complaint]] = {}
    for each in found:
        here = node_of(view, each) == node
        if each.caller in view.workloads and not each.hit.previous and (here or not _of_pods_on(view, node, each)):
            by.setdefault(each.caller, []).append(each)
    heard = {log.pod for log in view.snapshot.logs}
    return {
        ref: by[ref][0]
        for ref in sorted(by)
        if {node_of(view, each) for each in by[ref]} == {node}
        and any(pod.node and pod.node != node and pod.name in heard for pod in view.workloads[ref].live)
    }


def node_of(view: View, each: Complaint) -> str:
    """Return the node of the pod that complains; "" where nobody knows it."""
    return _where(view).get(each.hit.pod, "")


@once_a_view
def _where(view: View) -> dict[str, str]:
    return {pod.name: pod.node for _, pod in view.pods() if pod.node}


def _of_pods_on(view: View, node: str, each: Complaint) -> bool:
    """Tell whether a complaint names pods by their addresses, beside the one that complains, and all are on a node."""
    on = {pod.address: pod.node for _, pod in view.pods() if pod.address and pod.name != each.hit.pod}
    return {on[host] for host in each.hit.hosts if host in on} == {node}
