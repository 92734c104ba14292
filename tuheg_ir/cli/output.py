"""How things are printed: JSON for programs, a few lines for people."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click

from tuheg_ir.errors import TuhegError

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="text for people, json for programs (on standard output).",
)


def as_json(data: Any) -> str:
    """Return JSON as every command prints it."""
    return json.dumps(data, ensure_ascii=False, indent=2, default=str)


def emit(form: str, data: Any, lines: Callable[[], Iterable[str]]) -> None:
    """Print ``data`` as JSON, or what ``lines`` gives."""
    if form == "json":
        click.echo(as_json(data))
        return
    for line in lines():
        click.echo(line)


def error_text(error: TuhegError) -> str:
    """Return an error as one line: ``Error: what (which). Next: ...``."""
    text = _begun(error.what)
    if error.which:
        text += f" ({error.which})"
    text = f"Error: {_stopped(text)}"
    return f"{text} Next: {_stopped(_begun(error.next))}" if error.next else text


def _begun(text: str) -> str:
    """Return the text with a capital, unless it begins with the name of a thing."""
    return text[:1].upper() + text[1:] if re.match(r"[a-z]+(?![\w.-])", text) else text


def _stopped(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def error_json(error: TuhegError) -> str:
    """Return an error as JSON."""
    return as_json({"error": error.as_dict()})


def columns(rows: Sequence[Sequence[str]], *, indent: str = "") -> list[str]:
    """Return rows with their columns aligned; wide characters count as two."""
    if not rows:
        return []
    widths = [max(width(row[n]) for row in rows) for n in range(len(rows[0]) - 1)]
    return [
        indent
        + "  ".join(cell + " " * (w - width(cell)) for cell, w in zip(row, widths, strict=False))
        + ("  " if widths else "")
        + row[-1]
        for row in rows
    ]


def width(text: str) -> int:
    """Return how many terminal cells a text takes."""
    from unicodedata import east_asian_width

    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def wrapped(text: str, *, indent: str = "  ", hang: int = 0) -> list[str]:
    """Return a text in lines that fit the terminal, with an indent; all but the first ``hang`` cells further in."""
    import shutil
    import textwrap

    cells = max(40, min(shutil.get_terminal_size().columns, 120))
    further = indent + " " * hang
    return textwrap.wrap(text, cells, initial_indent=indent, subsequent_indent=further, break_on_hyphens=False)
