"""`tuheg-ir respond` and `tuheg-ir resume`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tuheg_ir.cli.completion import fault_names, incident_numbers, service_names
from tuheg_ir.cli.output import as_json, format_option
from tuheg_ir.cli.target import actor, choose_target, target_options

if TYPE_CHECKING:
    from tuheg_ir.catalogue import Catalogue
    from tuheg_ir.cli.progress import Progress
    from tuheg_ir.incidents import Report, Shop

extra_option = click.option(
    "-e",
    "--extra-var",
    "extra",
    multiple=True,
    metavar="NAME=VALUE",
    help="One more variable for the playbook; may be repeated.",
)


@click.command(name="respond", short_help="Answer FAULT: run its playbook until health is proven.")
@click.argument("fault", required=False, shell_complete=fault_names)
@click.option("--severity", type=click.Choice(["P0", "P1", "P2"]), help="Default: what the facts give.")
@click.option(
    "--reason",
    default="",
    metavar="TEXT",
    help="Why a milder severity than the facts give, or why --override; for the record.",
)
@target_options
@click.option(
    "--service", help="Service of the inventory (default: its ir_default_service).", shell_complete=service_names
)
@click.option("--plan", is_flag=True, help="Show what would be done; store and change nothing.")
@click.option("--yes", is_flag=True, help="Approve, in your name, what needs approval.")
@click.option(
    "--override",
    "overridden",
    multiple=True,
    metavar="REMEDY",
    help="Run this remedy of the ladder though the diagnosis rules it out; approves it, in your name, and no other. "
    "Needs --reason; may be repeated.",
)
@click.option("--incident", "number", metavar="INC", help="Go on with this incident.", shell_complete=incident_numbers)
@extra_option
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@format_option
def respond_command(  # noqa: PLR0913, PLR0917 - one parameter an option
    fault: str | None,
    severity: str | None,
    reason: str,
    inventory: Path | None,
    cluster: str | None,
    service: str | None,
    plan: bool,
    yes: bool,
    overridden: tuple[str, ...],
    number: str | None,
    extra: tuple[str, ...],
    lang: str,
    form: str,
) -> int:
    """Answer FAULT: run its playbook until the service is proven healthy, or say what is needed.

    Without FAULT or --severity a diagnosis finds them: from what is wrong, and by the handbook's criteria.
    Least invasive first; stops at the first cure that is proven. The incident is in the journal
    before anything is done, and the handbook's messages lie ready afterwards.
    What the diagnosis shows to be useless or harmful is skipped, unless a person overrides it on record.
    """
    from tuheg_ir.catalogue import load_catalogue
    from tuheg_ir.cli.faults import pick_fault
    from tuheg_ir.incidents import Order, extra_vars, ordered, respond

    catalogue = load_catalogue()
    if fault:
        pick_fault(catalogue, fault)
    given = extra_vars(extra)
    chosen, name = choose_target(inventory, cluster)
    who = actor()
    override = ordered(overridden, by=who, reason=reason)
    with open_shop(catalogue) as (shop, progress):
        order = Order(
            fault=fault or "",
            severity=severity or "",
            reason=reason,
            inventory=chosen,
            cluster=name,
            actor=who,
            service=service,
            plan=plan,
            approved_by=who if yes else "",
            number=number,
            extra=given,
            lang=lang,
            override=override,
        )
        where = f"{name}/{service}" if service else name
        words = (fault or "", severity or "", where, "PLAN" if plan else "")
        progress.begin("  ".join(word for word in words if word))
        return _show(respond(shop, order), form, progress)


@click.command(name="resume", short_help="Take up a run that was killed or stopped.")
@click.argument("number", metavar="[INC]", required=False, shell_complete=incident_numbers)
@extra_option
@click.option("--wait", default=120.0, show_default=True, help="Seconds that an orphaned run may go on by itself.")
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of the messages (default: as before).")
@format_option
def resume_command(number: str | None, extra: tuple[str, ...], wait: float, lang: str | None, form: str) -> int:
    """Take up a run that was killed or stopped (default: of the newest incident that is not over).

    What was done is not done again; an orphaned ansible-playbook is waited for, then ended.
    """
    from tuheg_ir.incidents import extra_vars, resume

    given = extra_vars(extra)
    with open_shop() as (shop, progress):
        progress.begin(f"resume {number or 'the newest incident that is not over'}")
        report = resume(shop, number, actor=actor(), extra=given, lang=lang, wait_s=wait)
        return _show(report, form, progress)


@contextmanager
def open_shop(catalogue: Catalogue | None = None) -> Iterator[tuple[Shop, Progress]]:
    """Open what an order needs (the catalogue too, where none is given); progress goes to standard error."""
    from tuheg_ir.catalogue import load_catalogue
    from tuheg_ir.cli.progress import Progress
    from tuheg_ir.incidents import Shop
    from tuheg_ir.journal import open_journal
    from tuheg_ir.project import find_project

    project = find_project()
    catalogue = catalogue or load_catalogue()
    with Progress() as progress, open_journal() as journal:
        shop = Shop(project=project, catalogue=catalogue, journal=journal)
        yield replace(shop, on_event=progress.event, tell=progress.tell), progress


def _show(report: Report, form: str, progress: Progress) -> int:
    progress.end()
    if form == "json":
        click.echo(as_json(report.as_dict()))
    else:
        from tuheg_ir.cli.report import show

        show(report)
    return report.exit_code
