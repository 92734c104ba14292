"""Older processes have no room in their heaps, and stand still for that: younger ones of the same template have room.

What is kept for good fills a heap in days or weeks. Its container may stay far below its limit: nobody is killed by the
kernel then, and the figures of an hour show memory that stands.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._collecting import full_heaps, stood_still, told_full
from tuheg_ir.diagnosis.rules._figures import felt, said_by_callers
from tuheg_ir.diagnosis.view.complaints import UNANSWERED, complaints, fresh
from tuheg_ir.diagnosis.view.marked import OFTEN, complains
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_LIFE = timedelta(days=2)
"""A release so young may be what fills them, and the well ones run it too."""
_STANDS_STILL = late(
    r"\bgc\b|garbage|mark-(?:sweep|compact)|event[ _-]?loop|\bloop\b.{0,20}\b(?:lag|delay|block)"
    r"|stop-the-world|safepoint|\bjvm.{0,10}paus",
    re.IGNORECASE,
)
"""How programs warn that they stand still while garbage is collected."""


def no_heap_left(view: View, workload: Workload) -> dict[str, str]:
    """Return pod -> what it tells of its full heap, where that is felt: many programs do well with a heap that is full.

    Those stand still for it, or one of their like ended for want of it; whom they ask is well.
    """
    full = full_heaps(view, workload)
    if not full or releases(view, workload, _LIFE) or not _is_felt(view, workload):
        return {}
    if any(felt(view, ref) for ref in view.graph.needs(workload.ref) - {workload.ref}):
        return {}  # who waits for another keeps what waits
    if not (_stand_still(view, workload, full) or _one_ended(view, workload, full)):
        return {}
    return {pod: told_full(lines) for pod, lines in full.items()}


def _is_felt(view: View, workload: Workload) -> bool:
    """Tell whether a workload is slow or fails, by its own figures or by what its callers measure or tell of it."""
    if felt(view, workload.ref) or any(said_by_callers(view, workload.ref)):
        return True
    told = (c for c in complaints(view, *UNANSWERED) if c.about == workload.ref != c.caller)
    return any(fresh(view, each.hit) for each in told)


def _stand_still(view: View, workload: Workload, full: Collection[str]) -> bool:
    """Tell whether just those whose heap is full stand still, by their warnings or their collections."""
    told = {
        log.pod
        for log in view.logs_of(workload.live, previous=False)
        if sum(complains(line) and _STANDS_STILL.search(line[:400]) is not None for line in log.lines) >= OFTEN
    }
    stood = {log.pod for log in view.logs_of(workload.live, previous=False) if any(map(stood_still, log.lines))}
    return set(full) in (told, stood)


def _one_ended(view: View, workload: Workload, full: Collection[str]) -> bool:
    """Tell whether a process before one of those that have room told, as it ended, that it had no memory left."""
    hits = view.hits_of(workload.ref, "out_of_memory")
    return any(hit.previous and hit.pod not in full and view.recent(hit.last) for hit in hits)
