"""Whose memory is full of requests that wait for somebody who has too much to do.

Who leads requests to others holds each of them until it is answered. Where one of those others can do no more and
answers after half a minute, many times as many are held as ever: more room, or more of the one who holds them, only
lets more of them wait.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._capacity import GROWN
from tuheg_ir.diagnosis.rules._figures import SLOWER, said_by_callers, slowed
from tuheg_ir.diagnosis.rules._memory import short_of_memory
from tuheg_ir.diagnosis.rules._sessions import released_before
from tuheg_ir.diagnosis.view.complaints import UNANSWERED, complaints
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.usage import BUSY, always_busy, limit_cut, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

WAIT_S = 5.0
"""Requests that are answered sooner than this never wait in such numbers that they fill a memory."""
ALL_TAKEN = 0.9
"""Share of a server's workers that are busy where hardly one is left."""
ROSE = 1.25
"""Memory that is so many times what it was has begun to rise."""
CLOCKS = timedelta(minutes=2)
"""What two programs are measured at is so far apart in time."""


def filled_by_waiting(view: View, workload: Workload) -> Workload | None:
    """Return who has too much to do, for whose answers the requests wait that fill a workload's memory.

    Not where its memory rose before those answers became slow, as it does by a leak, or with its own release, or where
    its own limit was cut; nor where several others are slow: what they share may be the reason. Whoever was
    released hours before, and is asked for no more, may have brought the flood.
    """
    slow = [(each, since) for each in view.called(workload.ref) if (since := _slow_since(view, each))]
    if len(slow) != 1 or limit_cut(workload, "memory"):
        return None
    ((callee, since),) = slow
    rose = _rose(view, workload)
    if rose is None or rose < since - CLOCKS or since_release(workload, rose):
        return None
    if _brought_it(view, workload, rose):
        return None
    return callee if _can_do_no_more(view, callee) and _waits_for(view, workload, callee) else None


def _brought_it(view: View, workload: Workload, rose: datetime) -> bool:
    """Tell whether a release of the hours before may have a workload ask more of others for each request that it gets.

    Not where it is asked for more itself: that it passes on.
    """
    return (traffic_growth(view, workload.ref) or 1.0) < GROWN and released_before(view, workload, rose)


def waiting_fills(view: View, callee: Workload) -> tuple[Evidence, ...]:
    """Return what shows that who asks a workload runs out of memory by the requests that wait for it."""
    return tuple(seen for each in held_by(view, callee) for seen in short_of_memory(view, each)[:1])


def held_by(view: View, callee: Workload) -> tuple[Workload, ...]:
    """Return who asks a workload and is short of memory, as it holds the requests that wait for that."""
    known = (view.workloads[ref] for ref in sorted(view.graph.callers(callee.ref)) if ref in view.workloads)
    return tuple(each for each in known if short_of_memory(view, each) and filled_by_waiting(view, each) is callee)


def _slow_since(view: View, callee: Workload) -> datetime | None:
    """Return since when a workload's answers take far longer than ever, if requests wait for seconds for them now."""
    turns = [
        (label, turn)
        for label in labels_of(view, callee.ref, "latency_p95")
        if (turn := slowed(view, "latency_p95", WAIT_S, component=label))
    ]
    # From the first slow answer on, long before they are at their slowest.
    return oldest(
        view.figures.first_beyond("latency_p95", SLOWER * turn.before, component=label) for label, turn in turns
    )


def _can_do_no_more(view: View, callee: Workload) -> bool:
    """Tell whether most pods of a workload are at their processor limit, or all their workers are busy."""
    busy = usage(view.figures, callee, "cpu_share").widely(BUSY) and not always_busy(view, callee, BUSY)
    workers = usage(view.figures, callee, "workers_busy_share").by_pod
    return busy or (bool(workers) and min(workers.values()) >= ALL_TAKEN)


def _waits_for(view: View, workload: Workload, callee: Workload) -> bool:
    """Tell whether a workload says or measures that it waits for another, or its own users wait for as long."""
    said = any((c.caller, c.about) == (workload.ref, callee.ref) for c in complaints(view, *UNANSWERED))
    if said or any(by == workload.ref for by, _ in said_by_callers(view, callee.ref)):
        return True
    own = labels_of(view, workload.ref, "latency_p95")
    return any(slowed(view, "latency_p95", WAIT_S, component=each) for each in own)


def _rose(view: View, workload: Workload) -> datetime | None:
    """Return when the memory of a workload's pods began to rise from what it was; None if nobody measures that."""
    began = []
    for pod in workload.live:
        for series in view.figures.series("memory_share", pod=pod.name):
            figures = view.figures.alone("memory_share", series)
            was = figures.first("memory_share")
            if was and (at := figures.first_beyond("memory_share", ROSE * was)):
                began.append(at)
    return oldest(began)
