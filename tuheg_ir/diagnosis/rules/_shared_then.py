"""What callers of one service share beside it, and what may have come anew there as they began to stumble."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.rules._fed_by import share_a_store
from tuheg_ir.diagnosis.view.pods import controller
from tuheg_ir.diagnosis.view.reading import created
from tuheg_ir.diagnosis.view.releases import soon_after
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def shared_came_anew(view: View, called: Workload, callers: Sequence[Workload], first: datetime) -> bool:
    """Tell whether what all callers need beside a service was started then, or a Job may have written what it keeps.

    Pods that start anew may run another image of the same name. What a Job wrote into a store that the service, or all
    of them, read they serve as well.
    """
    shared = [view.workloads[ref] for ref in _shared(view, called, callers) if ref in view.workloads]
    for each in shared:
        if any(soon_after(first, at) for pod in each.live for at in (pod.created, pod.started)):
            return True
    return any(_may_write(view, job, called, callers, shared) for job in _made_then(view, first))


def _shared(view: View, called: Workload, callers: Sequence[Workload]) -> set[str]:
    """Return what all callers ask, directly or through others, but by way of the service alone."""
    found = set.intersection(*(view.graph.needs(each.ref) for each in callers)) - {called.ref}
    direct = set.intersection(*(view.graph.calls.get(each.ref, set()) for each in callers))
    beside = {ref for each in direct - {called.ref} for ref in (each, *view.graph.needs(each))}
    return {ref for ref in found if ref in beside or ref not in view.graph.needs(called.ref)}


def _made_then(view: View, first: datetime) -> Iterator[Workload]:
    """Yield the Jobs that were made then, but for runs of a schedule that had come round before."""
    jobs = [each for each in view.workloads.values() if each.kind == "Job"]
    for job in jobs:
        made, of = created(job.obj), controller(job.obj)
        before = (at for each in jobs if of and controller(each.obj) == of and (at := created(each.obj)))
        if made and soon_after(first, made) and not any(at < made for at in before):
            yield job


def _may_write(
    view: View, job: Workload, called: Workload, callers: Sequence[Workload], shared: Sequence[Workload]
) -> bool:
    """Tell whether a Job may write what a service, another that all callers ask, or each of them keeps."""
    asked = view.graph.calls.get(job.ref, set())
    if any(each.ref in asked or share_a_store(view, job, each) for each in (called, *shared)) or called.ref in asked:
        return True
    return all(share_a_store(view, job, each) for each in callers)
