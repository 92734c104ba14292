"""Requests that wait in line for a worker, each as quick as before once one has it: there are too few workers."""

from __future__ import annotations

from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence, Excluded
from tuheg_ir.diagnosis.rule import excluding
from tuheg_ir.diagnosis.rules._capacity import GROWN, asked_more, callers_grew, remedy_for_load
from tuheg_ir.diagnosis.rules._job_times import SLOWER, Near, alike, of_another_kind
from tuheg_ir.diagnosis.rules._sessions import full
from tuheg_ir.diagnosis.view.trouble import errors, labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

FEWER = 0.95
"""Workers that serve less than so large a share of what they served hang, or wait."""
EXPLAINED = 0.9
"""So large a share of the busy workers has to follow from those of before and from how much more is served."""
JOB_TIME, JOBS_DONE, JOBS_IN_WORK = "job_time", "job_rate", "jobs_in_work"
TOOK, SERVED = "latency_p95_by_pod", "request_rate_by_pod"
"""What a pod counts itself: who waits for a worker is not in it yet, other than in what its callers measure."""


def wait_in_line(view: View, workload: Workload, share: str, began: datetime | None) -> tuple[Evidence, ...]:
    """Return that who asks a workload is asked for more than its workers serve, each request as quick as ever.

    ``share``: the signal of how many of a pod's workers are busy. Who is at its limit serves no more than that,
    however many ask it. So many workers are busy as there are requests a second, times what each takes: where
    requests do not take longer, and no fewer are served, nothing but their number keeps the workers busy.
    Those that were busy have to fill up by how much more the callers are asked, or a few long ones, which 95 of 100 do
    not show, hold some of them.
    Pods of which it is not known how they stood before users suffered tell nothing.
    """
    asked = asked_more(view, workload)
    if not asked or began is None:
        return ()
    pods = [pod.name for pod in workload.live]
    was, now = (_standing(view, pods, share, moment) for moment in (began, None))
    rate, served = (_standing(view, pods, SERVED, moment) for moment in (began, None))
    time, took = (_standing(view, pods, TOOK, moment) for moment in (began, None))
    if not (was and now and rate and served and time and took):
        return ()
    if sum(was) * max(callers_grew(view, workload).values()) < len(pods):
        return ()
    more, longer = sum(served) / sum(rate), sum(took) / sum(time)
    if longer > SLOWER or more < FEWER or sum(was) * more * longer < EXPLAINED * sum(now):
        return ()
    fact = f"each of its requests takes as long as before, 95 of 100 {max(took):.2g} s, and it serves {more:.1f} times"
    return (Evidence("metrics", workload.ref, f"{fact} as many"), *asked)


def _standing(view: View, pods: list[str], signal: str, moment: datetime | None) -> list[float]:
    """Return how a signal stood in each of some pods before a moment, or stands now; [] unless all tell it."""
    asked = (
        view.figures.now(signal, pod=pod) if moment is None else view.figures.before(signal, moment, pod=pod)
        for pod in pods
    )
    known = [value for value in asked if value]
    return known if len(known) == len(pods) else []


def jobs_in_line(view: View, worker: Workload, began: datetime | None) -> tuple[Evidence, ...]:
    """Return that a worker does more jobs than before a moment, each as quick as ever, and fails at few.

    Who waits for somebody else takes longer for a job, or does fewer. So many jobs are in work as are done in a time,
    times what each takes: where more are in work than follows from that, some hang and hold threads that end none.
    Who does as many as ever was at its limit before; that is told of one whose jobs in work are counted, and not of
    another, part of whose threads may hang while the others do what all did.
    Where jobs of a kind come that always took longer, a mean rises though none takes longer than its like did.
    """
    if began is None or errors(view, worker.ref):
        return ()
    done, took, busy = (_turned(view, worker, signal, began) for signal in (JOBS_DONE, JOB_TIME, JOBS_IN_WORK))
    if not done or not took:
        return ()
    more, longer = done[1] / done[0], took[1] / took[0]
    mixed = longer > SLOWER and of_another_kind(view, worker, began, Near.of(took[1]))
    if not (alike(*took) or mixed) or more < (FEWER if busy else GROWN):
        return ()
    if busy and more * longer < EXPLAINED * busy[1] / busy[0]:
        return ()
    like = "its like did" if mixed else "before"
    fact = f"each of its jobs takes as long as {like}, {took[1]:.2g} s, and it does {more:.1f} times as many"
    return (Evidence("metrics", worker.ref, fact),)


def _turned(view: View, worker: Workload, signal: str, began: datetime) -> tuple[float, float] | None:
    """Return how a signal of a worker stood before a moment, and stands now; None if nobody knows one of both."""
    for label in labels_of(view, worker.ref, signal):
        was, now = view.figures.before(signal, began, component=label), view.figures.now(signal, component=label)
        if was and now:
            return was, now
    return None


def remedy_in_line(view: View, workload: Workload) -> tuple[str, tuple[Evidence, ...], tuple[Excluded, ...]]:
    """Return what helps who has too much to do: no further replicas where what they ask has no session for them."""
    if left := no_session_left(view, workload):
        reason = "further replicas want sessions of their own, and what they ask has none left"
        return "page_human", left, excluding(workload.ref, reason, "scale_workload")
    return remedy_for_load(view, workload)


def no_session_left(view: View, workload: Workload) -> tuple[Evidence, ...]:
    """Return what shows that something which a workload asks has no room for the sessions of further replicas."""
    asks = view.graph.calls.get(workload.ref, ())
    return tuple(seen for each in full(view) if each.ref in asks for seen in each.evidence[:1])
