"""Scenarios: what breaks, how long before somebody comes, what must be the end of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from tuheg_ir.errors import UsageError
from tuheg_ir.sim import steps
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
    "findings": list,
    "why": str,
}
FINDING = ("root_cause", "component", "remedy")
"""What a scenario may say of a finding."""
ROOT_CAUSES = (
    *("database_connection", "service_crash", "network_fault", "configuration_error", "code_defect"),
    *("resource_exhaustion", "dependency_failure", "capacity", "security_incident", "no_fault", "unknown"),
)
"""The words of a diagnosis, which this package does not know (a test compares)."""
_NEEDED = ("title", "fault", "expected", "allowed")
_ENDS = ("healed", "nothing_to_do", "planned", "not_healed", "unknown", "refused", "error")
_SEVERITIES = ("P0", "P1", "P2")
_FASTEST = 1000


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario file; ``breaks`` are applied in order, then ``minutes`` pass.

    ``findings`` are what the diagnosis must find, and nothing else: root_cause, component and remedy where
    given. Empty where the file does not say.

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
    findings: tuple[dict[str, str], ...] = ()
    why: str = ""
    file: str = field(default="", compare=False)

    def end(self, severity: str) -> dict[str, Any]:
        """Return the end that a run at a severity must have: exit, status, and temporary where it matters."""
        general = {name: value for name, value in self.expected.items() if name not in _SEVERITIES}
        return {**general, **self.expected.get(severity, {})}


class _Lines:
    """Where each field of a file stands, and each item of a list in it."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        reader = yaml.CSafeLoader(text)
        try:
            node = reader.get_single_node()
            pairs = list(node.value) if isinstance(node, yaml.MappingNode) else []
            self.value = reader.construct_document(node) if node is not None else None
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line + 1 if mark else 1
            told = getattr(error, "problem", None) or "it is no YAML"
            raise UsageError(
                f"The scenario cannot be read: {told}", f"{file}, line {line}", "Correct the file"
            ) from error
        finally:
            reader.dispose()
        self._nodes = {key.value: (key, value) for key, value in pairs}

    def fail(self, field_name: str, what: str, then: str, item: int | None = None) -> UsageError:
        """Return the error about a field, or about an item of it."""
        line = 1
        if field_name in self._nodes:
            key, value = self._nodes[field_name]
            line = (key if item is None else value.value[item]).start_mark.line + 1
        return UsageError(f"{field_name} {what}", f"{self.file}, line {line}", then)


def parse(text: str, file: str) -> Scenario:
    """Return the scenario of a file; UsageError with file, line and field for one that is wrong."""
    lines = _Lines(text, file)
    found = lines.value
    if not isinstance(found, dict):
        raise UsageError("A scenario is a mapping of fields", f"{file}, line 1", f"Fields: {', '.join(_FIELDS)}")
    _check_fields(found, lines)
    _check_values(found, lines)
    for number, step in enumerate(found.get("break", [])):
        if wrong := steps.problem(step):
            raise lines.fail("break", wrong, f"Steps: {', '.join(steps.KINDS)}; see docs/drills.md", number)
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
        findings=tuple(found.get("findings", [])),
        why=found.get("why", ""),
        file=file,
    )


def _check_fields(found: Mapping[str, Any], lines: _Lines) -> None:
    for name, value in found.items():
        if name not in _FIELDS:
            raise lines.fail(name, "is not a field of scenarios", f"Fields: {', '.join(_FIELDS)}")
        if not isinstance(value, _FIELDS[name]) or isinstance(value, bool):
            raise lines.fail(
                name, f"is {type(value).__name__}, which it cannot be", "docs/drills.md says what it holds"
            )
    for name in _NEEDED:
        if name not in found:
            raise lines.fail(name, "is missing", "Every scenario needs it")


def _check_values(found: Mapping[str, Any], lines: _Lines) -> None:
    if not all(isinstance(found["title"].get(lang), str) for lang in ("en", "zh")):
        raise lines.fail("title", "is not in both languages", "Write {en: ..., zh: ...}")
    if not all(isinstance(remedy, str) for remedy in found["allowed"]):
        raise lines.fail("allowed", "is no list of remedies", "Write the names of roles; [] for none")
    for number, finding in enumerate(found.get("findings", [])):
        if not _is_finding(finding):
            raise lines.fail(
                "findings",
                f"has {finding!r}",
                f"root_cause is one of: {', '.join(ROOT_CAUSES)}; component and remedy may stand beside it",
                number,
            )
    if not 0 <= found.get("minutes", 0) <= steps.LONGEST_MIN:
        raise lines.fail("minutes", f"is {found['minutes']}", f"It may be 0 to {steps.LONGEST_MIN}")
    if not 0 < found.get("speed", 1) <= _FASTEST:
        raise lines.fail("speed", f"is {found['speed']}", f"It is above 0 and at most {_FASTEST}")
    ends = [found["expected"], *(found["expected"][name] for name in _SEVERITIES if name in found["expected"])]
    if not all(_is_end(end) for end in ends):
        raise lines.fail("expected", "needs exit (a number) and status", f"Status: {', '.join(_ENDS)}")
    unknown = [str(name) for name in found["expected"] if name not in ("exit", "status", "temporary", *_SEVERITIES)]
    if unknown:
        raise lines.fail("expected", f"has {', '.join(unknown)}", "It has exit, status, temporary, P0, P1, P2")


def _is_finding(finding: Any) -> bool:
    if (
        not isinstance(finding, dict)
        or not set(finding) <= set(FINDING)
        or finding.get("root_cause") not in ROOT_CAUSES
    ):
        return False
    return all(isinstance(value, str) and value for value in finding.values())


def _is_end(end: Any) -> bool:
    return isinstance(end, dict) and end.get("status") in _ENDS and type(end.get("exit")) is int


@cache
def scenarios() -> dict[str, Scenario]:
    """Return the scenarios that come with the program, by name."""
    folder = files("tuheg_ir.sim") / "scenarios"
    found = sorted((item for item in folder.iterdir() if item.name.endswith(".yml")), key=lambda item: item.name)
    parsed = [parse(item.read_text(encoding="utf-8"), item.name) for item in found]
    return {scenario.name: scenario for scenario in parsed}


def read(path: Path) -> Scenario:
    """Return the scenario of a file that somebody wrote; UsageError for one that is not there or wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise UsageError("The scenario file cannot be read", f"{path}: {why}", "Name a scenario file.") from error
    return parse(text, str(path))


def for_fault(fault: str) -> Scenario | None:
    """Return the scenario that stands for a fault: the first by name that ends healed, else the first."""
    mine = [scenario for scenario in scenarios().values() if scenario.fault == fault]
    healed = [scenario for scenario in mine if scenario.expected["status"] == "healed"]
    return next(iter(healed or mine), None)
