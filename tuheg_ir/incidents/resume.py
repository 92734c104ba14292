"""Take up a run that was killed or stopped, and bring it to the same end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tuheg_ir.catalogue import load_platform
from tuheg_ir.errors import UsageError
from tuheg_ir.incidents import policy
from tuheg_ir.incidents.deliver import deliver
from tuheg_ir.incidents.order import Order
from tuheg_ir.incidents.orphans import WAIT_S, settle
from tuheg_ir.incidents.outcome import EXIT_CODES, Report, reason_of
from tuheg_ir.incidents.override import recorded as recorded_override
from tuheg_ir.incidents.respond import carry_out, choose_service
from tuheg_ir.incidents.shop import Shop
from tuheg_ir.journal import Incident, Run


def resume(
    shop: Shop,
    number: str | None,
    *,
    actor: str,
    extra: dict[str, str],
    lang: str | None = None,
    wait_s: float = WAIT_S,
) -> Report:
    """Go on with an incident's last run (default: the newest incident that is not over).

    The same playbook runs with the same inputs and the same attempt, so that what was done is
    not done again. ``extra`` are -e values that the journal may not hold. When the last run came
    to its own end, its result is given once more and nothing is run.
    """
    incident = _find(shop, number)
    started = _last_start(shop, incident)
    order = _order(incident, started, actor=actor, extra=extra, lang=lang)
    if not policy.dead_runs(incident):
        return _as_it_ended(shop, order, incident)
    settle(shop, incident, actor=actor, wait_s=wait_s)
    platform = load_platform(order.inventory, order.cluster)
    shop.project.check_collections()
    return carry_out(
        shop,
        order,
        shop.journal.incident(incident.number),
        platform,
        playbook=str(started["playbook"]),
        service=choose_service(platform, order.service),
    )


def _find(shop: Shop, number: str | None) -> Incident:
    if number is not None:
        incident = shop.journal.incident(number)
        if incident.drill:
            raise UsageError("A drill cannot be resumed", number, "Its cluster is gone; drill again.")
        return incident
    newest = shop.journal.latest_open()
    if newest is None:
        raise UsageError("There is nothing to resume", "", "Every incident is over; see tuheg-ir incident list.")
    return newest


def _last_start(shop: Shop, incident: Incident) -> dict[str, Any]:
    """Return what was recorded when the last run that could act was started."""
    acted = [run.id for run in incident.runs if not run.check]
    if not acted:
        raise UsageError(
            f"{incident.number} has no run to resume",
            "",
            f"Start one with: tuheg-ir respond {incident.fault} --severity {incident.severity} "
            f"--incident {incident.number}",
        )
    return next(
        event.data
        for event in shop.journal.events(incident.number)
        if event.kind == "run_started" and event.run == acted[-1]
    )


def _order(
    incident: Incident,
    started: dict[str, Any],
    *,
    actor: str,
    extra: dict[str, str],
    lang: str | None,
) -> Order:
    recorded = dict(started.get("extra_vars") or {})
    approved_by = str(recorded.pop("ir_approved_by", ""))
    override = recorded_override(recorded)
    missing = [name for name in recorded.pop("not_recorded", []) if name not in extra]
    inventory = started.get("inventory")
    if missing or not inventory:
        raise UsageError(
            "The journal does not hold everything that the run was started with",
            f"-e {', '.join(missing)}" if missing else "it was started by ansible-playbook",
            "Give it again with -e NAME=VALUE."
            if missing
            else f"Run the playbook again with -e ir_incident={incident.number}.",
        )
    return Order(
        fault=str(started.get("fault") or incident.fault),
        severity=str(started.get("severity") or incident.severity),
        inventory=Path(str(inventory)),
        cluster=incident.cluster,
        actor=actor,
        service=str(started.get("service")) or None,
        approved_by=approved_by,
        number=incident.number,
        extra={**{k: str(v) for k, v in recorded.items()}, **extra},
        lang=lang or str(started.get("lang") or "zh"),
        override=override,
    )


def _as_it_ended(shop: Shop, order: Order, incident: Incident) -> Report:
    run: Run = [run for run in incident.runs if not run.check][-1]
    result = run.result or {}
    shop.tell(f"{incident.number}: its last run came to its own end; nothing is run")
    status = run.status if run.status in EXIT_CODES else "error"
    messages, notes = deliver(shop, incident.number, status, run=run.id, actor=order.actor, lang=order.lang)
    return Report(
        incident=incident.number,
        status=status,
        playbook=run.playbook,
        result=result,
        messages=messages,
        reason=reason_of(result),
        followups=tuple(f.task for f in incident.followups),
        notes=tuple(notes),
    )
