"""`tuheg-ir drill`: practise an incident without a cluster."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import click

from tuheg_ir.cli.completion import scenario_names
from tuheg_ir.cli.output import as_json, columns, emit, format_option
from tuheg_ir.cli.target import actor
from tuheg_ir.errors import NotHealedError, UsageError

if TYPE_CHECKING:
    from tuheg_ir.incidents.drill import DrillOrder, DrillReport
    from tuheg_ir.sim.scenario import Scenario


@click.command(name="drill", short_help="Practise an incident on an embedded cluster, and be judged.")
@click.argument("name", metavar="[FAULT|SCENARIO|FILE.yml]", required=False, shell_complete=scenario_names)
@click.option("--all", "every", is_flag=True, help="Drill every scenario.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="With --all on sim: so many at a time (default: one a core).",
)
@click.option("--list", "listed", is_flag=True, help="List the scenarios.")
@click.option("--severity", type=click.Choice(["P0", "P1", "P2"]), default="P0", show_default=True)
@click.option("--speed", type=float, help="Times as fast as the clock; the scenario's own at most (default).")
@click.option("--seed", type=int, help="Decides names and chances on the embedded cluster (default: 0).")
@click.option("--on", type=click.Choice(["sim", "lab"]), default="sim", show_default=True, help="Which cluster.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@format_option
def drill_command(
    name: str | None,
    every: bool,
    jobs: int | None,
    listed: bool,
    severity: str,
    speed: float | None,
    seed: int | None,
    on: str,
    lang: str,
    form: str,
) -> int:
    """Practise an incident: break a platform, run its production playbook, judge what it did.

    On the embedded cluster (sim) it needs no cluster, no root, no network and no inventory; the
    cluster that KUBECONFIG names is not touched. On the lab of a checkout it is the real thing.
    Drills have incident numbers of their own, from 9001. Exit code 0 when every drill went as
    expected, 3 when one did not.
    """
    from tuheg_ir.sim.scenario import scenarios

    if listed:
        emit(form, {"scenarios": [_scenario_dict(each) for each in scenarios().values()]}, lambda: _table(lang))
        return 0
    _check(name, every=every, jobs=jobs, speed=speed, seed=seed, on=on)
    from tuheg_ir.incidents.drill import DrillOrder, cores

    chosen, who = _chosen(name, on), actor()
    orders = [DrillOrder(each, severity, who, on=on, speed=speed, seed=seed or 0, lang=lang) for each in chosen]
    lanes = (jobs or cores()) if every and on == "sim" else 1
    reports = _some(orders, form, lanes) if lanes > 1 else [_one(order, form, alone=not every) for order in orders]
    if form == "json":
        click.echo(as_json({"drills": [report.as_dict() for report in reports]}))
    elif every:
        from tuheg_ir.cli.card import show_sum

        show_sum(reports)
    return 0 if all(report.passed for report in reports) else NotHealedError.exit_code


def _check(name: str | None, *, every: bool, jobs: int | None, speed: float | None, seed: int | None, on: str) -> None:
    """Refuse options that make no sense, or not together."""
    from tuheg_ir.sim.scenario import scenarios

    if name and every:
        raise UsageError(f"--all drills every scenario, and {name} is one", "", "Give one of the two.")
    if not name and not every:
        raise UsageError(
            "Nothing is named to drill", "", f"Give --all, a fault, or a scenario: {', '.join(scenarios())}."
        )
    if jobs is not None and (not every or on == "lab"):
        raise UsageError("--jobs is for --all on the embedded cluster", f"{jobs}", "Leave it out.")
    if speed is not None and not (math.isfinite(speed) and speed > 0):
        raise UsageError("--speed is a number above 0", f"{speed:g}", "1 is the pace of the clock.")
    if on == "lab" and (speed is not None or seed is not None):
        raise UsageError("--speed and --seed are for the embedded cluster", "--on lab", "Leave them out.")


def _chosen(name: str | None, on: str) -> list[Scenario]:
    from tuheg_ir.catalogue import load_catalogue
    from tuheg_ir.incidents.drill import choose, choose_all
    from tuheg_ir.project import find_project

    project = find_project()
    return [choose(load_catalogue(), project, name, on)] if name else choose_all(project, on)


def _one(order: DrillOrder, form: str, *, alone: bool) -> DrillReport:
    """Carry out one drill: progress on standard error, the card on standard output."""
    from tuheg_ir.cli.respond import open_shop
    from tuheg_ir.incidents.drill import drill

    scenario = order.scenario
    with open_shop() as (shop, progress):
        progress.begin("  ".join(["drill", *_names(scenario), order.severity, _where(order)]))
        progress.step("scenario", scenario.title[order.lang])
        if order.speed is not None and order.speed > order.pace:
            progress.tell(f"{scenario.name} makes sense at {order.pace:g} times the clock at most; that is taken")
        report = drill(shop, order)
        progress.end()
    if form == "text":
        from tuheg_ir.cli.card import show_card

        show_card(report, order.lang)
        if not alone:
            click.echo()
    return report


def _some(orders: list[DrillOrder], form: str, lanes: int) -> list[DrillReport]:
    """Carry out drills, some at a time: which go on is told on standard error, each card on standard output."""
    from tuheg_ir.cli.progress import Progress
    from tuheg_ir.incidents.drill import drill_many

    reports: list[DrillReport] = []
    with Progress() as progress:
        progress.begin(f"drill --all  {orders[0].severity}  {len(orders)} scenarios, {lanes} at a time")

        def watch(going: list[DrillOrder]) -> None:
            progress.doing(f"{len(reports)} of {len(orders)}  {', '.join(each.scenario.name for each in going)}")

        for report in drill_many(orders, lanes, watch):
            reports.append(report)
            progress.end()
            if form == "text":
                from tuheg_ir.cli.card import show_card

                show_card(report, orders[0].lang)
                click.echo()
    return reports


def _names(scenario: Scenario) -> list[str]:
    """Return the fault and the scenario that it is drilled with, once if they share a name."""
    return list(dict.fromkeys([scenario.fault, scenario.name]))


def _where(order: DrillOrder) -> str:
    return "lab" if order.on == "lab" else f"embedded cluster, {order.pace:g}x"


def _table(lang: str) -> list[str]:
    from tuheg_ir.sim.scenario import scenarios

    return columns([[each.name, each.fault, each.title[lang]] for each in scenarios().values()])


def _scenario_dict(scenario: Scenario) -> dict[str, object]:
    return {
        "name": scenario.name,
        "fault": scenario.fault,
        "service": scenario.service,
        "title": scenario.title,
        "expected": scenario.expected,
        "allowed": list(scenario.allowed),
        "findings": [dict(each) for each in scenario.findings],
        "speed": scenario.speed,
        "why": scenario.why,
    }
