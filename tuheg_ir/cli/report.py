"""The end of a run, for people: on standard output."""

from __future__ import annotations

import difflib
import sys
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from tuheg_ir.cli.output import error_text
from tuheg_ir.errors import TuhegError

if TYPE_CHECKING:
    from tuheg_ir.incidents import Report
    from tuheg_ir.runner import Diff

HEADLINES: dict[str, tuple[str, str]] = {
    "healed": ("Healed", "bold green"),
    "nothing_to_do": ("Nothing to do: the service is healthy", "bold green"),
    "planned": ("Plan made; nothing was changed", "bold"),
    "not_healed": ("Not healed", "bold red"),
    "unknown": ("Unknown: a person has to look", "bold yellow"),
    "refused": ("Refused", "bold yellow"),
    "error": ("Could not be carried through", "bold red"),
}


def show(report: Report, console: Console | None = None) -> None:
    """Print how it ended, what was or would be changed, how to undo it, and what lies ready."""
    # Lines for programs stay whole; lines for eyes are broken between words.
    out = console or Console(highlight=False, soft_wrap=not sys.stdout.isatty())
    headline, style = HEADLINES.get(report.status, (report.status, "bold red"))
    out.print(Text(f"{report.incident}: {headline}" if report.incident else headline, style=style))
    if report.error is not None:
        error = TuhegError(report.error.what, report.error.which, report.error.next)
        out.print(Text(error_text(error), style="red" if report.status != "refused" else ""))
    elif report.reason and report.status != "planned":  # a plan tells each step below
        out.print(Text(f"  {report.reason}"))
    for action in report.result.get("actions") or []:
        for line in _action(action, plan=report.status == "planned"):
            out.print(Text(line))
    for diff in report.diffs:
        for line in diff_lines(diff):
            out.print(Text(line, style=_diff_style(line)))
    for task in report.followups:
        out.print(Text(f"  to do later: {task}"))
    for stage, path in report.messages.items():
        out.print(Text(f"  {stage}: {path}"))
    for note in report.notes:
        out.print(Text(f"  note: {note}"))


def _action(action: dict[str, Any], *, plan: bool) -> list[str]:
    name = f"{action.get('rung')} on {action.get('target')}"
    if plan:
        return [f"  {name}: {action.get('reason')}"]
    if not action.get("changed"):
        return []
    lines = [f"  changed: {name}" + (" (buys time only)" if action.get("temporary") else "")]
    if override := action.get("override"):
        against = override.get("against") or "nothing against it"
        lines.append(f"    ordered by {override.get('by')}: {override.get('reason')}; the diagnosis says: {against}")
    undo = action.get("undo")
    if isinstance(undo, dict):
        undo = undo.get("command") or undo.get("what")
    return [*lines, f"    undo: {undo}"] if undo else lines


def diff_lines(diff: Diff) -> list[str]:
    """Return a difference as unified diff with the task as its head."""
    before, after = diff.before.splitlines(), diff.after.splitlines()
    lines = list(difflib.unified_diff(before, after, lineterm="", n=2))
    return [f"  {diff.task}", *(f"    {line}" for line in lines[2:])]


def _diff_style(line: str) -> str:
    return {"+": "green", "-": "red", "@": "cyan"}.get(line[4:5], "")
