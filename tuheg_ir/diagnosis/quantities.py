"""Kubernetes quantities as numbers."""

from __future__ import annotations

import math
import re
from typing import Any

_UNITS = {
    "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50, "Ei": 2.0**60,
}  # fmt: skip

BINARY = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
"""Bytes by the letter with which settings of programs (-Xmx2g, client_max_body_size 8m) tell them, in lower case."""
_QUANTITY = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)(?P<unit>[a-zA-Z]*)")


def quantity(text: str) -> float:
    """Return a Kubernetes quantity (250m, 128Mi, 1e3) as a number; ValueError for another text."""
    found = _QUANTITY.fullmatch(text)
    if found is None or found["unit"] not in _UNITS:
        raise ValueError(f"{text!r} is not a quantity")
    return float(found["number"]) * _UNITS[found["unit"]]


def number(text: Any) -> float | None:
    """Return a quantity as a number; None when it is none, or more than a number can hold."""
    try:
        found = quantity(str(text))
    except ValueError:
        return None
    return found if math.isfinite(found) else None
