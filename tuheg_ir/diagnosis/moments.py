"""Points in time as snapshots hold them: read with patience, written in one form."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

_FIRST_YEAR = 1971
"""Older ones are how Go and Unix write "no time at all"."""


def moment(value: Any) -> datetime | None:
    """Return a time in UTC; None for what is no time.

    Takes ISO 8601 text (no zone is UTC), a datetime and Unix seconds.
    """
    try:
        found = _read(value)
        if found is None:
            return None
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found.year >= _FIRST_YEAR else None


def _read(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return datetime.fromtimestamp(value, UTC)
    # A bare number is a year or a count, not a time.
    return datetime.fromisoformat(value.strip()) if isinstance(value, str) and "-" in value else None


def written(value: datetime | None) -> str | None:
    """Return a time as the snapshot's files hold it."""
    if value is None:
        return None
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
