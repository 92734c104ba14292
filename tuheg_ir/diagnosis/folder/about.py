"""snapshot.yaml: when and of what the snapshot was taken, what answered, what the inventory says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tuheg_ir.diagnosis.folder.files import Notes, Unreadable, first_of, read_yaml
from tuheg_ir.diagnosis.model import Snapshot, Source
from tuheg_ir.diagnosis.moments import moment, written
from tuheg_ir.diagnosis.objects import clean_text
from tuheg_ir.errors import UsageError

FILE = "snapshot.yaml"
SCHEMA = 1
_ACCEPTED = (FILE, "snapshot.yml", "snapshot.json")
_DEPTH = 16
_NOTE = 4000
"""Characters of a source's note: one names all signals that no metric gives."""


@dataclass(slots=True)
class About:
    """What snapshot.yaml says; what it does not say is empty."""

    taken_at: datetime | None = None
    namespace: str = ""
    kinds: tuple[str, ...] = ()
    sources: tuple[Source, ...] | None = None
    services: dict[str, dict[str, Any]] = field(default_factory=dict)
    probes: tuple[dict[str, Any], ...] = ()


def read(folder: Path, notes: Notes) -> About:
    """Return what the file says. Raises UsageError for a newer schema than ours."""
    path = first_of(folder, *_ACCEPTED)
    if path is None:
        return About()
    try:
        documents = read_yaml(path)
    except Unreadable as error:
        notes.bad("snapshot", f"{path.name}: {error}")
        return About()
    data = documents[0] if documents else {}
    if not isinstance(data, dict):
        notes.bad("snapshot", f"{path.name} is not a mapping")
        return About()
    schema = data.get("schema", SCHEMA)
    if isinstance(schema, int) and schema > SCHEMA:
        raise UsageError(
            "The snapshot is newer than this tuheg-ir",
            f"{path}: schema {schema}, known is {SCHEMA}",
            "Update tuheg-ir.",
        )
    return _about(data)


def _about(data: Mapping[str, Any]) -> About:
    namespace = data.get("namespace")
    kinds = data.get("kinds")
    sources = data.get("sources")
    return About(
        taken_at=moment(data.get("taken_at")),
        namespace=clean_text(namespace, 253) if isinstance(namespace, str) else "",
        kinds=tuple(kind for kind in kinds if isinstance(kind, str)) if isinstance(kinds, list) else (),
        sources=tuple(_sources(sources)) if isinstance(sources, list) else None,
        services={
            str(name): plain(spec) for name, spec in _mapping(data.get("services")).items() if isinstance(spec, dict)
        },
        probes=tuple(plain(each) for each in _list(data.get("probes")) if isinstance(each, dict)),
    )


def _sources(entries: list[Any]) -> Iterator[Source]:
    for entry in entries:
        if isinstance(entry, dict) and isinstance(entry.get("source"), str):
            took = entry.get("ms")
            yield Source(
                source=clean_text(entry["source"], 256),
                ok=entry.get("ok") is True,
                ms=took if isinstance(took, int) and not isinstance(took, bool) else 0,
                note=clean_text(str(entry.get("note") or ""), _NOTE),
                kind=clean_text(str(entry.get("kind") or ""), 64),
                at=moment(entry.get("at")),
            )


def plain(value: Any, depth: int = 0) -> Any:
    """Return data as YAML can hold it, with its texts scrubbed."""
    if depth > _DEPTH:
        return None
    if isinstance(value, Mapping):
        return {clean_text(str(key), 256): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, depth + 1) for item in value]
    return value if value is None or isinstance(value, (bool, int, float)) else clean_text(str(value))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def render(snapshot: Snapshot) -> dict[str, Any]:
    """Return what the file holds of a snapshot."""
    return {
        "schema": SCHEMA,
        "taken_at": written(snapshot.taken_at),
        "namespace": snapshot.namespace,
        # Kinds that were asked for: of some there may be no object, and that is a fact.
        "kinds": list(snapshot.objects),
        "sources": [_entry(source) for source in snapshot.sources],
        "services": plain(snapshot.services),
        "probes": plain(snapshot.probes),
    }


def _entry(source: Source) -> dict[str, Any]:
    entry: dict[str, Any] = {"source": source.source, "ok": source.ok, "ms": source.ms}
    extra = {"note": source.note, "kind": source.kind, "at": written(source.at)}
    return entry | {key: value for key, value in extra.items() if value}
