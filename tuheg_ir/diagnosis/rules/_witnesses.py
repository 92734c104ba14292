"""Programs that have nothing to do with one another and tell of one host since the same time: then it is the host."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import permutations

from tuheg_ir.diagnosis.view.complaints import OFTEN, Complaint
from tuheg_ir.diagnosis.view.logs import heard_since
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import MINUTE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload
from tuheg_ir.diagnosis.view.written import outside_changes

TOGETHER = timedelta(minutes=5)
"""So near to each other two programs meet the same trouble of a host, which each of them calls now and then."""


def agree(view: View, said: Iterable[Complaint]) -> bool:
    """Tell whether two programs complain of a host since the same time, which neither of them can be the reason of.

    One of them had worked with it, was not changed, and does not call the other or is called by it. The other may have
    been released, if it served well since: what breaks a host for all who call it breaks it in the minutes of its
    release. A common limit of requests is used up by whoever sends more.
    """
    by_caller: dict[str, list[Complaint]] = {}
    for each in said:
        if each.hit.trouble != "rate_limited" and not each.hit.previous:
            by_caller.setdefault(each.caller, []).append(each)
    often = {ref: found for ref, found in by_caller.items() if sum(c.hit.count for c in found) >= OFTEN}
    return any(
        as_before(view, one, often[one]) and _beside(view, one, other) and _together(view, often[one], other, often)
        for one, other in permutations(sorted(often), 2)
    )


def as_before(view: View, ref: str, said: list[Complaint]) -> bool:
    """Tell whether a program's log goes back to when it had no such trouble, and nothing of its own changed then."""
    began, workload = oldest(c.hit.first for c in said), view.workloads.get(ref)
    if workload is None or began is None or since_release(workload, began):
        return False
    pods = [pod for pod in workload.live if pod.name in {c.hit.pod for c in said}]
    heard = heard_since(view.logs_of(pods, previous=False))
    if heard is None or began - heard < MINUTE:
        return False
    return not any(abs(began - at) <= TOGETHER for _, at in outside_changes(view, workload))


def _beside(view: View, one: str, other: str) -> bool:
    """Tell whether two workloads do not call each other: who does passes words on."""
    return one not in view.graph.needs(other) and other not in view.graph.needs(one)


def _together(view: View, said: list[Complaint], other: str, often: dict[str, list[Complaint]]) -> bool:
    """Tell whether another one complains since then too, and was well for as long after its release if it had one."""
    began, theirs = oldest(c.hit.first for c in said), oldest(c.hit.first for c in often[other])
    workload = view.workloads.get(other)
    if began is None or theirs is None or workload is None:
        return False
    if abs(began - theirs) > TOGETHER and not _first_run_since(workload, began, {c.hit.pod for c in often[other]}):
        return False
    return not since_release(workload, theirs, TOGETHER)


def _first_run_since(workload: Workload, began: datetime, complain: set[str]) -> bool:
    """Tell whether of runs that are made now and then the last before a trouble began was well, and none is since.

    Who failed, or is not over, was not well, whether or not anybody read by what.
    """
    if workload.kind not in BATCH:
        return False
    made = {run.name: run.created for run in workload.pods if run.created is not None}
    well = {run.name for run in workload.pods if run.phase == "Succeeded"} - complain
    before = sorted((at, name) for name, at in made.items() if at < began)
    since, told = {name for name, at in made.items() if at >= began}, complain & made.keys()
    return bool(before and told) and before[-1][1] in well and told <= since and not well & since
