"""The table of what log lines say, log_patterns.yml: patterns of each trouble, and when they do not mean it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tuheg_ir.diagnosis.tables import load_table
from tuheg_ir.diagnosis.view.literals import Pattern, needed

FILE = Path(__file__).resolve().parent / "log_patterns.yml"
# `[53300] LOG:  ...`, `[53300]: [4-1] ...`, `[53300] [INFO] ...`: where a server writes which process it is.
_NO_PROCESS = (
    r"(?!:|\s+(?:[\w.-]*@[\w.-]*\s+)?(?:LOG|HINT|DETAIL|CONTEXT|STATEMENT|NOTICE|WARNING|ERROR|FATAL|PANIC):"
    r"|\s+\[(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)\])"
)


@cache
def words() -> Mapping[str, tuple[Pattern, ...]]:
    """Return trouble -> how it is told: patterns that ignore case but for their `(?-i:...)`."""
    return {
        trouble: tuple(Pattern(source, cased=cased, needs=needs) for source, cased, needs in entry["asked"])
        for trouble, entry in _table().items()
    }


@cache
def unless(trouble: str) -> re.Pattern[str] | None:
    """Return what a line that tells of a trouble must not hold."""
    pattern = _table()[trouble].get("unless")
    return None if pattern is None else re.compile(pattern)


def words_of(trouble: str) -> str | None:
    """Return the trouble whose words, where there are no others, do not tell of this one."""
    found: str | None = _table()[trouble].get("words_of")
    return found


@cache
def said(trouble: str) -> re.Pattern[str]:
    """Return one pattern of all that tells of a trouble."""
    return re.compile(_table()[trouble]["said"], re.IGNORECASE)


def worked_out(table: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return what is kept of the written table: trouble -> what is asked, with the texts that each find of it holds."""
    return {trouble: _kept(entry) for trouble, entry in table.items()}


@cache
def _table() -> Mapping[str, Mapping[str, Any]]:
    read: Mapping[str, Mapping[str, Any]] = load_table(FILE.with_suffix(".json"))
    return read


def _kept(entry: Mapping[str, Any]) -> dict[str, Any]:
    patterns = list(_any_of(entry))
    rest = {key: entry[key] for key in ("unless", "words_of") if key in entry}
    return {"asked": [_asked(source) for source in patterns], "said": "|".join(patterns), **rest}


def _asked(source: str) -> tuple[str, bool, tuple[str, ...]]:
    cased = "(?-i:" in source
    pattern = source if cased else _lowered(source)
    return pattern, cased, needed(pattern)


def _lowered(pattern: str) -> str:
    parts = re.split(r"(\\.)", pattern)
    return "".join(part if part.startswith("\\") else part.lower() for part in parts)


def _any_of(entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield the patterns of a trouble.

    A number is its code where it stands as one, and not in a path or an amount, or as the process of PostgreSQL's line.
    """
    yield from entry["any"]
    for code in entry.get("codes", ()):
        yield rf"(?:sqlstate|code|state|error)\W{{0,4}}{code}\b|[\[(]{code}[\])]{_NO_PROCESS}|(?<!#)\b{code}: "
