"""database.yaml: who holds the connections of a database."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tuheg_ir.diagnosis.folder.files import Notes, Unreadable, first_of, read_yaml
from tuheg_ir.diagnosis.model import Database, Session
from tuheg_ir.diagnosis.objects import clean_text

FILE = "database.yaml"
_ACCEPTED = (FILE, "database.yml", "database.json", "databases.yaml")
_LARGE = 1 << 31


def read(folder: Path, notes: Notes) -> tuple[Database, ...]:
    """Return the databases."""
    path = first_of(folder, *_ACCEPTED)
    if path is None:
        return ()
    try:
        documents = read_yaml(path)
    except Unreadable as error:
        notes.bad("database", f"{path.name}: {error}")
        return ()
    entries = [entry for document in documents for entry in (document if isinstance(document, list) else [document])]
    found = [database_of(entry) for entry in entries]
    if None in found:
        notes.bad("database", f"{path.name}: {found.count(None)} of {len(found)} entries have no ref")
    return tuple(each for each in found if each is not None)


def database_of(entry: Any) -> Database | None:
    """Return one database; None when it does not say which."""
    if not isinstance(entry, dict) or not isinstance(entry.get("ref"), str) or not entry["ref"]:
        return None
    sessions = entry.get("sessions")
    return Database(
        ref=clean_text(entry["ref"], 256),
        max_connections=_count(entry.get("max_connections")),
        reserved=_count(entry.get("reserved")),
        sessions=tuple(_session(each) for each in sessions if isinstance(each, dict))
        if isinstance(sessions, list)
        else (),
    )


def _session(entry: dict[str, Any]) -> Session:
    texts = {
        key: clean_text(str(entry.get(key) or ""), 2000)
        for key in ("client", "owner", "user", "application", "state", "wait", "query")
    }
    return Session(**texts, count=_count(entry.get("count", 1)), age_s=_age(entry.get("age_s")))


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LARGE else 0


def _age(value: Any) -> float:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if number and math.isfinite(value) and 0 <= value < _LARGE else 0.0


def entries_of(databases: Iterable[Database]) -> list[dict[str, Any]]:
    """Return databases as the file holds them."""
    return [{**each._asdict(), "sessions": [asdict(session) for session in each.sessions]} for each in databases]
