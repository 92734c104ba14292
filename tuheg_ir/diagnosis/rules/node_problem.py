"""A node tells of a problem of its own (its file system, kernel, clock, runtime), and pods there are not well."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.view.nodes import nodes, on_node
from tuheg_ir.diagnosis.view.view import View


def when(view: View) -> Iterator[Match]:
    """A condition that no kubelet writes is true of a node, and pods that were placed there do not become ready."""
    for node in nodes(view):
        waiting = [(w, p) for w, p in on_node(view, node.name) if not p.ready]
        if node.lost or not node.problems or not waiting:
            continue
        touched = tuple(dict.fromkeys(w.ref for w, _ in waiting))
        events = (e for ref in touched for e in view.events_of(ref)[:1])
        yield Match(
            component=node.ref,
            evidence=(
                *(Evidence("objects", node.ref, f"{what}: {why}", at) for what, why, at in node.problems),
                *(Evidence("objects", f"Pod/{p.name}", f"is on {node.name} and not ready") for _, p in waiting[:3]),
                *(view.event_evidence(e) for e in events),
            ),
            certainty=0.7,
            since=min((at for _, _, at in node.problems if at), default=None),
            explains=touched,
            excludes=tuple(
                each
                for ref in touched
                for each in excluding(ref, "its template starts on other nodes", "rollback_workload", *RESTARTS)
            ),
        )


RULE = Rule(
    name="node_problem",
    title="A node has a problem of its own",
    root_cause="dependency_failure",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no node tells of a problem that pods there suffer from",
)
