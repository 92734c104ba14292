"""The files of a case, and what a mutation may answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from tuheg_ir.diagnosis.folder.objects import one_a_line

Files = Mapping[str, str]
"""Path in the folder -> text."""
Obj = dict[str, Any]


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
    if items := one_a_line(text):
        return {"apiVersion": "v1", "kind": "List", "items": items}
    return yaml.load(text, Loader=yaml.CSafeLoader)
