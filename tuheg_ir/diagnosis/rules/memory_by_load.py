"""Memory grows with the traffic: more replicas share it."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._capacity import remedy_for_load
from tuheg_ir.diagnosis.rules._filled_by_waiting import filled_by_waiting
from tuheg_ir.diagnosis.rules._follows_load import by_caller, follows_load
from tuheg_ir.diagnosis.rules._kind_of_node import on_one_kind
from tuheg_ir.diagnosis.rules._memory import LOADED, began_of, short_of_memory
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.usage import limit_cut
from tuheg_ir.diagnosis.view.view import View


def when(view: View) -> Iterator[Match]:
    """Containers are short of memory while their traffic has grown, or what clients hold open at them."""
    for workload in view.serving:
        if on_one_kind(view, workload):
            continue  # its like have enough on other nodes
        evidence = short_of_memory(view, workload)
        grown = traffic_growth(view, workload.ref) or 1.0
        if not evidence or limit_cut(workload, "memory"):
            continue
        led = () if grown >= LOADED else follows_load(view, workload)
        if grown < LOADED and not led:
            continue
        if filled_by_waiting(view, workload):
            continue  # more of it hold more of what waits: who answers too late needs help
        told = led or (Evidence("metrics", workload.ref, f"traffic has grown {grown:.1f} times"),)
        remedy, more, excludes = remedy_for_load(view, workload)
        asked_by = by_caller(view, workload, led[0].time) if led else ()
        if asked_by:
            remedy = "page_human"  # more of it may only hold more of what a client leaves open
        yield Match(
            component=workload.ref,
            evidence=(*evidence, *told, *more, *asked_by),
            certainty=0.7,
            remedy=remedy,
            since=began_of(evidence),
            excludes=excludes,
        )


RULE = Rule(
    name="memory_by_load",
    title="Memory runs out under more traffic",
    root_cause="capacity",
    remedy="scale_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no container is short of memory under traffic that has grown",
)
