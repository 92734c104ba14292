"""What came between a release that served well and its trouble: another change, a lost node, answers it misreads."""

from __future__ import annotations

from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.view.logs import MISREAD, Hit
from tuheg_ir.diagnosis.view.nodes import nodes, on_node
from tuheg_ir.diagnosis.view.reading import newest
from tuheg_ir.diagnosis.view.releases import BEFORE
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

PROVEN, JUST = timedelta(minutes=3), timedelta(minutes=5)
"""A release that served well for so long; a change so near before a trouble."""
NOTICED = timedelta(minutes=2)
"""A node that beats no more is called lost after some forty seconds, and its pods a little later."""


def in_between(workload: Workload, at: datetime | None, began: datetime) -> bool:
    """Tell whether something came minutes after a release was out, and just before the trouble began."""
    out = newest((workload.released_at, *(pod.created for pod in workload.newest_pods())))
    return out is not None and at is not None and out + PROVEN <= at <= began - BEFORE and began - at <= JUST


def node_lost(view: View, workload: Workload, began: datetime | None) -> Evidence | None:
    """Return the node that was lost between a release and its trouble, with somebody of the namespace on it.

    What it carried answers no more before anybody calls the node lost.
    """
    for node in nodes(view):
        if began is None or not node.lost or node.since is None or not on_node(view, node.name):
            continue
        if in_between(workload, min(node.since, began), began) and node.since - began <= NOTICED:
            fact = f"lost after {workload.ref} had served well, with pods of this namespace: {node.lost}"
            return Evidence("objects", node.ref, fact, node.since)
    return None


def misread_of(view: View, caller: Workload, called: Workload) -> tuple[Hit, ...]:
    """Return what a caller often tells of answers that it cannot read, if all of them name the one who gave them."""
    told = tuple(hit for hit in view.hits_of(caller.ref, *MISREAD) if not hit.previous)
    named = {view.graph.resolve(host) for hit in told for host in hit.hosts or ("",)}
    return told if named == {called.ref} and sum(hit.count for hit in told) >= OFTEN else ()
