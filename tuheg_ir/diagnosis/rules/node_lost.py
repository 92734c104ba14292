"""A node does not answer any more: what ran on it is missing, unless it was emptied and restarts as others before."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._dead_sessions import dead_sessions
from tuheg_ir.diagnosis.rules._in_turn import in_turn, moved_from
from tuheg_ir.diagnosis.rules._piled_up import piled_up
from tuheg_ir.diagnosis.view.nodes import Node, nodes, on_node
from tuheg_ir.diagnosis.view.odd import odd_pods, told_apart
from tuheg_ir.diagnosis.view.reading import newest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

SETTLED = timedelta(minutes=5)
"""Pods that have been ready elsewhere for so long have taken over what was lost."""


def when(view: View) -> Iterator[Match]:
    """A node is not ready, and pods of the namespace are on it."""
    lost = [node for node in nodes(view) if node.lost]
    for node in lost[:1]:
        yield _match(view, node, lost)


def _match(view: View, node: Node, lost: list[Node]) -> Match:
    gone = {each.name for each in lost}
    hit = [(w, p) for each in lost for w, p in on_node(view, each.name)]
    crowds = {each.workload.ref for each in piled_up(view) if each.node in gone}  # the node may be lost by them
    hit = [(w, p) for w, p in hit if w.ref not in crowds] if crowds else hit
    ailing = [w.ref for w, _ in hit if _ails_itself(view, w, gone)]
    short = [w.ref for w in view.serving if w.ready < w.wanted and any(p.unschedulable for p in w.live)]
    kept = {each.owner for each in dead_sessions(view).values() if each.loss.node in gone}  # a database has no room
    lacking = [w.ref for w, _ in hit if w.ref not in ailing and w.ref not in kept]
    restarts = in_turn(view, node) if len(lost) == 1 else ()
    moved = [w.ref for w, _ in moved_from(view, node)] if restarts else []
    explains = tuple(dict.fromkeys([*lacking, *short, *moved, *(each.ref for each in lost[1:])]))
    return Match(
        component=node.ref,
        root_cause="no_fault" if restarts else "",
        remedy="no_action" if restarts else "",
        evidence=(
            *restarts,
            *(Evidence("objects", each.ref, f"not ready: {each.lost}", each.since) for each in lost[:3]),
            *(Evidence("objects", f"Pod/{p.name}", f"is on {p.node}, not ready", p.unready_since) for _, p in hit[:3]),
            *(view.event_evidence(e) for e in view.events_of(node.ref)[:2]),
        ),
        certainty=0.8,
        since=node.since,
        explains=explains,
        excludes=tuple(
            each
            for workload, _ in hit
            for each in excluding(
                workload.ref,
                f"{node.name} is lost, the template is well",
                "rollback_workload",
                *(() if workload.ref in ailing else RESTARTS[:1] if workload.ref in kept else RESTARTS),
            )
        ),
    )


def _ails_itself(view: View, workload: Workload, gone: Collection[str]) -> bool:
    """Tell whether a workload has all its pods again, on other nodes and for long, and some of those alone are ill.

    What it lacks without the node, all of them lack alike.
    """
    left = [pod for pod in workload.live if pod.ready and pod.node not in gone]
    came = newest(pod.ready_since for pod in left)
    if not left or len(left) < workload.wanted or came is None or view.recent(came, SETTLED):
        return False
    ill = odd_pods(view, workload, few=False) or told_apart(view, workload)
    return 0 < sum(pod.name in ill for pod in left) < len(left)


RULE = Rule(
    name="node_lost",
    title="A node does not answer",
    root_cause="dependency_failure",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="all nodes that were read are ready",
)
