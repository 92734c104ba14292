"""`tuheg-ir journal verify`: is the record whole."""

from __future__ import annotations

import click

from tuheg_ir.cli.group import Group
from tuheg_ir.cli.output import emit, format_option


@click.group(cls=Group)
def journal() -> None:
    """Check the journal, the record of everything that incidents did."""


@journal.command(short_help="Check the chain of events: edits, gaps, reordering.")
@format_option
def verify(form: str) -> int:
    """Check the chain of events: any edit, gap or reordering is found (then exit code 4)."""
    from dataclasses import asdict

    from tuheg_ir.errors import StoreError
    from tuheg_ir.journal import open_journal

    with open_journal() as opened:
        problems = opened.verify()
        count = len(opened.events())
        place = opened.place
    emit(
        form,
        {
            "place": str(place),
            "events": count,
            "ok": not problems,
            "problems": [asdict(problem) for problem in problems],
        },
        lambda: (
            [f"{place}: {count} events, " + ("the chain is whole" if not problems else "NOT whole")]
            + [f"  {p.kind} at event {p.seq}: {p.what}" if p.seq else f"  {p.kind}: {p.what}" for p in problems]
        ),
    )
    return StoreError.exit_code if problems else 0
