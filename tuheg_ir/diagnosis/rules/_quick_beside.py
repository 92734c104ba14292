"""Whether nobody but its database can keep a program waiting: whoever else it asks is seen to answer at once."""

from __future__ import annotations

from tuheg_ir.diagnosis.rules._booked_out import asks_unseen
from tuheg_ir.diagnosis.rules._figures import felt
from tuheg_ir.diagnosis.rules._poolers import leads_away
from tuheg_ir.diagnosis.rules._readers import backlogs, queues_of
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.usage import starving
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

QUICK = 0.1
"""An answer that takes at most such a part of a time is no reason of it."""


def quick_beside(view: View, workload: Workload, database: str, seconds: float) -> bool:
    """Tell whether all but its database whom a workload may ask answer within a small part of so many seconds.

    Of a host outside, or one that a Secret keeps, nobody knows how long it takes. Nor of who answers over a broker: a
    message is taken at once, and the answer to it may be awaited for long.
    """
    if leads_away(view, workload) or asks_unseen(view, workload):
        return False
    return all(_is_quick(view, each, seconds) for each in view.called(workload.ref) if each.ref != database)


def ails(view: View, asked: Workload) -> bool:
    """Tell whether who is asked lacks pods or processor time, or its users feel that it fails or is late."""
    return asked.ready < asked.wanted or bool(felt(view, asked.ref)) or starving(view, asked)


def _is_quick(view: View, asked: Workload, seconds: float) -> bool:
    if ails(view, asked):
        return False
    if role(asked) == "broker":
        return False
    if role(asked) == "cache":  # it answers in thousandths of a second while it is well, and is complained of else
        return not _keeps_work(view, asked)
    labels = labels_of(view, asked.ref, "latency_p95")
    times = [view.figures.now("latency_p95", component=label) for label in labels]
    return bool(times) and all(each is not None and each <= QUICK * seconds for each in times)


def _keeps_work(view: View, cache: Workload) -> bool:
    """Tell whether who reads a queue in a cache lacks pods or comes behind: its answer may be awaited there."""
    asking = (view.workloads[ref] for ref in view.graph.asked_by(cache.ref) if ref in view.workloads)
    readers = (each for each in asking if queues_of(each.template))
    return any(each.ready < each.wanted or any(backlogs(view, each)) for each in readers)
