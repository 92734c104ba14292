"""Names, uids and hashes that look real and are the same in every run."""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any

SAFE = "bcdfghjklmnpqrstvwxz2456789"
"""Kubernetes' alphabet for generated names: no vowels, nothing that can be misread."""


def digest(*parts: object) -> str:
    """Return 64 hexadecimal digits that depend on all parts."""
    return hashlib.sha256("/".join(str(part) for part in parts).encode()).hexdigest()


def uid(*parts: object) -> str:
    return str(uuid.UUID(digest("uid", *parts)[:32], version=4))


def safe(length: int, *parts: object) -> str:
    """Return a generated name's suffix."""
    number, letters = int(digest("safe", *parts), 16), []
    for _ in range(length):
        number, rest = divmod(number, len(SAFE))
        letters.append(SAFE[rest])
    return "".join(letters)


def template_hash(name: str, spec: Any) -> str:
    return safe(9, name, json.dumps(spec, sort_keys=True))


def secret_value(*parts: object) -> str:
    """Return what a snapshot keeps of a Secret's value: a short hash."""
    return f"sha256:{digest('secret', *parts)[:16]}"


def fraction(*parts: object) -> float:
    """Return a number from 0 to 1 that looks random."""
    return int(digest("fraction", *parts)[:8], 16) / 0xFFFFFFFF
