"""The server of names that a node has of its own: ill on one node, while those of its like on others are well."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._one_node import node_of, unready_only_on
from tuheg_ir.diagnosis.view.complaints import Complaint, complaints, fresh
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.programs import image_name, role
from tuheg_ir.diagnosis.view.reading import items, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload
from tuheg_ir.named import NamedTuple

_OF_NAMES = late(r"(?:^|[-_.])(?:\w*dns\w*|node-cache|unbound)(?:[-_.]|$)")
"""Names of programs that answer for names, and run on each node."""


class NodeResolver(NamedTuple):
    """Servers of names that are ill on some nodes only, who does not resolve names there, and who is not ready."""

    server: Workload
    ill: tuple[Pod, ...]
    found: tuple[Complaint, ...]
    unready: tuple[tuple[str, Evidence], ...]

    @property
    def nodes(self) -> tuple[str, ...]:
        """Return the nodes on which they are ill."""
        return tuple(dict.fromkeys(pod.node for pod in self.ill))


@once_a_view
def node_resolver(view: View) -> NodeResolver | None:
    """Return that the servers of names of a few nodes are ill, and that names fail there and nowhere else.

    Not in the midst of their own roll-out: the newer ones may be ill by that. Where no log tells of names, programs
    that are not ready there, and are on other nodes, do.
    """
    for server in view.serving:
        ill = tuple(_ill(view, server)) if server.kind == "DaemonSet" and _of_names(server) else ()
        well = [pod for pod in server.live if pod.ready and pod not in ill]
        if not ill or len(well) < len(ill) or {p.revision for p in ill} - {p.revision for p in well}:
            continue
        nodes = {pod.node for pod in ill}
        told = [c for c in complaints(view, "dns") if _counts(view, c, server)]
        here = tuple(c for c in told if node_of(view, c) in nodes)
        if any(c.about for c in told if c not in here):
            continue  # names of the cluster fail elsewhere too
        unready = {ref: seen for node in sorted(nodes) for ref, seen in unready_only_on(view, node, None).items()}
        unready.pop(server.ref, None)
        if here or unready:
            return NodeResolver(server, ill, here, tuple(unready.items()))
    return None


def _of_names(workload: Workload) -> bool:
    images = [image_name(text(each, "image")) for each in items(workload.template, "spec", "containers")]
    return any(map(_OF_NAMES.search, (workload.name, *images)))


def _ill(view: View, server: Workload) -> Iterator[Pod]:
    """Yield the pods that do not come up: not ready since they ended, or as they wait; not for want of memory."""
    for pod in server.live:
        ended = any(each.ended and each.ended.badly and view.recent(each.ended.at) for each in pod.containers)
        waits = any(each.state == "waiting" for each in pod.containers)
        full = any(each.killed_for_memory for each in pod.containers)
        if pod.node and not pod.ready and (ended or waits) and not full:
            yield pod


def _counts(view: View, each: Complaint, server: Workload) -> bool:
    """Tell whether a complaint is of who uses the servers of names, and of now; servers tell of those above them."""
    caller = view.workloads.get(each.caller)
    known = caller is not None and caller.ref != server.ref and role(caller) != "dns"
    return known and not each.hit.previous and fresh(view, each.hit)
