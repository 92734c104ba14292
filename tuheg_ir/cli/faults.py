"""`tuheg-ir faults` and `tuheg-ir show`: what can be answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tuheg_ir.cli.completion import fault_names
from tuheg_ir.cli.output import columns, emit, format_option, wrapped
from tuheg_ir.errors import StoreError, UsageError

if TYPE_CHECKING:
    from tuheg_ir.catalogue import Catalogue, Fault

lang_option = click.option(
    "--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="Language of texts."
)


@click.command()
@lang_option
@format_option
def faults(lang: str, form: str) -> None:
    """List the faults that can be answered, with their playbooks."""
    from tuheg_ir.catalogue import load_catalogue

    found = load_catalogue().faults
    drills = _last_drills()
    emit(
        form,
        {"faults": [{**fault_dict(f), "last_drill": drills.get(f.playbook)} for f in found.values()]},
        lambda: columns(
            [[f.name, f.playbook, _drilled(drills.get(f.playbook)), f.title[lang]] for f in found.values()]
        ),
    )


def _last_drills() -> dict[str, dict[str, Any]]:
    """Return playbook -> last drill; nothing without a journal, or with one that cannot be read."""
    from tuheg_ir.journal import journal_exists, open_journal

    if not journal_exists():
        return {}
    from tuheg_ir.incidents.drill import last_drills

    try:
        with open_journal() as journal:
            return last_drills(journal)
    except StoreError as error:
        click.echo(f"The drills are not known: {error}", err=True)
        return {}


def _drilled(last: dict[str, Any] | None) -> str:
    if last is None:
        return "not drilled yet"
    how = "passed" if last["passed"] else "NOT passed"
    return f"drill {how} {last['at'][:10]} ({last['scenario']}, {last['on']})"


@click.command(short_help="Show a fault: what it is, its playbook and its ladder.")
@click.argument("fault", shell_complete=fault_names)
@lang_option
@format_option
def show(fault: str, lang: str, form: str) -> None:
    """Show a fault: what it is, which playbook answers it, the steps of its ladder."""
    from tuheg_ir.catalogue import load_catalogue
    from tuheg_ir.catalogue.ladder import ladder
    from tuheg_ir.project import find_project

    found = pick_fault(load_catalogue(), fault)
    project = find_project()
    rungs = ladder(project.playbook(found.playbook).read_text(encoding="utf-8"))
    emit(
        form,
        {**fault_dict(found), "rungs": rungs},
        lambda: [
            f"{found.name}  {found.title[lang]}",
            *wrapped(found.summary[lang]),
            *columns(
                [
                    ["playbook", found.playbook],
                    ["handbook", found.handbook],
                    ["alerts", ", ".join(found.alerts)],
                    ["users see", found.user_impact[lang]],
                ],
                indent="  ",
            ),
            "Steps, least invasive first:",
            *columns(
                [[f"{n}.", r["remedy"], r.get("target", ""), r.get("class", "")] for n, r in enumerate(rungs, 1)],
                indent="  ",
            ),
        ],
    )


def pick_fault(catalogue: Catalogue, name: str) -> Fault:
    """Return a fault; for an unknown one UsageError with the nearest names and all of them."""
    if name in catalogue.faults:
        return catalogue.faults[name]
    import difflib

    near = difflib.get_close_matches(name, catalogue.faults, n=2, cutoff=0.5)
    meant = f"Did you mean {' or '.join(near)}? " if near else ""
    raise UsageError(
        f"There is no fault {name!r} in the catalogue",
        "",
        f"{meant}The faults are: {', '.join(catalogue.faults)}.",
    )


def fault_dict(fault: Fault) -> dict[str, Any]:
    """Return a fault as JSON types."""
    return {
        "name": fault.name,
        "title": {"zh": fault.title.zh, "en": fault.title.en},
        "summary": {"zh": fault.summary.zh, "en": fault.summary.en},
        "handbook": fault.handbook,
        "playbook": fault.playbook,
        "alerts": list(fault.alerts),
        "user_impact": {"zh": fault.user_impact.zh, "en": fault.user_impact.en},
    }
