"""Decisions about an incident and its runs: pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tuheg_ir.incidents.order import Order
from tuheg_ir.journal import Incident, Run

WELL = frozenset({"healed", "nothing_to_do"})
DEAD = frozenset({"running", "interrupted"})
"""States of a run that did not come to its own end."""


def is_over(incident: Incident) -> bool:
    """Tell whether the incident was closed or its last run that could act ended well."""
    if incident.closed:
        return True
    acted = [run for run in incident.runs if not run.check]
    return bool(acted) and acted[-1].status in WELL


def attempt_for(incident: Incident, *, ill: bool) -> int:
    """Return the attempt of the next run.

    It rises only when an incident that was over is ill again: then its actions may be done once
    more. In all other cases what was done stays done.
    """
    return incident.attempt + 1 if is_over(incident) and ill else incident.attempt


def dead_runs(incident: Incident) -> tuple[Run, ...]:
    """Return the runs since the last one that came to its own end; they may hold the lock."""
    dead: list[Run] = []
    for run in reversed(incident.runs):
        if run.check:
            continue
        if run.status not in DEAD:
            break
        dead.append(run)
    return tuple(reversed(dead))


def holders(incident: Incident) -> str:
    """Return the lock holders that are known to be dead, as ir_lock_takeover wants them."""
    return ",".join(f"{incident.number}/{run.id}" for run in dead_runs(incident))


def variables(order: Order, incident: Incident, *, run: str, service: str, attempt: int) -> dict[str, Any]:
    """Return the extra variables of a run."""
    return {
        **order.extra,
        "ir_cluster": order.cluster,
        "ir_incident": incident.number,
        "ir_incident_uid": incident.uid,
        "ir_attempt": attempt,
        "ir_run": run,
        "ir_severity": order.severity,
        "ir_fault": order.fault,
        "ir_service": service,
        "ir_actor": order.actor,
        "ir_approved_by": order.approved_by,
        **order.overriding,
        "ir_lock_takeover": holders(incident),
    }


def recordable(extra: Mapping[str, str]) -> dict[str, Any]:
    """Return what of -e may stand in the journal: our own words with values, others by name.

    What the names mean is not known here, so that their values may be secrets.
    """
    ours = {name: value for name, value in extra.items() if name.startswith("ir_")}
    others = sorted(set(extra) - set(ours))
    return {**ours, **({"not_recorded": others} if others else {})}
