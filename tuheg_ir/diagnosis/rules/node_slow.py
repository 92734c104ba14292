"""Pods of several workloads are odd, and what they share is the node."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._link import link_troubles, resent
from tuheg_ir.diagnosis.view.odd import odd_pods, odd_since, pods_by_name
from tuheg_ir.diagnosis.view.view import View

BUSY = 0.95
LATER = timedelta(minutes=5)
"""What began so long after the pods were odd is not why."""


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
    link = () if loaded else _link(view, node, [pod for _, pod in on])
    yield Match(
        component=f"Node/{node}",
        evidence=(
            *told,
            *link,
            *(Evidence("metrics", f"Pod/{pod}", f"{odd[ref][pod]}; others are well") for ref, pod in sorted(on)),
            Evidence("objects", f"Node/{node}", f"all odd pods of {len(odd)} workloads are on it"),
        ),
        certainty=0.7 + (0.1 if link or (loaded and len(odd) > 1) else 0.0),
        root_cause="network_fault" if link else "",
        explains=tuple(sorted(odd)),
        excludes=tuple(
            each
            for ref in sorted(odd)
            for each in excluding(ref, "its pods elsewhere are well", "rollback_workload", *RESTARTS)
        ),
    )


def _link(view: View, node: str, odd: Collection[str]) -> tuple[Evidence, ...]:
    """Return what is wrong with a node's network, if that began no later than its pods were odd."""
    since = odd_since(view, odd)
    found = (*link_troubles(view, node), *resent(view, node))
    before = any(since is None or e.time is None or e.time - since <= LATER for e in found)
    return found if before else ()


RULE = Rule(
    name="node_slow",
    title="Everything on one node is slow or fails",
    root_cause="resource_exhaustion",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="odd pods of several workloads do not share one node",
)
