"""Whose release only hands on that whom it asks gets no answer from outside, whatever the release changed."""

from __future__ import annotations

from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._blames_another import blames_itself, mostly
from tuheg_ir.diagnosis.view.complaints import UNANSWERED, Complaint, complaints
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.trouble import MINUTE, OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

SHORTLY = timedelta(minutes=5)
"""Who hands on that he gets no answer tells of it so soon; who has told so for longer was served well amid it."""


@once
def handed_on(view: View, workload: Workload) -> Evidence | None:
    """Return what somebody in between tells of a host outside that does not answer him, if a release mostly names him.

    He has to have been told so no later than the release was by him, and not for long before it. A host that the
    release itself asks its settings may name wrongly; that of another they do not.
    """
    if blames_itself(view, workload) or not mostly(view, workload, UNANSWERED):
        return None
    told = [each for each in complaints(view, *UNANSWERED) if not each.hit.previous and each.hit.count >= OFTEN]
    mine = [each for each in told if each.caller == workload.ref]
    named, began = {each.about for each in mine}, oldest(each.hit.first for each in mine)
    between = view.workloads.get(min(named)) if len(named) == 1 else None
    if between is None or role(between) in DATA or began is None:
        return None
    for each in told:
        first = each.hit.first
        since_then = first is not None and began - SHORTLY <= first <= began + MINUTE
        if each.caller == between.ref and since_then and _outside(view, each):
            return view.hit_evidence(each.hit)
    return None


def _outside(view: View, each: Complaint) -> bool:
    return not each.about and any(map(view.graph.is_away, each.hit.hosts))
