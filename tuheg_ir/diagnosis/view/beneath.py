"""What runs on a node beneath the pods there: a DaemonSet that is being rolled out node by node."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import created, oldest
from tuheg_ir.diagnosis.view.releases import BEFORE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

AT_ONCE = timedelta(minutes=3)
"""What loses what it needs on its node is ill so soon after."""

JOINED = timedelta(minutes=15)
"""The first pods of a node come within this time."""


def rolled_beneath(view: View, workload: Workload, odd: Mapping[str, datetime | None]) -> Workload | None:
    """Return the DaemonSet whose new revision runs on exactly those nodes whose pods of a workload are odd.

    ``odd``: pod -> since when. Each has to be odd since the DaemonSet's pod on its node was replaced. None: there is
    none, or there are several.
    """
    mine = {pod.name: pod for pod in workload.live}
    if not odd or not {*odd} < {*mine}:
        return None
    found = [
        daemon
        for daemon in view.serving
        if daemon.kind == "DaemonSet"
        and daemon.changes
        and daemon.ref != workload.ref
        and _fits(view, daemon, mine, odd)
    ]
    return found[0] if len(found) == 1 else None


def _fits(view: View, daemon: Workload, mine: Mapping[str, Pod], odd: Mapping[str, datetime | None]) -> bool:
    """Tell whether all odd pods, and no others, are on nodes with the new revision, and became so when it came."""
    new = {pod.node: pod.created for pod in daemon.newest_pods() if pod.node}
    old = {pod.node for pod in daemon.older_pods() if pod.ready}
    if {name for name, pod in mine.items() if pod.node in new} != {*odd}:
        return False
    if not all(pod.node in old for name, pod in mine.items() if name not in odd):
        return False
    if any(_young(view, node, new[node]) for node in {mine[name].node for name in odd}):
        return False  # a node that has just come has the new revision from its first day: the node is what differs
    return all(_came(new[mine[name].node], since) for name, since in odd.items())


def came_after(daemon: Workload, workload: Workload, odd: Mapping[str, datetime | None]) -> bool:
    """Tell whether all odd pods are on nodes with a DaemonSet's new revision, each odd only since it came there.

    Of a workload that was released since, some pods run where it has not come to: their own release made none ill.
    """
    new = {pod.node: pod.created for pod in daemon.newest_pods() if pod.node}
    old = {pod.node for pod in daemon.older_pods()}
    mine = {pod.name: pod.node for pod in workload.live}
    came = oldest(new.values())
    released = bool(workload.changes) and came is not None and (workload.released_at or came) > came
    if not odd or (released and not any(pod.node in old for pod in workload.newest_pods())):
        return False
    return all(_later(new.get(mine.get(name, "")), since) for name, since in odd.items())


def _later(replaced: datetime | None, since: datetime | None) -> bool:
    return replaced is not None and since is not None and since - replaced >= BEFORE


def _young(view: View, node: str, replaced: datetime | None) -> bool:
    """Tell whether a node is hardly older than the pod on it."""
    made = created(view.objects("Node").get(node))
    return made is not None and replaced is not None and replaced - made <= JOINED


def _came(replaced: datetime | None, since: datetime | None) -> bool:
    return replaced is not None and since is not None and BEFORE <= since - replaced <= AT_ONCE
