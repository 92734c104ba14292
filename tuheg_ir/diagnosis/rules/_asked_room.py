"""How much of a resource pods ask of a node, and how much more since their release."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.view.reading import items, text
from tuheg_ir.diagnosis.view.releases import template_before
from tuheg_ir.diagnosis.view.workloads import Workload

RESOURCES = ("cpu", "memory")


def asked(holder: Mapping[str, Any], what: str, side: str = "requests") -> float:
    """Return how much of a resource a pod or a template asks for; a limit stands for a request that is left out."""
    if what == "pods":
        return 1.0
    given = (c.get("resources") or {} for c in items(holder, "spec", "containers"))
    sides = ("requests", "limits") if side == "requests" else (side,)
    amounts = (next((v for s in sides if (v := text(each, s, what))), "0") for each in given)
    return sum(number(each) or 0.0 for each in amounts)


def grew(workload: Workload) -> Mapping[str, float]:
    """Return by how much more each pod of the newest template asks for than one of the template before."""
    before = template_before(workload)
    if not before:
        return {}
    more = {what: asked(workload.template, what) - asked(before, what) for what in RESOURCES}
    return {what: amount for what, amount in more.items() if amount > 0}


def told_growth(workload: Workload) -> tuple[Evidence, ...]:
    """Return what the pods of a release ask for and what they asked for before, all containers together."""
    before = template_before(workload)
    told = (
        f"{what} {_amount(what, asked(before, what))} -> {_amount(what, asked(workload.template, what))}"
        for what in grew(workload)
    )
    fact = ", ".join(told)
    return (
        (Evidence("objects", workload.ref, f"each of its pods asks for {fact}", workload.released_at),) if fact else ()
    )


def _amount(what: str, amount: float) -> str:
    return f"{amount / 2**20:.0f}Mi" if what == "memory" else f"{amount:.3g}"
