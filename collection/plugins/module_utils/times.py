# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Points in time and lengths of time, as Kubernetes, Prometheus and people write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_LENGTH = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


def parse_time(value: str | datetime | None) -> datetime | None:
    """Read an ISO 8601 text or a datetime as an aware UTC datetime.

    A time without a zone is taken as UTC. Empty or None is None. Raises ValueError otherwise.
    """
    if value is None or value == "":
        return None
    if not isinstance(value, datetime):
        # Kubernetes' MicroTime and Ansible's now() both pass; Python 3.11 reads the Z itself.
        value = datetime.fromisoformat(str(value).strip())
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    return value.astimezone(UTC)


def need_time(value: str | datetime | None, what: str) -> datetime:
    """Like parse_time, but an absent or unreadable time is a ValueError that names `what`."""
    try:
        parsed = parse_time(value)
    except ValueError as error:
        raise ValueError(f"{what} is not an ISO 8601 time: {value!r}") from error
    if parsed is None:
        raise ValueError(f"{what} is missing")
    return parsed


def format_time(value: datetime) -> str:
    """Write a time as a Lease wants it: UTC, six decimals, Z."""
    utc = value.replace(tzinfo=UTC) if value.tzinfo is None else value
    return utc.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def seconds(length: str | float) -> float:
    """Read a length of time in seconds: 20, "20s", "1m30s" (as PromQL writes it)."""
    if isinstance(length, (int, float)):
        return float(length)
    text = length.strip()
    parts = _LENGTH.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{length!r} is not a length of time such as 20s or 1m30s")
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)
