"""Scratch volumes that a release brought, or made larger: in memory or on the disk of the node."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.view.reading import items, mapping, text
from tuheg_ir.diagnosis.view.releases import template_before
from tuheg_ir.diagnosis.view.workloads import Workload


def larger_scratch(workload: Workload, medium: str = "") -> dict[str, float]:
    """Return the scratch volumes that may hold more than any did before the newest template, and how much.

    ``medium``: "" is the disk. Names tell nothing: a volume that got another name holds what the former one held.
    """
    older = template_before(workload)
    if not older:
        return {}
    before = max(_scratch(older, medium).values(), default=0.0)
    return {name: size for name, size in _scratch(workload.template, medium).items() if size > before}


def _scratch(template: Mapping[str, Any], medium: str) -> dict[str, float]:
    """Return the scratch volumes of a template that are kept in a medium, and how large they may become."""
    found = {
        text(volume, "name"): mapping(volume, "emptyDir")
        for volume in items(template, "spec", "volumes")
        if "emptyDir" in volume
    }
    return {
        name: math.inf if (size := number(held.get("sizeLimit"))) is None else size
        for name, held in found.items()
        if text(held, "medium") == medium
    }
