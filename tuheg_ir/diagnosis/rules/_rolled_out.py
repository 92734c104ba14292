"""DaemonSets whose roll-out, node by node, made pods of others ill, and who else meets the same on these nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from tuheg_ir.diagnosis.view.beneath import came_after, rolled_beneath
from tuheg_ir.diagnosis.view.complaints import UNANSWERED, Complaint, complaints, fresh
from tuheg_ir.diagnosis.view.marked import OFTEN
from tuheg_ir.diagnosis.view.odd import ill_since
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.programs import of_role, role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

TROUBLES = (*UNANSWERED, "dns")


class RolledOut(NamedTuple):
    """A DaemonSet, a workload of which exactly the pods on its new nodes are ill, and pod -> since when."""

    daemon: Workload
    workload: Workload
    odd: Mapping[str, datetime | None]


@once_a_view
def rolled_out(view: View) -> tuple[RolledOut, ...]:
    """Return for each workload the DaemonSet whose new revision explains which of its pods are ill, and since when."""
    return tuple(_rolled_out(view))


def _rolled_out(view: View) -> Iterator[RolledOut]:
    for workload in view.serving:
        for odd in (*ill_since(view, workload), complaining(view, workload)):
            daemon = rolled_beneath(view, workload, odd)
            if daemon is not None:
                yield RolledOut(daemon, workload, odd)
                break


def complaining(view: View, workload: Workload, *troubles: str) -> Mapping[str, datetime | None]:
    """Return pod -> since when it complains of others; ``troubles``: of these alone."""
    found = [c.hit for c in complaints(view, *(troubles or TROUBLES)) if c.caller == workload.ref]
    told = [hit for hit in found if not hit.previous]
    return {hit.pod: oldest(each.first for each in told if each.pod == hit.pod) for hit in told}


@once_a_view
def met_by_roll_out(view: View) -> frozenset[str]:
    """Return whose names fail by the roll-out of a DaemonSet that made pods of others ill, and the DaemonSet itself.

    They fail for those pods alone that are where it has come to, each since then; a younger pod does from its first
    minute on, which by itself would tell nothing.
    """
    daemons = {each.daemon.ref: each.daemon for each in rolled_out(view)}
    found = {each.workload.ref for each in rolled_out(view) if complaining(view, each.workload, "dns")}
    for workload in view.serving if daemons else ():
        odd = complaining(view, workload, "dns")
        if odd and any(came_after(daemon, workload, odd) for daemon in daemons.values()):
            found.add(workload.ref)
    return frozenset(found) | daemons.keys()


def names_fail_besides(view: View, each: RolledOut) -> bool:
    """Tell whether names that exist fail besides, time and again: where a roll-out has not come to, or before it did.

    Or no server of names is ready. Then it may be they that fail, and the roll-out has no part in it.
    """
    if not complaining(view, each.workload, "dns"):
        return False
    servers = of_role(view.workloads, "dns")
    if servers and not any(server.ready for server in servers):
        return True
    new = {pod.node: pod.created for pod in each.daemon.newest_pods()}
    told = (c for c in complaints(view, "dns") if c.about and c.hit.count >= OFTEN and fresh(view, c.hit))
    return any(_besides(view, c, new) for c in told if c.caller not in met_by_roll_out(view))


def _besides(view: View, each: Complaint, new: Mapping[str, datetime | None]) -> bool:
    caller = view.workloads.get(each.caller)
    if caller is None or role(caller) == "dns":
        return False  # servers of names tell of those above them
    node = next((pod.node for pod in caller.live if pod.name == each.hit.pod), "")
    came, first = new.get(node), each.hit.first
    return bool(node) and (node not in new or (came is not None and first is not None and first < came))
