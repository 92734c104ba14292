"""What came between a release that served well and its trouble: another change, and whose answers it misreads since."""

from __future__ import annotations

from datetime import datetime, timedelta

from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.reading import newest
from tuheg_ir.diagnosis.view.releases import BEFORE
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

PROVEN, JUST = timedelta(minutes=3), timedelta(minutes=5)
"""A release that served well for so long; a change so near before a trouble."""


def in_between(workload: Workload, at: datetime | None, began: datetime) -> bool:
    """Tell whether something came minutes after a release was out, and just before the trouble began."""
    out = newest((workload.released_at, *(pod.created for pod in workload.newest_pods())))
    return out is not None and at is not None and out + PROVEN <= at <= began - BEFORE and began - at <= JUST


def misread_of(view: View, caller: Workload, called: Workload) -> tuple[Hit, ...]:
    """Return what a caller often tells of answers that it cannot read, if all of them name the one who gave them."""
    told = tuple(hit for hit in view.hits_of(caller.ref, "answer_misread") if not hit.previous)
    named = {view.graph.resolve(host) for hit in told for host in hit.hosts or ("",)}
    return told if named == {called.ref} and sum(hit.count for hit in told) >= OFTEN else ()
