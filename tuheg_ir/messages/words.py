"""The fixed words of messages, by language."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from tuheg_ir.messages.facts import check_language

_FILE = Path(__file__).resolve().parent / "words.yml"


def words(lang: str) -> dict[str, Any]:
    """Return the words of a language; UsageError for a language that there is not."""
    check_language(lang)
    return _all()[lang]


@functools.cache
def _all() -> dict[str, dict[str, Any]]:
    import yaml

    found: dict[str, dict[str, Any]] = yaml.load(_FILE.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return found
