"""Answer a fault: open or continue the incident, run its playbook, record, tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tuheg_ir.catalogue import Platform, load_platform
from tuheg_ir.catalogue.ladder import ladder
from tuheg_ir.errors import Interrupted, RefusedError, TuhegError
from tuheg_ir.incidents import policy
from tuheg_ir.incidents.deliver import deliver
from tuheg_ir.incidents.order import Order
from tuheg_ir.incidents.orphans import settle
from tuheg_ir.incidents.outcome import Report, error_of, owed, reason_of, status_of
from tuheg_ir.incidents.override import check_rungs
from tuheg_ir.incidents.shop import Shop, new_run
from tuheg_ir.incidents.symptom import is_ill
from tuheg_ir.journal import Incident
from tuheg_ir.runner import RunOutcome, processes, run_playbook


def respond(shop: Shop, order: Order) -> Report:
    """Carry out an order; see Report for what comes back.

    Raises UsageError and its kin for what cannot be started, Interrupted after Ctrl-C with the
    journal closed. A plan stores nothing: neither here nor in the cluster.
    """
    if order.fault:
        shop.catalogue.fault(order.fault)
    platform = load_platform(order.inventory, order.cluster)
    service = choose_service(platform, order.service)
    shop.project.check_collections()
    reason = ""
    if not (order.fault and order.severity):
        from tuheg_ir.incidents.stated import state

        stated = state(shop, order, platform, service)
        if stated.well:
            return _nothing(stated.found)
        order, service, reason = stated.order, str(stated.order.service), stated.reason
    fault = shop.catalogue.fault(order.fault)
    shop.catalogue.severity(order.severity)
    playbook = shop.project.playbook(fault.playbook)
    if order.override:
        check_rungs(order.override, fault.playbook, ladder(playbook.read_text(encoding="utf-8")))
    if order.plan:
        return _plan(shop, order, fault.playbook, service)
    incident = _incident(shop, order, service, reason)
    if policy.dead_runs(incident):
        settle(shop, incident, actor=order.actor)
        incident = shop.journal.incident(incident.number)
    return carry_out(shop, order, incident, platform, playbook=fault.playbook, service=service)


def _nothing(found: dict[str, Any]) -> Report:
    """Return the report of an order that found nothing to respond to: no incident is opened."""
    evidence = found["findings"][0]["evidence"]
    result = {"findings": found["findings"], "facts": found["facts"]}
    return Report("", "nothing_to_do", "", result, reason="; ".join(evidence))


def choose_service(platform: Platform, asked: str | None) -> str:
    """Return the service to act on; UsageError when the inventory does not have it."""
    platform.service(asked)
    return asked or platform.default_service


def carry_out(
    shop: Shop, order: Order, incident: Incident, platform: Platform, *, playbook: str, service: str
) -> Report:
    """Run a playbook for an incident: journal first, then the play, then its end and messages."""
    run = new_run()
    attempt = policy.attempt_for(incident, ill=_ill_again(shop, platform, incident, service))
    if attempt != incident.attempt:
        incident = shop.journal.change(
            incident,
            reason="ill again after it was over",
            attempt=attempt,
            closed=False,
            actor=order.actor,
        )
    given = policy.variables(order, incident, run=run, service=service, attempt=attempt)
    started = {
        "playbook": playbook,
        "service": service,
        "attempt": attempt,
        "fault": order.fault,
        "severity": order.severity,
        "extra_vars": {
            **policy.recordable(order.extra),
            "ir_approved_by": order.approved_by,
            **order.overriding,
        },
        "inventory": str(order.inventory.resolve()),
        "lang": order.lang,
        **processes.own().as_dict(),
    }
    shop.journal.append(incident, "run_started", started, run=run, actor=order.actor)
    try:
        ended = _play(shop, order, incident, playbook=playbook, run=run, given=given)
    except TuhegError as error:
        _close(shop, order, incident, run, {"status": "error", "error": error.as_dict()})
        raise
    if ended.status == "interrupted":
        raise _interrupted(shop, order, incident, run)
    return _report(shop, order, incident, playbook=playbook, run=run, ended=ended)


def _play(
    shop: Shop, order: Order, incident: Incident, *, playbook: str, run: str, given: dict[str, Any]
) -> RunOutcome:
    def record(process: processes.Process) -> None:
        shop.journal.append(incident, "process", process.as_dict(), run=run, actor=order.actor)

    return run_playbook(
        shop.project,
        playbook,
        order.inventory,
        given,
        run=run,
        env={"TUHEG_IR_HOME": str(shop.journal.place)},
        # A severity that changes nothing unapproved gets a plan: show what it would change.
        diff=order.severity == "P2" and not order.approves,
        on_event=shop.on_event,
        on_process=record,
    )


def _report(shop: Shop, order: Order, incident: Incident, *, playbook: str, run: str, ended: RunOutcome) -> Report:
    status = status_of(ended)
    result = ended.result or {}
    error = error_of(ended, status)
    closing: dict[str, Any] = {"status": status, "result": ended.result}
    if error is not None:
        closing["error"] = error.as_dict()
    _close(shop, order, incident, run, closing)
    task = owed(shop.journal.events(incident.number)) if status in policy.WELL else None
    if task is not None:
        shop.journal.append(incident, "followup", dict(task), run=run, actor=order.actor)
    messages, notes = deliver(shop, incident.number, status, run=run, actor=order.actor, lang=order.lang)
    return Report(
        incident=incident.number,
        status=status,
        playbook=playbook,
        result=result,
        messages=messages,
        error=error,
        reason=reason_of(result),
        diffs=ended.diffs,
        followups=tuple(f.task for f in shop.journal.incident(incident.number).followups),
        notes=(*ended.notes, *notes),
    )


def _close(shop: Shop, order: Order, incident: Incident, run: str, closing: dict[str, Any]) -> None:
    shop.journal.append(incident, "run_ended", closing, run=run, actor=order.actor)


def _interrupted(shop: Shop, order: Order, incident: Incident, run: str) -> Interrupted:
    stopped: dict[str, Any] = {"reason": "stopped by the user"}
    then = f"tuheg-ir resume {incident.number}"
    if not order.drill:  # the cluster of a drill is gone with it
        stopped["resume"] = then
    shop.journal.append(incident, "interrupted", stopped, run=run, actor=order.actor)
    return Interrupted(
        "Interrupted", incident.number, "The drill can be run again" if order.drill else f"Go on with: {then}"
    )


def _incident(shop: Shop, order: Order, service: str, reason: str) -> Incident:
    """Return the incident that the order is about, opened or brought up to date.

    ``reason`` is how the severity was found, "" when the order named it.
    """
    incident = shop.journal.open_incident(
        cluster=order.cluster,
        severity=order.severity,
        fault=order.fault,
        service=service,
        actor=order.actor,
        number=order.number,
        drill=order.drill,
    )
    if incident.drill != order.drill:
        raise RefusedError(
            "An incident and a drill cannot be mixed",
            f"{incident.number} is {'a drill' if incident.drill else 'no drill'}",
            "Leave the number out to open a new incident." if incident.drill else "",
        )
    changed: dict[str, Any] = {}
    if incident.severity != order.severity or reason:
        changed["severity"] = order.severity
    if incident.fault != order.fault:
        changed["fault"] = order.fault
    if not changed:
        return incident
    told = reason or "stated with the order to respond"
    return shop.journal.change(incident, reason=told, actor=order.actor, **changed)


def _ill_again(shop: Shop, platform: Platform, incident: Incident, service: str) -> bool:
    """Look whether an incident that was over has a symptom now."""
    if not policy.is_over(incident):
        return False
    since = max((run.ended_at for run in incident.runs if run.ended_at), default=None)
    return is_ill(shop.project, platform, service, since=since)


def _plan(shop: Shop, order: Order, playbook: str, service: str) -> Report:
    """Run in check mode. The incident's number is only looked ahead at."""
    at = datetime.now(UTC)
    number = order.number or shop.journal.next_number(at)
    incident = next(
        (known for known in shop.journal.incidents() if known.number == number),
        Incident(
            uid="",
            number=number,
            cluster=order.cluster,
            severity=order.severity,
            fault=order.fault,
            drill=False,
            opened_at=at,
            actor=order.actor,
        ),
    )
    run = new_run(at)
    given = policy.variables(order, incident, run=run, service=service, attempt=incident.attempt)
    ended = run_playbook(
        shop.project,
        playbook,
        order.inventory,
        given,
        run=run,
        check=True,
        diff=True,
        env={"TUHEG_IR_HOME": str(shop.journal.place)},
        on_event=shop.on_event,
    )
    if ended.status == "interrupted":
        raise Interrupted("Interrupted", "the plan", "Nothing was changed.")
    status = status_of(ended)
    result = ended.result or {}
    return replace(
        Report(number, status, playbook, result),
        error=error_of(ended, status),
        reason=reason_of(result),
        diffs=ended.diffs,
        notes=ended.notes,
        plan=True,
    )
