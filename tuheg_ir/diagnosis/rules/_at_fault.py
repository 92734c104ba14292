"""Who tells of faults of its own code, under words that came after the release of a stranger to it.

The release only stands near: it is where the code breaks that a person looks first.
"""

from __future__ import annotations

from datetime import datetime

from tuheg_ir.diagnosis.rules._holders import able
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.logs import Hit, tells
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import SOON
from tuheg_ir.diagnosis.view.trouble import MINUTE, OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_WRAPS = ("connection_refused", "connection_reset", "connection_timeout", "database_full", "dns", "upstream_failure")
"""Troubles with others that a trace may only wrap."""


def at_fault(view: View, workload: Workload, released: Workload, since: datetime | None) -> tuple[Workload, Hit] | None:
    """Return who of a workload and those that it calls breaks in its own code since then, and a line that tells so.

    None where that one was released itself, or asks, is asked by or shares a store with who was.
    """
    if since is None or near(view, workload, released):
        return None
    for each in (workload, *view.called(workload.ref)):
        if each is released or role(each) in DATA or near(view, each, released) or _share(view, each, released):
            continue
        own = _own_faults(view, each)
        first = oldest(hit.first for hit in own)
        if first is not None and sum(hit.count for hit in own) >= OFTEN and abs(first - since) <= SOON:
            return each, own[0]
    return None


def _own_faults(view: View, workload: Workload) -> list[Hit]:
    """Return the faults of its own code that a workload's pods tell of lately; none that only wraps another's."""
    return [hit for hit in _told(view, workload) if fresh(view, hit)]


def breaks_since(view: View, workload: Workload, began: datetime) -> bool:
    """Tell whether each of a workload's newest pods tells of such faults, from a moment on, and no older one does.

    Where few ask for what breaks, the last of one of them may be of some time ago: it is as ill as its like.
    """
    told = _told(view, workload)
    first = oldest(hit.first for hit in told)
    if first is None or None in {hit.first for hit in told} or abs(first - began) > MINUTE:
        return False
    each = {hit.pod for hit in told} == {pod.name for pod in workload.newest_pods()}
    return each and sum(hit.count for hit in told if fresh(view, hit)) >= OFTEN


def _told(view: View, workload: Workload) -> list[Hit]:
    told = [hit for hit in view.hits_of(workload.ref, "code_crash") if not hit.previous]
    return [hit for hit in told if not any(tells(trouble, hit.line) for trouble in _WRAPS)]


def near(view: View, one: Workload, other: Workload) -> bool:
    """Tell whether one of two workloads asks the other."""
    return other.ref in view.graph.callers(one.ref) or other.ref in view.graph.needs(one.ref)


def _share(view: View, one: Workload, other: Workload) -> bool:
    """Tell whether two workloads use one store: what one of them writes the other may break on."""
    stores = [each for each in view.workloads.values() if role(each) in DATA]
    return any({one.ref, other.ref} <= {*view.graph.callers(each.ref), *able(view, each.ref)} for each in stores)
