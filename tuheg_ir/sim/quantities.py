"""Quantities (``64Mi``, ``100m``) and the resources that pods ask for."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from tuheg_ir.sim.status import Obj

_FORM = re.compile(r"^([+-]?[0-9.]+)([eE][+-]?[0-9]+|[numkMGTPE]|[KMGTPE]i)?$")
_SCALES = {"n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1), "k": Decimal(1000)}
_SCALES |= {letter: Decimal(1000) ** (power + 2) for power, letter in enumerate("MGTPE")}
_SCALES |= {f"{letter}i": Decimal(1024) ** (power + 1) for power, letter in enumerate("KMGTPE")}


def quantity(value: Any) -> Decimal:
    """Return a quantity as a number (bytes, cores, pieces); ValueError for what is none."""
    found = _FORM.match(str(value))
    if not found:
        raise ValueError(f"not a quantity: {value!r}")
    number, scale = found.groups()
    if scale and scale[0] in "eE" and len(scale) > 1:
        return Decimal(number + scale)
    return Decimal(number) * _SCALES[scale or ""]


def render(value: Decimal) -> str:
    """Return a number as a quantity: whole ones plain, smaller ones in thousandths."""
    if value == value.to_integral_value():
        return str(int(value))
    return f"{int(value * 1000)}m"


def requested(pod: Obj, kind: str, what: str) -> Decimal:
    """Return the sum over a pod's containers of ``what`` (cpu, memory) in ``requests`` or ``limits``."""
    total = Decimal(0)
    for container in pod["spec"].get("containers") or []:
        given = (container.get("resources") or {}).get(kind) or {}
        total += quantity(given.get(what, 0))
    return total
