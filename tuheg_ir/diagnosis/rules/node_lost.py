"""A node does not answer any more: what ran on it is missing."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.nodes import Node, nodes, on_node


def when(view: View) -> Iterator[Match]:
    """A node is not ready, and pods of the namespace are on it."""
    lost = [node for node in nodes(view) if node.lost]
    for node in lost[:1]:
        yield _match(view, node, lost)


def _match(view: View, node: Node, lost: list[Node]) -> Match:
    hit = [(w, p) for each in lost for w, p in on_node(view, each.name)]
    short = [w.ref for w in view.serving if w.ready < w.wanted and any(p.unschedulable for p in w.live)]
    explains = tuple(dict.fromkeys([*(w.ref for w, _ in hit), *short, *(each.ref for each in lost[1:])]))
    return Match(
        component=node.ref,
        evidence=(
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
                *RESTARTS,
            )
        ),
    )


RULE = Rule(
    name="node_lost",
    title="A node does not answer",
    root_cause="dependency_failure",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="all nodes that were read are ready",
)
