"""`tuheg-ir message`: the handbook's messages, from the journal or from given facts."""

from __future__ import annotations

from pathlib import Path

import click

from tuheg_ir.cli.completion import incident_numbers, message_stages
from tuheg_ir.cli.faults import lang_option
from tuheg_ir.cli.output import emit, format_option
from tuheg_ir.errors import UsageError


@click.command()
@click.argument("stage", shell_complete=message_stages)
@click.option("--incident", "number", help="Incident of the journal to tell about.", shell_complete=incident_numbers)
@click.option("--facts", type=click.Path(path_type=Path), help="YAML file with the facts to tell.")
@lang_option
@format_option
def message(stage: str, number: str | None, facts: Path | None, lang: str, form: str) -> None:
    """Print a message: internal_update, user_notice or summary.

    What is not known is said to be not known, never invented.
    """
    if (number is None) == (facts is None):
        raise UsageError("A message needs its facts", "", "Give either --incident INC or --facts FILE.")
    text = _from_journal(stage, str(number), lang) if facts is None else _from_facts(stage, facts, lang)
    emit(form, {"stage": stage, "lang": lang, "text": text}, lambda: [text.rstrip("\n")])


def _from_facts(stage: str, facts: Path, lang: str) -> str:
    from tuheg_ir.messages import load_facts, render

    return render(stage, load_facts(facts), lang)


def _from_journal(stage: str, number: str, lang: str) -> str:
    from tuheg_ir.catalogue import load_catalogue
    from tuheg_ir.incidents.facts import message_text
    from tuheg_ir.journal import open_journal

    with open_journal() as journal:
        return message_text(journal, load_catalogue(), number, stage, lang=lang)
