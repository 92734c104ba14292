"""Whose release may be taken back, though a trouble is seen at what it asks: nobody bars that."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.view import View


def released_since(view: View, refs: Iterable[str], began: datetime | None) -> tuple[str, ...]:
    """Return those of some workloads with whose release a trouble began: taking that back may help."""
    found = ((ref, view.workloads.get(ref)) for ref in refs)
    return tuple(ref for ref, workload in found if workload is not None and since_release(workload, began))
