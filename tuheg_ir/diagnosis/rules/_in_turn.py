"""A node that somebody emptied and restarts, as others before it, one after the other: it comes back by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.rules._helping import names
from tuheg_ir.diagnosis.view.nodes import Node, nodes
from tuheg_ir.diagnosis.view.reading import newest
from tuheg_ir.diagnosis.view.trouble import MINUTE, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload

RESTARTS_IN = timedelta(minutes=20)
"""A node that is away for longer may not come back by itself."""
_LESS = ("NodeNotSchedulable",)
_MORE = ("NodeSchedulable",)
_AGAIN = ("Rebooted", "NodeReady")


def in_turn(view: View, node: Node) -> tuple[Evidence, ...]:
    """Return what shows that a lost node was emptied before, and is restarted as one before it was; () if not so.

    Somebody may as well have emptied a node because it was ill: so another one must have gone the same way and be
    back. All that was on it has to run elsewhere, so that nobody misses it.
    """
    barred = _first(view, node, *_LESS)
    if node.problems or node.pressures or not node.cordoned or barred is None or node.since is None:
        return ()
    before = next((other for other in nodes(view) if _went_before(view, other, barred)), None)
    if before is None or node.since <= barred or not view.recent(node.since, RESTARTS_IN):
        return ()
    moved = [pod for _, pod in moved_from(view, node)]
    came = newest(pod.ready_since for pod in moved) or barred
    if not all(_whole(view, each, node) for each in view.serving) or _complained(view, came):
        return ()
    if not all(_about(view, node, alert) for alert in view.alerts):
        return ()
    return (
        Evidence("events", node.ref, f"it was closed for new pods, and {len(moved)} came elsewhere before", barred),
        Evidence("events", before.ref, "it was closed, restarted and opened again right before"),
    )


def moved_from(view: View, node: Node) -> Iterator[tuple[Workload, Pod]]:
    """Yield the pods, with their workloads, that came elsewhere from when a node was closed until it was lost."""
    barred = _first(view, node, *_LESS)
    for workload, pod in view.pods():
        if barred and node.since and pod.created and pod.node != node.name and barred <= pod.created <= node.since:
            yield workload, pod


def _first(view: View, node: Node, *reasons: str) -> datetime | None:
    """Return the newest time at which an event of these reasons began."""
    return newest(event.first for event in view.events_of(node.ref, *reasons))


def _went_before(view: View, other: Node, until: datetime) -> bool:
    """Tell whether another node was closed, restarted and opened again until a time, and is well."""
    closed, again, opened = (_first(view, other, *reasons) for reasons in (_LESS, _AGAIN, _MORE))
    if other.lost or other.cordoned or closed is None or again is None or opened is None:
        return False
    return closed < again <= opened <= until


def _whole(view: View, workload: Workload, node: Node) -> bool:
    """Tell whether a workload lacks nothing, but for the pod that a DaemonSet has on the node, and nobody feels it."""
    if any(troubles(view, workload.ref)):
        return False
    if workload.kind == "DaemonSet":
        return all(pod.ready or pod.node == node.name for pod in workload.live)
    return workload.ready >= workload.wanted and all(pod.ready and pod.node != node.name for pod in workload.live)


def _complained(view: View, since: datetime) -> bool:
    """Tell whether logs tell of troubles after the last pod had moved."""
    return any(not hit.previous and (hit.last is None or hit.last > since + MINUTE) for hit in view.hits)


def _about(view: View, node: Node, alert: Alert) -> bool:
    """Tell whether an alert means no more than the node, or the pod that a DaemonSet has on it."""
    if node.name in alert.labels.values() or names(alert.said, node.name):
        return True
    workload = view.workloads.get(view.about_alert(alert))
    return workload is not None and workload.kind == "DaemonSet" and any(p.node == node.name for p in workload.live)
