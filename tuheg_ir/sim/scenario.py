"""Scenarios: what breaks, how long before somebody comes, what must be the end of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from tuheg_ir.errors import UsageError
from tuheg_ir.sim.status import Obj

_FIELDS: dict[str, type | tuple[type, ...]] = {
    "title": dict,
    "fault": str,
    "service": str,
    "break": list,
    "minutes": (int, float),
    "speed": (int, float),
    "expected": dict,
    "allowed": list,
    "why": str,
}
_NEEDED = ("title", "fault", "expected", "allowed")
_BREAKS = ("release", "client", "load", "metrics", "delete", "patch")
_ENDS = ("healed", "nothing_to_do", "planned", "not_healed", "unknown", "refused", "error")


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario file; ``breaks`` are applied in order, then ``minutes`` pass.

    ``speed`` is the most at which it makes sense: a leak that fills a container within the few
    seconds that a play lets it settle is another scenario.
    """

    name: str
    title: dict[str, str]
    fault: str
    service: str
    breaks: tuple[Obj, ...]
    minutes: float
    speed: float
    expected: dict[str, Any]
    allowed: tuple[str, ...]
    why: str = ""
    file: str = field(default="", compare=False)


class _Lines:
    """Where each field of a file stands."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        try:
            node = yaml.compose(text, Loader=yaml.SafeLoader)
            self.value = yaml.safe_load(text)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line + 1 if mark else 1
            told = getattr(error, "problem", None) or "it is no YAML"
            raise UsageError(
                f"The scenario cannot be read: {told}", f"{file}, line {line}", "Correct the file"
            ) from error
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        self._lines = {key.value: key.start_mark.line + 1 for key, _ in pairs}

    def fail(self, field_name: str, what: str, then: str) -> UsageError:
        line = self._lines.get(field_name, 1)
        return UsageError(f"{field_name} {what}", f"{self.file}, line {line}", then)


def parse(text: str, file: str) -> Scenario:
    """Return the scenario of a file; UsageError with file, line and field for one that is wrong."""
    lines = _Lines(text, file)
    found = lines.value
    if not isinstance(found, dict):
        raise UsageError("A scenario is a mapping of fields", f"{file}, line 1", f"Fields: {', '.join(_FIELDS)}")
    for name, value in found.items():
        if name not in _FIELDS:
            raise lines.fail(name, "is not a field of scenarios", f"Fields: {', '.join(_FIELDS)}")
        if not isinstance(value, _FIELDS[name]):
            raise lines.fail(name, f"is {type(value).__name__}, which it cannot be", "See docs of scenarios")
    for name in _NEEDED:
        if name not in found:
            raise lines.fail(name, "is missing", "Every scenario needs it")
    for step in found.get("break", []):
        kind = next(iter(step), None) if isinstance(step, dict) and len(step) == 1 else None
        if kind not in _BREAKS:
            raise lines.fail("break", f"has a step that is none: {step!r}", f"Steps: {', '.join(_BREAKS)}")
    if found["expected"].get("status") not in _ENDS or not isinstance(found["expected"].get("exit"), int):
        raise lines.fail("expected", "needs exit (a number) and status", f"Status: {', '.join(_ENDS)}")
    return Scenario(
        name=Path(file).stem,
        title=found["title"],
        fault=found["fault"],
        service=found.get("service", "backend-gateway"),
        breaks=tuple(found.get("break", [])),
        minutes=float(found.get("minutes", 3)),
        speed=float(found.get("speed", 20)),
        expected=found["expected"],
        allowed=tuple(found["allowed"]),
        why=found.get("why", ""),
        file=file,
    )


@cache
def scenarios() -> dict[str, Scenario]:
    """Return the scenarios that come with the program, by name."""
    folder = files("tuheg_ir.sim") / "scenarios"
    found = sorted((item for item in folder.iterdir() if item.name.endswith(".yml")), key=lambda item: item.name)
    parsed = [parse(item.read_text(encoding="utf-8"), item.name) for item in found]
    return {scenario.name: scenario for scenario in parsed}
