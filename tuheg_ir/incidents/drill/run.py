"""One drill: break, respond, respond again, judge."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace

from tuheg_ir.incidents.drill import record
from tuheg_ir.incidents.drill.embedded import embedded
from tuheg_ir.incidents.drill.ground import Ground
from tuheg_ir.incidents.drill.lab import on_lab
from tuheg_ir.incidents.drill.order import DrillOrder
from tuheg_ir.incidents.drill.report import DrillReport
from tuheg_ir.incidents.drill.times import limits, times
from tuheg_ir.incidents.order import Order
from tuheg_ir.incidents.outcome import Report
from tuheg_ir.incidents.respond import respond
from tuheg_ir.incidents.shop import Shop
from tuheg_ir.runner import stop_signals
from tuheg_ir.sim.score import score


def drill(shop: Shop, order: DrillOrder) -> DrillReport:
    """Make the incident, answer it twice, and record how it went.

    Raises UsageError for what cannot be drilled, UnusableError for what is missing, Interrupted
    after Ctrl-C, when everything that was started is closed again.
    """
    shop.catalogue.fault(order.scenario.fault)
    shop.project.check_collections()
    with stop_signals(), _ground(shop, order) as ground:
        asked = _order(order, ground)
        first = respond(shop, asked)
        before = len(ground.written())
        shop.tell("the same incident once more: nothing may be changed")
        second = respond(shop, replace(asked, number=first.incident))
        again = ground.written()[before:] or _changed(second)
    report = _judged(shop, order, ground, first, second, again)
    record.write(shop.journal, report, actor=order.actor)
    return report


def _ground(shop: Shop, order: DrillOrder) -> AbstractContextManager[Ground]:
    return on_lab(shop.project, order, shop.tell) if order.on == "lab" else embedded(shop.project, order)


def _order(order: DrillOrder, ground: Ground) -> Order:
    return Order(
        fault=order.scenario.fault,
        severity=order.severity,
        inventory=ground.inventory,
        cluster=ground.cluster,
        actor=order.actor,
        service=order.scenario.service,
        extra=dict(ground.extra),
        lang=order.lang,
        drill=True,
    )


def _changed(report: Report) -> list[str]:
    """Return what a run says that it changed."""
    actions = report.result.get("actions") or []
    return [f"{action.get('remedy')} on {action.get('target')}" for action in actions if action.get("changed")]


def _judged(
    shop: Shop, order: DrillOrder, ground: Ground, first: Report, second: Report, again: list[str]
) -> DrillReport:
    events = shop.journal.events(first.incident)
    run = next(event.run for event in events if event.kind == "run_started")
    return DrillReport(
        scenario=order.scenario.name,
        title=order.scenario.title,
        severity=order.severity,
        on=order.on,
        speed=order.pace if order.on == "sim" else 1.0,
        seed=order.seed,
        expected=order.scenario.end(order.severity),
        fault=order.scenario.fault,
        first=first,
        score=score(order.scenario, first.exit_code, {**first.result, "status": first.status}, order.severity),
        second=second,
        second_run_changes=tuple(again),
        expected_findings=order.scenario.findings,
        times=times(events, str(run), ground.broken_at),
        limits=limits(shop.catalogue.severity(order.severity)),
    )
