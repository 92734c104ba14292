"""The hash chain: canonical text of an event, and what its hash covers.

A chain shows every change that does not rewrite all later events. Who can rewrite the whole file
can make a new chain; that needs a witness elsewhere and is outside of what one file can prove.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

GENESIS = "0" * 64
"""``prev_hash`` of the first event."""


def canonical(value: Any) -> str:
    """Return the one JSON text of ``value``: sorted keys, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def plain(value: Any) -> Any:
    """Return ``value`` with JSON's types only, so that it comes back from the store unchanged.

    Times become ISO 8601, NaN and infinities their names, sets sorted lists; anything else that
    JSON does not know becomes its text. Half surrogate pairs are replaced.
    """
    if isinstance(value, Mapping):
        return {_text(key): plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item) for item in value), key=canonical)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, datetime):
        return stamp(value)
    return value.isoformat() if isinstance(value, date) else _text(value)


def _text(value: object) -> str:
    return str(value).encode("utf-8", "replace").decode("utf-8")


def stamp(at: datetime) -> str:
    """Return a time as the journal writes it: UTC, microseconds, ``Z``."""
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def unstamp(text: str) -> datetime:
    """Read what ``stamp`` wrote; ValueError for any other text."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def link(row: Mapping[str, Any]) -> str:
    """Return the hash of an event, over all of its columns but the hash itself.

    ``row`` holds the columns as stored, except that ``data`` is the mapping, not its text.
    """
    covered = {name: row[name] for name in _COVERED}
    return hashlib.sha256(canonical(covered).encode("utf-8")).hexdigest()


_COVERED = ("seq", "incident", "run", "at", "actor", "kind", "data", "prev_hash")
