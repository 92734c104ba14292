"""The files of a case, and what a mutation may answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

Files = Mapping[str, str]
"""Path in the folder -> text."""
Obj = dict[str, Any]
_LINES = "apiVersion: v1\nkind: List\nitems:\n- {"
"""So begins a List of one object a line."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A mutation does not apply, and why."""

    reason: str


def parse(files: Files) -> list[Obj]:
    """Return the objects of a case; shared, so to be read only."""
    return _items(files.get("objects.yaml", ""))


@lru_cache(maxsize=256)
def _items(text: str) -> list[Obj]:
    return [item for item in (data(text) or {}).get("items") or [] if isinstance(item, dict)]


@lru_cache(maxsize=1024)
def data(text: str) -> Any:
    """Return what a YAML text holds; read once for all tests and shared, so to be read only."""
    if text.startswith(_LINES):
        lines = text[len(_LINES) - 1 :].rstrip("\n").split("\n- ")
        return {"apiVersion": "v1", "kind": "List", "items": [json.loads(line) for line in lines]}
    return yaml.load(text, Loader=yaml.CSafeLoader)
