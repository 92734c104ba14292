"""From events to the state of an incident: pure, and forgiving about fields that are missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from tuheg_ir.journal.model import Event, Followup, Incident, Process, Run, read_time

_STATED = ("severity", "fault", "attempt", "impact", "users", "owner", "closed")


def fold(events: Iterable[Event]) -> Incident:
    """Return the incident that ``events`` (one incident's, in order) tell of.

    Raises ValueError when the first of them does not open an incident.
    """
    incident: Incident | None = None
    for event in events:
        if incident is None:
            incident = _opened(event)
            continue
        step = _STEPS.get(event.kind)
        if step is not None:
            incident = step(incident, event)
    if incident is None:
        raise ValueError("no events")
    return incident


def _opened(event: Event) -> Incident:
    if event.kind != "incident_opened":
        raise ValueError(f"event {event.seq} of {event.incident} is {event.kind}, not its opening")
    data = event.data
    service = data.get("service")
    return Incident(
        uid=data["uid"],
        number=event.incident,
        cluster=data["cluster"],
        severity=data["severity"],
        fault=data["fault"],
        drill=data["drill"],
        opened_at=event.happened_at,
        actor=event.actor,
        services=(service,) if service else (),
    )


def _changed(incident: Incident, event: Event) -> Incident:
    stated: dict[str, Any] = {name: event.data[name] for name in _STATED if name in event.data}
    if "expected_recovery" in event.data:
        stated["expected_recovery"] = read_time(event.data["expected_recovery"])
    return replace(incident, **stated)


def _run_started(incident: Incident, event: Event) -> Incident:
    data, run_id = event.data, event.run or ""
    process = _process(data)
    known = next((run for run in incident.runs if run.id == run_id), None)
    if known is not None:
        return _with_run(incident, _with_process(known, process))
    service = data.get("service") or ""
    run = Run(
        id=run_id,
        playbook=data.get("playbook") or "",
        started_at=event.happened_at,
        attempt=data.get("attempt") or incident.attempt,
        check=bool(data.get("check")),
        service=service,
    )
    services = incident.services
    if service and service not in services:
        services = (*services, service)
    return replace(
        incident,
        services=services,
        attempt=max(incident.attempt, run.attempt),
        runs=(*incident.runs, _with_process(run, process)),
        closed=False,
    )


def _process_started(incident: Incident, event: Event) -> Incident:
    known = next((run for run in incident.runs if run.id == event.run), None)
    if known is None:
        return incident
    return _with_run(incident, _with_process(known, _process(event.data)))


def _run_ended(incident: Incident, event: Event) -> Incident:
    known = next((run for run in incident.runs if run.id == event.run), None)
    if known is None:
        return incident
    status = event.data.get("status") or "interrupted"
    result = event.data.get("result") or known.result
    return _with_run(incident, replace(known, status=status, result=result, ended_at=event.happened_at))


def _followup(incident: Incident, event: Event) -> Incident:
    task = Followup(
        task=str(event.data.get("task", "")),
        at=event.happened_at,
        remedy=event.data.get("remedy") or "",
        target=event.data.get("target") or "",
    )
    same = [f for f in incident.followups if (f.task, f.target) == (task.task, task.target)]
    return incident if same else replace(incident, followups=(*incident.followups, task))


def _process(data: dict[str, Any]) -> Process | None:
    if data.get("pid") is None or data.get("start_time") is None:
        return None
    return Process(pid=data["pid"], start_time=data["start_time"])


def _with_process(run: Run, process: Process | None) -> Run:
    if process is None or process in run.processes:
        return run
    return replace(run, processes=(*run.processes, process))


def _with_run(incident: Incident, run: Run) -> Incident:
    runs = tuple(run if known.id == run.id else known for known in incident.runs)
    return replace(incident, runs=runs)


_STEPS: dict[str, Callable[[Incident, Event], Incident]] = {
    "incident_changed": _changed,
    "run_started": _run_started,
    "process": _process_started,
    "run_ended": _run_ended,
    "interrupted": _run_ended,
    "followup": _followup,
}
