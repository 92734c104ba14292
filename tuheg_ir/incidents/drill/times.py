"""How long a drill took, from the journal's events, and how long the handbook allows. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tuheg_ir.catalogue import Severity
from tuheg_ir.journal import Event
from tuheg_ir.journal.model import read_time

# What is timed -> the phase of the handbook whose limit holds for it.
PHASES = {"detected": "detect", "diagnosed": "diagnose", "fixed": "fix", "verified": "fix"}


def times(events: Sequence[Event], run: str, broken_at: datetime) -> dict[str, float | None]:
    """Return the seconds that each step of an incident's run took; None for what did not happen.

    As the handbook's limits do, each counts from the start of its phase: ``detected`` from the
    break until the incident was opened, ``diagnosed`` from there, ``fixed`` and ``verified`` from
    the diagnosis until the act that healed was through, and until it was proven.
    """
    opened = next(event.happened_at for event in events if event.kind == "incident_opened")
    mine = [event for event in events if event.run == run]
    diagnosed = next((event.happened_at for event in mine if event.kind == "diagnosis"), None)
    healing = next((event for event in mine if event.kind == "outcome" and event.data["verdict"] == "healed"), None)
    verified = healing.happened_at if healing else None
    fixed = (read_time(healing.data.get("settled")) or verified) if healing else None
    return {
        "detected": _seconds(broken_at, opened),
        "diagnosed": _seconds(opened, diagnosed),
        "fixed": _seconds(diagnosed or opened, fixed),
        "verified": _seconds(diagnosed or opened, verified),
    }


def limits(severity: Severity) -> dict[str, float | None]:
    """Return the seconds that the handbook allows for each; None where it sets no limit."""
    found = {name: severity.phases.get(phase) for name, phase in PHASES.items()}
    return {name: phase.minutes * 60.0 if phase else None for name, phase in found.items()}


def _seconds(start: datetime, end: datetime | None) -> float | None:
    return None if end is None else round(max(0.0, (end - start).total_seconds()), 3)
