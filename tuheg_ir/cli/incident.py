"""`tuheg-ir incident list|show`: what happened, read from the journal only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tuheg_ir.cli.completion import incident_numbers
from tuheg_ir.cli.group import Group
from tuheg_ir.cli.output import columns, emit, format_option

if TYPE_CHECKING:
    from tuheg_ir.journal import Event, Incident


@click.group(cls=Group)
def incident() -> None:
    """Look at incidents."""


@incident.command(name="list")
@click.option("--drills", is_flag=True, help="List drills too; they are no incidents.")
@format_option
def list_command(drills: bool, form: str) -> None:
    """List the incidents, the newest last."""
    from tuheg_ir.journal import open_journal

    with open_journal() as journal:
        found = [each for each in journal.incidents() if drills or not each.drill]
    emit(
        form,
        {"incidents": [incident_dict(each) for each in found]},
        lambda: columns([_row(each) for each in found]) or ["There is no incident in the journal."],
    )


@incident.command()
@click.argument("number", shell_complete=incident_numbers)
@format_option
def show(number: str, form: str) -> None:
    """Show an incident: its state, its runs and everything that was done."""
    from tuheg_ir.journal import open_journal

    with open_journal() as journal:
        found = journal.incident(number)
        events = journal.events(number)
    emit(
        form,
        {**incident_dict(found), "events": [event_dict(event) for event in events]},
        lambda: [
            "  ".join(_row(found)),
            *columns([_run_row(run) for run in found.runs], indent="  "),
            *columns([[f"{e.at:%H:%M:%S}", e.kind, told(e)] for e in events], indent="  "),
            *[f"  to do later: {f.task}" for f in found.followups],
        ],
    )


def _row(found: Incident) -> list[str]:
    last = found.last_run
    return [
        found.number,
        found.severity,
        found.fault or "-",
        found.cluster,
        ",".join(found.services),
        f"{found.opened_at:%Y-%m-%d %H:%M} UTC",
        (last.status if last else "no run") + ("  drill" if found.drill else ""),
    ]


def _run_row(run: Any) -> list[str]:
    return ["run", run.id, run.playbook, f"attempt {run.attempt}", run.status]


def told(event: Event) -> str:
    """Return one line about an event."""
    data = event.data
    words = [str(data[name]) for name in ("rung", "playbook", "stage", "task", "fault", "scenario") if data.get(name)]
    verdict = data.get("verdict") or data.get("status")
    words += [str(verdict)] if verdict else []
    words += [str(data["reason"])] if data.get("reason") else []
    if event.kind == "process":
        words.append(f"pid {data['pid']}")
    if event.kind == "intent" and data.get("target"):
        words[0] += f" on {data['target']}"
    if event.kind == "drill":
        words.append("passed" if data["passed"] else "NOT passed")
    if event.kind == "diagnosis" and data.get("findings"):
        first = data["findings"][0]
        words.append(f"{first.get('root_cause')} at {first.get('component')}")
    return ": ".join(words)


def incident_dict(found: Incident) -> dict[str, Any]:
    """Return an incident as JSON types."""
    from dataclasses import asdict

    shown = asdict(found)
    shown["opened_at"] = found.opened_at.isoformat()
    shown["open"] = found.open
    return shown


def event_dict(event: Event) -> dict[str, Any]:
    """Return an event as JSON types."""
    from dataclasses import asdict

    return {**asdict(event), "at": event.at.isoformat()}
