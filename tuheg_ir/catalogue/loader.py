"""Load the catalogue, checking every field."""

from __future__ import annotations

from pathlib import Path

from tuheg_ir.catalogue.model import Call, Catalogue, Criterion, Fault, Phase, Severity, Text
from tuheg_ir.catalogue.strict import Field, read_yaml
from tuheg_ir.errors import CatalogueError
from tuheg_ir.project import Project

_FOLDER = Path(__file__).resolve().parent
_FAULT_NAME = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
_PLAYBOOK_NAME = r"[a-z][a-z0-9]*(_[a-z0-9]+)*"
_PHASES = ("detect", "respond", "assess", "diagnose", "fix", "verify", "recover", "observe")


def load_catalogue(folder: Path | None = None, *, project: Project | None = None) -> Catalogue:
    """Read ``faults.yml`` and ``severities.yml`` from ``folder`` (default: the built-in ones).

    With ``project``, every fault's playbook must be there. Raises CatalogueError naming file,
    line, field and what to do.
    """
    place = folder or _FOLDER
    faults = read_yaml(place / "faults.yml", CatalogueError).root()
    severities = read_yaml(place / "severities.yml", CatalogueError).root()
    return Catalogue(
        faults={name: _fault(name, field, project) for name, field in faults.entries().items()},
        severities={name: _severity(name, field) for name, field in severities.entries().items()},
    )


def _fault(name: str, field: Field, project: Project | None) -> Fault:
    Field(field.document, field.key, name).text(_FAULT_NAME, "the name in kebab-case")
    parts = field.mapping(["title", "summary", "handbook", "playbook", "alerts", "user_impact"], ["causes", "signs"])
    playbook = parts["playbook"].text(_PLAYBOOK_NAME, "the name in snake_case, without .yml")
    if project is not None:
        there = sorted(path.stem for path in project.playbooks.glob("*.yml"))
        if playbook not in there:
            parts["playbook"].fail(
                f"is {playbook!r}, and there is no such playbook",
                f"Add it, or use one of: {', '.join(there) or 'none yet'}.",
            )
    return Fault(
        name=name,
        title=_text(parts["title"]),
        summary=_text(parts["summary"]),
        handbook=parts["handbook"].text(),
        playbook=playbook,
        alerts=parts["alerts"].texts(),
        user_impact=_text(parts["user_impact"]),
        causes=parts["causes"].texts() if "causes" in parts else (),
        signs=parts["signs"].texts() if "signs" in parts else (),
    )


def _severity(name: str, field: Field) -> Severity:
    Field(field.document, field.key, name).text(r"P\d", "P and a digit")
    parts = field.mapping(["title", "scope", "criteria", "respond_minutes", "update_minutes", "phases", "calls"])
    phases = {key: _phase(key, inner) for key, inner in parts["phases"].entries().items()}
    for key, phase in phases.items():
        if phase.inside is not None and phase.inside not in phases:
            parts["phases"].entries()[key].fail(
                f"lies inside {phase.inside!r}, which is no phase of {name}", "Name one that is."
            )
    return Severity(
        name=name,
        title=_text(parts["title"]),
        scope=_text(parts["scope"]),
        criteria=tuple(_criterion(item) for item in parts["criteria"].items(at_least=1)),
        respond_minutes=parts["respond_minutes"].whole(at_least=1),
        update_minutes=parts["update_minutes"].whole(at_least=1),
        phases=phases,
        calls=tuple(_call(item) for item in parts["calls"].items(at_least=1)),
    )


def _criterion(field: Field) -> Criterion:
    parts = field.mapping(["zh", "en"], ["sign"])
    text = Text(zh=parts["zh"].text(), en=parts["en"].text())
    return Criterion(text, parts["sign"].text() if "sign" in parts else "")


def _phase(name: str, field: Field) -> Phase:
    Field(field.document, field.key, name).choice(*_PHASES)
    parts = field.mapping(["title", "minutes"], ["inside"])
    return Phase(
        name=name,
        title=_text(parts["title"]),
        minutes=parts["minutes"].whole(at_least=1),
        inside=parts["inside"].text() if "inside" in parts else None,
    )


def _call(field: Field) -> Call:
    parts = field.mapping(["role", "who"], ["count"])
    return Call(
        role=_text(parts["role"]),
        who=_text(parts["who"]),
        count=parts["count"].whole(at_least=1) if "count" in parts else 1,
    )


def _text(field: Field) -> Text:
    parts = field.mapping(["zh", "en"])
    return Text(zh=parts["zh"].text(), en=parts["en"].text())
