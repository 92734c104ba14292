"""Pods of several workloads are odd, and what they share is the node."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.odd import odd_pods, pods_by_name

BUSY = 0.95


def when(view: View) -> Iterator[Match]:
    """All odd pods are on one node, and all pods there of the same workloads are odd."""
    odd = {w.ref: found for w in view.serving if (found := odd_pods(view, w))}
    on = {
        (ref, pod): node
        for ref, found in odd.items()
        for pod in found
        if (node := pods_by_name(view.workloads[ref])[pod].node)
    }
    where = set(on.values())
    if len(where) != 1:
        return
    node = where.pop()
    busy = view.figures.now("node_cpu_share", node=node)
    others = [v for n, v in view.figures.latest("node_cpu_share", "node").items() if n != node]
    loaded = busy is not None and busy > BUSY and max(others, default=0.0) < BUSY
    spared = [p for ref in odd for p in view.workloads[ref].live if p.node == node and p.name not in odd[ref]]
    if spared or (len(odd) < 2 and not loaded):
        return
    told = [Evidence("metrics", f"Node/{node}", f"its processors are {busy:.0%} busy")] if loaded and busy else []
    yield Match(
        component=f"Node/{node}",
        evidence=(
            *told,
            *(Evidence("metrics", f"Pod/{pod}", f"{odd[ref][pod]}; others are well") for ref, pod in sorted(on)),
            Evidence("objects", f"Node/{node}", f"all odd pods of {len(odd)} workloads are on it"),
        ),
        certainty=0.7 + (0.1 if loaded and len(odd) > 1 else 0.0),
        explains=tuple(sorted(odd)),
        excludes=tuple(
            each
            for ref in sorted(odd)
            for each in excluding(ref, "its pods elsewhere are well", "rollback_workload", *RESTARTS)
        ),
    )


RULE = Rule(
    name="node_slow",
    title="Everything on one node is slow or fails",
    root_cause="resource_exhaustion",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="odd pods of several workloads do not share one node",
)
