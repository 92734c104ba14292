"""`tuheg-ir message`: the handbook's messages, from the journal or from given facts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tuheg_ir.cli.faults import lang_option
from tuheg_ir.cli.output import emit, format_option
from tuheg_ir.errors import UsageError


@click.command()
@click.argument("stage")
@click.option("--incident", "number", help="Incident of the journal to tell about.")
@click.option("--facts", type=click.Path(path_type=Path), help="YAML file with the facts to tell.")
@lang_option
@format_option
def message(stage: str, number: str | None, facts: Path | None, lang: str, form: str) -> None:
    """Print a message: internal_update, user_notice or summary.

    What is not known is said to be not known, never invented.
    """
    from tuheg_ir.messages import load_facts, render

    if (number is None) == (facts is None):
        raise UsageError("A message needs its facts", "", "Give either --incident INC or --facts FILE.")
    told = _from_journal(str(number), lang) if facts is None else load_facts(facts)
    text = render(stage, told, lang)
    emit(form, {"stage": stage, "lang": lang, "text": text}, lambda: [text.rstrip("\n")])


def _from_journal(number: str, lang: str) -> dict[str, Any]:
    from datetime import UTC, datetime

    from tuheg_ir.catalogue import load_catalogue
    from tuheg_ir.incidents.facts import message_facts
    from tuheg_ir.journal import open_journal

    with open_journal() as journal:
        return message_facts(journal, load_catalogue(), number, lang=lang, now=datetime.now(UTC))
