"""A node waits to be drained, and the disruption budget of a workload on it allows no eviction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.view.nodes import Node, nodes
from tuheg_ir.diagnosis.view.reading import label_selector, labels, mapping, name, whole
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_TOLD = late(r"violate .{0,40}disruption budget|disruption budget|\bPDB\b", re.IGNORECASE)
LATELY = timedelta(hours=1)


def when(view: View) -> Iterator[Match]:
    """A cordoned node has pods whose budget, even if all are well, allows no disruption, and a drain waits for it."""
    cordoned = [node for node in nodes(view) if node.cordoned and not node.lost]
    for obj in view.snapshot.of("PodDisruptionBudget"):
        if whole(obj, "status", "disruptionsAllowed") > 0 or not mapping(obj, "status") or _would_allow(obj):
            continue
        for node in cordoned:
            kept = [w for w in view.serving if _on(w, node, obj)]
            waiting = tuple(_waiting(view, node))
            if kept and waiting:
                yield _match(obj, node, kept, waiting)
                break


def _would_allow(obj: Obj) -> bool:
    """Tell whether a budget would let a pod go if all its pods were well: then what ails them stops the drain."""
    return whole(obj, "status", "expectedPods") > whole(obj, "status", "desiredHealthy")


def _on(workload: Workload, node: Node, obj: Obj) -> bool:
    """Tell whether a pod that the budget keeps is well and on the node."""
    selector = mapping(obj, "spec", "selector")
    return any(p.node == node.name and p.ready and label_selector(selector, labels(p.obj)) for p in workload.live)


def _waiting(view: View, node: Node) -> Iterator[Evidence]:
    """Yield who tells that the drain of a node does not end."""
    for event in view.events:
        if _TOLD.search(event.message) and view.recent(event.last, LATELY):
            yield view.event_evidence(event)
    for alert in view.alerts:
        if node.name in alert.labels.values() or "drain" in f"{alert.name} {alert.annotations}".lower():
            yield alert.fires(node.ref)


def _match(obj: Obj, node: Node, kept: list[Workload], waiting: tuple[Evidence, ...]) -> Match:
    healthy, wanted = whole(obj, "status", "currentHealthy"), whole(obj, "status", "desiredHealthy")
    told = f"it allows no disruption: {healthy} pods are healthy, {wanted} have to be"
    return Match(
        component=f"PodDisruptionBudget/{name(obj)}",
        evidence=(
            Evidence("objects", f"PodDisruptionBudget/{name(obj)}", told),
            Evidence("objects", node.ref, f"it is cordoned, and {kept[0].name} is on it"),
            *waiting[:2],
        ),
        certainty=0.75,
        explains=(node.ref,),
        excludes=tuple(
            each
            for workload in kept
            for each in excluding(workload.ref, "it serves; its budget is what stops the drain", "rollback_workload")
        ),
    )


RULE = Rule(
    name="budget_stops_a_drain",
    title="A disruption budget lets nobody drain a node",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no cordoned node has pods whose budget allows no disruption while somebody waits",
)
