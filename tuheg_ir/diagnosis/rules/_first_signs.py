"""What shows first that a workload is ill, and since when, whoever tells it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.marked import marked
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.refusals import refusals
from tuheg_ir.diagnosis.view.trouble import OFTEN, serves_well, troubles
from tuheg_ir.diagnosis.view.turned import turned
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_SHOWN = 3
YOUNG = timedelta(minutes=2)
"""A pod that is not ready so soon after it was made may only need its time, or what is put right at once."""


class Signs(NamedTuple):
    """Since when a workload is ill at the latest, whether it was well before, and what shows it, the first first."""

    began: datetime
    exact: bool
    seen: tuple[Evidence, ...]


@once
def first_signs(view: View, workload: Workload) -> Signs | None:
    """Return the first signs of an illness; None: there is none, or nobody knows since when.

    What users feel tells it best. Where nobody measures, what its logs repeat does, pods that are not ready, and those
    that could not be made. Who serves all as before is not ill, whatever its logs tell.
    """
    if serves_well(view, workload.ref):
        return None
    felt = [(since, seen) for seen, since in troubles(view, workload.ref) if since is not None]
    said = [*_said(view, workload), *_lacking(view, workload)]
    signs = sorted(felt or said, key=lambda each: each[0])
    if not signs:
        return None
    seen = [*(each for _, each in signs), *(each for _, each in said if felt)]
    reach = [each.since for each in marked(view, workload)]
    exact = bool(felt) or not reach or any(reach)
    return Signs(signs[0][0], exact, tuple(dict.fromkeys(seen))[:_SHOWN])


def turned_signs(view: View, workload: Workload) -> Signs | None:
    """Return that requests are refused which were not before, of whom people were called for; None: not so."""
    about = {view.about_alert(alert) for alert in view.alerts}
    told = turned(view, workload) if about & {"", workload.ref, *view.graph.callers(workload.ref)} else None
    return Signs(told.since, exact=True, seen=(told.evidence(workload.ref),)) if told else None


def _said(view: View, workload: Workload) -> Iterator[tuple[datetime, Evidence]]:
    for hit in view.hits_of(workload.ref):
        if hit.count >= OFTEN and hit.first is not None and not hit.previous and fresh(view, hit):
            yield hit.first, view.hit_evidence(hit)
    for each in marked(view, workload):
        if each.since is not None:
            yield each.since, Evidence("logs", workload.ref, f"{each.count} lines: {each.line}", each.since)


def _lacking(view: View, workload: Workload) -> Iterator[tuple[datetime, Evidence]]:
    for pod in workload.live:
        if pod.unready_since is not None and not view.recent(pod.created, YOUNG):
            yield pod.unready_since, Evidence("objects", f"Pod/{pod.name}", "it is not ready", pod.unready_since)
    for each in refusals(view, workload):
        if each.time is not None and len(workload.live) < workload.wanted:
            yield each.time, each
