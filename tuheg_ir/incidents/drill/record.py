"""The record of drills in the journal: written after each, read for each playbook."""

from __future__ import annotations

from typing import Any

from tuheg_ir.incidents.drill.report import DrillReport
from tuheg_ir.journal import Journal


def write(journal: Journal, report: DrillReport, *, actor: str) -> None:
    """Record how a drill went, with its incident."""
    told = report.as_dict()
    kept = ("scenario", "playbook", "on", "passed", "speed", "seed", "expected_end", "diagnosed")
    data = {name: told[name] for name in (*kept, "wrong_actions", "repeated_actions", "second_run_changes", "times")}
    journal.append(report.first.incident, "drill", data, actor=actor)


def last_drills(journal: Journal) -> dict[str, dict[str, Any]]:
    """Return playbook -> its last drill as ``{at, scenario, on, passed}``; playbooks never drilled are missing."""
    found: dict[str, dict[str, Any]] = {}
    for event in journal.events(kind="drill"):
        shown = {name: event.data[name] for name in ("scenario", "on", "passed")}
        found[str(event.data["playbook"])] = {"at": event.happened_at.isoformat(), **shown}
    return found
