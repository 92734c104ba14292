"""The score card of a drill, for people: on standard output."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from tuheg_ir.incidents.drill import DrillReport

_GOOD, _BAD = "green", "red"


def _out(console: Console | None) -> Console:
    return console or Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def show_card(report: DrillReport, lang: str, console: Console | None = None) -> None:
    """Print what a drill was worth: its end, its times against the handbook's, what was wrong."""
    out = _out(console)
    style = f"bold {_GOOD if report.passed else _BAD}"
    out.print(Text(f"{report.first.incident}: drill {'passed' if report.passed else 'NOT passed'}", style=style))
    out.print(Text(f"  {report.scenario}: {report.title[lang]}"))
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, min_width=17)
    grid.add_column(overflow="fold")
    for label, text, good in _rows(report):
        grid.add_row(Text(f"  {label}"), Text(text, style="" if good is None else _GOOD if good else _BAD))
    out.print(grid)


Row = tuple[str, str, bool | None]


def _rows(report: DrillReport) -> list[Row]:
    rows: list[Row] = [("end", _end(report), report.score.expected_end)]
    for name, seconds in report.times.items():
        limit = report.limits.get(name)
        if seconds is not None:
            rows.append((name, _timed(seconds, limit), None if limit is None else seconds < limit))
        if name == "diagnosed" and report.score.diagnosed is not None:
            rows.append(_diagnosis(report))
    done = report.as_dict()["actions"]
    rows.append(("changed", ", ".join(done) or "nothing", None))
    rows.append(_wrong("wrong actions", report.score.wrong_actions))
    rows.append(_wrong("repeated", report.score.repeated_actions))
    rows.append(_wrong("second run", report.second_run_changes, f"{report.second.status}, no change"))
    if report.second_run_changes:
        rows.append(("", f"it found: {_findings(report.found_again)}", False))
    rows += [(stage, _shortened(path), None) for stage, path in report.first.messages.items()]
    return rows


def _end(report: DrillReport) -> str:
    status, code = report.first.status, report.first.exit_code
    if report.score.expected_end:
        return f"{status}, as expected"
    expected = report.expected
    wanted = f"{expected['status']} (exit {expected['exit']})" + (", temporary" if expected.get("temporary") else "")
    why = report.first.error.what if report.first.error else report.first.reason
    return f"{status} (exit {code}), expected was {wanted}" + (f": {why}" if why else "")


def _diagnosis(report: DrillReport) -> Row:
    """Say whether what was found is what the scenario says."""
    if report.score.diagnosed:
        return "", f"right: {_findings(report.expected_findings)}", True
    return "", f"wrong: {_findings(report.score.found)}; expected was {_findings(report.expected_findings)}", False


def _findings(found: Sequence[Mapping[str, str]]) -> str:
    told = [" ".join(filter(None, (f.get("component"), f.get("root_cause"), f.get("remedy")))) for f in found]
    return ", then ".join(told) or "nothing"


def _timed(seconds: float, limit: float | None) -> str:
    shown = f"{seconds:.1f} s"
    return f"{shown:>8}" if limit is None else f"{shown:>8}   (handbook: within {limit / 60:g} min)"


def _shortened(path: str) -> str:
    """Return a path below the home as a shell takes it."""
    home = f"{Path.home()}/"
    return path.replace(home, "~/", 1) if path.startswith(home) else path


def _wrong(label: str, found: Sequence[str], none: str = "none") -> Row:
    return label, ", ".join(found) or none, not found


def show_sum(reports: Sequence[DrillReport], console: Console | None = None) -> None:
    """Print the sum of several drills: a line each, then how many went as expected."""
    out = _out(console)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for head in ("drill", "end", "verified", "changed", "second run"):
        table.add_column(head, overflow="fold")
    for report in reports:
        verified = report.times.get("verified")
        table.add_row(
            Text(report.scenario),
            Text(report.first.status, style=_GOOD if report.score.expected_end else _BAD),
            Text("-" if verified is None else f"{verified:.1f} s"),
            Text(", ".join(action.split(" on ")[0] for action in report.as_dict()["actions"]) or "-"),
            Text(f"{len(report.second_run_changes)} changes", style=_BAD if report.second_run_changes else ""),
        )
    passed = sum(report.passed for report in reports)
    out.print()
    out.print(table)
    style = f"bold {_GOOD if passed == len(reports) else _BAD}"
    out.print(Text(f"{passed} of {len(reports)} drills went as expected", style=style))
