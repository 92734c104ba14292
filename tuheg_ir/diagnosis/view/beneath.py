"""What runs on a node beneath the pods there: a DaemonSet that is being rolled out node by node."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import created
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


def _young(view: View, node: str, replaced: datetime | None) -> bool:
    """Tell whether a node is hardly older than the pod on it."""
    made = created(view.objects("Node").get(node))
    return made is not None and replaced is not None and replaced - made <= JOINED


def _came(replaced: datetime | None, since: datetime | None) -> bool:
    return replaced is not None and since is not None and BEFORE <= since - replaced <= AT_ONCE
