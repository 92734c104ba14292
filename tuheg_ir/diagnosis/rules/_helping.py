"""What rules say of remedies that would not help here: one sentence, several remedies and targets."""

from __future__ import annotations

from collections.abc import Iterable

from tuheg_ir.diagnosis.model import Excluded
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.programs import role

ON_CALLERS = ("restart_workload", "rollback_workload", "restart_connection_pool", "scale_workload")
"""What people do to a caller whose trouble comes from behind."""


def not_for(
    targets: Iterable[str], reason: str, remedies: Iterable[str] = ON_CALLERS, *, final: bool = False
) -> tuple[Excluded, ...]:
    """Return the remedies as excluded for each target."""
    chosen = tuple(remedies)
    return tuple(Excluded(remedy, target, reason, final) for target in targets for remedy in chosen)


def spared(view: View, cache: str) -> tuple[str, ...]:
    """Return the databases that get all requests which a cache no longer answers."""
    needed = {need for caller in view.graph.callers(cache) for need in view.graph.needs(caller)}
    return tuple(
        sorted(
            ref for ref in needed if ref != cache and ref in view.workloads and role(view.workloads[ref]) == "database"
        )
    )


def behind(view: View, *refs: str) -> tuple[str, ...]:
    """Return workloads with all that call them, in order: everything that suffers with them."""
    found = {ref for ref in refs if ref}
    for ref in tuple(found):
        found |= view.graph.callers(ref)
    return tuple(sorted(found))
