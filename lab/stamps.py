"""Stamps: a thing is built when its stamp holds the key of all that goes into it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lab.paths import Lab


def key(*facts: Any) -> str:
    """Return the key of anything that JSON can hold."""
    text = json.dumps(facts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def content(paths: Iterable[Path], base: Path) -> list[tuple[str, str]]:
    """Return (name under base, hash of content) of files and of all files in folders, sorted."""
    files: set[Path] = set()
    for path in paths:
        files.update(
            f for f in (path.rglob("*") if path.is_dir() else [path])
            if f.is_file() and "__pycache__" not in f.parts
        )  # fmt: skip
    return [(str(f.relative_to(base)), hashlib.sha256(f.read_bytes()).hexdigest()) for f in sorted(files)]


def is_fresh(lab: Lab, name: str, value: str, products: Iterable[Path]) -> bool:
    """Say whether `name` was built from this key, and all it makes is there."""
    try:
        return (lab.stamps / name).read_text() == value and all(p.exists() for p in products)
    except FileNotFoundError:
        return False


def mark(lab: Lab, name: str, value: str) -> None:
    lab.stamps.mkdir(parents=True, exist_ok=True)
    (lab.stamps / name).write_text(value)
