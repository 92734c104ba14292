"""Who feels that what a workload did is not done any more: itself, those that call it, or others who live on it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.state import belongs_to, signs_of_trouble
from tuheg_ir.diagnosis.view.releases import BEFORE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_TOLD = ("logs", "alerts")
"""Sources of signs that others may give for the lack of what a workload did."""


def felt_since(view: View, workload: Workload, began: datetime) -> Iterator[Evidence]:
    """Yield the signs of trouble at a workload and those that call it, but such as were there before."""
    yield from felt_by(view, behind(view, workload.ref), began)


def felt_by(view: View, near: Collection[str], began: datetime | None) -> Iterator[Evidence]:
    """Yield the signs of trouble at some workloads ("": at nobody who is known), but such as were there before."""
    for sign in signs_of_trouble(view):
        later = began is None or sign.time is None or sign.time >= began + BEFORE
        if later and belongs_to(view, sign) in near:
            yield sign


def missed_by_others(view: View, workload: Workload, began: datetime) -> bool:
    """Tell whether others complain since then, of whom nothing is measured and seen that may be their own trouble.

    What a broker brings from one to the other is in no graph of calls.
    """
    near = behind(view, workload.ref)
    others = [sign for sign in signs_of_trouble(view) if belongs_to(view, sign) not in near]
    if any(sign.source not in _TOLD for sign in others):
        return False
    return any(sign.time is not None and sign.time >= began + BEFORE for sign in others)
