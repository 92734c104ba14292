"""What a person sees while a run goes on: one line a step, on standard error."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.status import Status
from rich.table import Table
from rich.text import Text

from tuheg_ir.runner import TaskEvent

STYLES = {
    "healed": "green",
    "healthy": "green",
    "not healed": "red",
    "unhealthy": "red",
    "unknown": "yellow",
    "refused": "yellow",
    "skipped": "dim",
}
_LABEL = 10
_SPINNER = 3  # cells before the text of the live line, and one left free after it


class Progress:
    """The live view of a run. On a terminal a last line tells what is being done just now."""

    def __init__(self, console: Console | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.console = console or Console(stderr=True, highlight=False)
        self.clock = clock
        self.began = clock()
        self.status: Status | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def begin(self, title: str) -> None:
        """Say what is being started."""
        self.console.print(Text(title, style="bold"))
        self.doing("starting")

    def doing(self, text: str) -> None:
        """Say on the live line what is being done just now; a terminal only."""
        if not self.console.is_terminal:
            return
        told = Text(f"{self.elapsed()}  {text}")
        told.truncate(self.console.width - _SPINNER, overflow="ellipsis")  # one line, which is written over
        if self.status is None:
            self.status = self.console.status(told, spinner="line")
            self.status.start()
        self.status.update(told)

    def end(self) -> None:
        """Stop the live line."""
        if self.status is not None:
            self.status.stop()
            self.status = None

    def tell(self, text: str) -> None:
        """Print one step that is not of the play."""
        self.step("note", text)

    def event(self, event: TaskEvent) -> None:
        """Show an event of the play, if it tells something."""
        if event.kind == "task" and self.status is not None:
            self.doing(event.task)
        if event.kind != "ok" or not event.action.endswith("tuheg.ir.record"):
            return
        kind, data = event.result.get("kind"), event.result.get("data")
        line = LINES.get(str(kind))
        if line is not None and isinstance(data, Mapping):
            for label, text in line(data):
                self.step(label, text)

    def step(self, label: str, text: str) -> None:
        """Print one line: elapsed time, what kind of step, what it says."""
        grid = Table.grid(padding=(0, 1))
        grid.add_column(no_wrap=True)
        grid.add_column(no_wrap=True, min_width=_LABEL)
        grid.add_column(overflow="fold", ratio=1)
        grid.add_row(Text(self.elapsed(), style="dim"), Text(label, style=STYLES.get(label, "bold")), Text(text))
        self.console.print(grid)

    def elapsed(self) -> str:
        """Return the time since the start as m:ss."""
        seconds = int(self.clock() - self.began)
        return f"{seconds // 60}:{seconds % 60:02d}"


Line = tuple[str, str]


def _look(data: Mapping[str, Any]) -> list[Line]:
    return [(str(data.get("verdict", "unknown")), _sentence(data.get("reason")))]


def _diagnosis(data: Mapping[str, Any]) -> list[Line]:
    findings = data.get("findings") or []
    lines = []
    look = data.get("look") or {}
    if look.get("reason"):
        lines.append(("look", _sentence(look["reason"])))
    for finding in findings[:2]:
        evidence = (finding.get("evidence") or [""])[0]
        share = float(finding.get("confidence") or 0)
        where = f"{finding.get('root_cause')} at {finding.get('component')} ({share:.0%})"
        lines.append(("finding", f"{where}: {evidence}" if evidence else where))
    return lines


def _intent(data: Mapping[str, Any]) -> list[Line]:
    return [("act", f"{data.get('rung')} on {data.get('target')} ({data.get('class')})")]


def _outcome(data: Mapping[str, Any]) -> list[Line]:
    verdict = str(data.get("verdict", "unknown")).replace("_", " ")
    changed = "" if data.get("changed") else " (no change)"
    return [(verdict, f"{data.get('rung')}{changed}: {_sentence(data.get('reason'))}")]


def _skipped(data: Mapping[str, Any]) -> list[Line]:
    return [("skipped", f"{data.get('rung')}: {_sentence(data.get('reason'))}")]


def _refused(data: Mapping[str, Any]) -> list[Line]:
    rung = f"{data['rung']}: " if data.get("rung") else ""
    return [("refused", f"{rung}{_sentence(data.get('reason'))}")]


def _followup(data: Mapping[str, Any]) -> list[Line]:
    return [("later", str(data.get("task", "")))]


def _sentence(text: object) -> str:
    return " ".join(str(text or "").split())


LINES: dict[str, Callable[[Mapping[str, Any]], list[Line]]] = {
    "look": _look,
    "diagnosis": _diagnosis,
    "intent": _intent,
    "outcome": _outcome,
    "skipped": _skipped,
    "refused": _refused,
    "followup": _followup,
}
"""Kind of a recorded event -> the lines that tell it."""
