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
from tuheg_ir.diagnosis.view.trouble import OFTEN
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
        told = [hit for hit in view.hits_of(each.ref, "code_crash") if not hit.previous and fresh(view, hit)]
        own = [hit for hit in told if not any(tells(trouble, hit.line) for trouble in _WRAPS)]
        first = oldest(hit.first for hit in own)
        if first is not None and sum(hit.count for hit in own) >= OFTEN and abs(first - since) <= SOON:
            return each, own[0]
    return None


def near(view: View, one: Workload, other: Workload) -> bool:
    """Tell whether one of two workloads asks the other."""
    return other.ref in view.graph.callers(one.ref) or other.ref in view.graph.needs(one.ref)


def _share(view: View, one: Workload, other: Workload) -> bool:
    """Tell whether two workloads use one store: what one of them writes the other may break on."""
    stores = [each for each in view.workloads.values() if role(each) in DATA]
    return any({one.ref, other.ref} <= {*view.graph.callers(each.ref), *able(view, each.ref)} for each in stores)
