"""Pods do nothing more since a server that they ask was started anew, and say nothing of it; what they do waits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._failing_since import speaks
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._made_anew import started_well
from tuheg_ir.diagnosis.rules._readers import backlogs
from tuheg_ir.diagnosis.rules._unread_queue import alarmed
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.marked import marked
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.stores import is_store, keeps_data
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.work import work_of
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload

NEAR = timedelta(minutes=5)
"""Who loses what he asks says so for so long, and what he says last is that he has it again."""
LONG = timedelta(minutes=15)
"""A silence that is shorter may be one between two pieces of work."""
REGULAR = 20
"""Lines before that show how often something is said."""
TIMES = 3
"""The silence has to be so many times as long as the longest before."""
LEFT = 0.3
"""Share of the former processor time from which on a pod does nothing."""


def when(view: View) -> Iterator[Match]:
    """All pods that are older than a server's process fell silent with it, younger ones or others work, work waits."""
    for workload in view.serving:
        if is_store(workload) or keeps_data(view, workload):
            continue
        for server in view.called(workload.ref):
            started = started_well(server)
            if started is None or not view.recent(started) or view.recent(started, LONG):
                continue
            if since_release(workload, started):
                continue  # a young release may fall silent by itself
            grew = next((evidence for evidence, _ in backlogs(view, workload)), None)
            waits = grew or alarmed(view, workload, server, started)
            if waits is not None and (seen := _silent(view, workload, server, started)):
                yield _match(view, workload, server, started, (waits, *seen))
                break


def _silent(view: View, workload: Workload, server: Workload, started: datetime) -> tuple[Evidence, ...]:
    """Return that all older pods fell silent as a server was started, and who shows that a new one would work.

    Who was started while the server was away has never asked its former process: if he works he is no older one.
    """
    older = [pod for pod in workload.live if pod.ready and _older(pod, started) and _fell_silent(view, pod, started)]
    later = [pod for pod in workload.live if pod not in older]
    if not older or any(_older(pod, started - NEAR) for pod in later):
        return ()
    told = f"{len(older)} pods that were started before that have said nothing since"
    seen = Evidence("logs", workload.ref, told, started)
    if later:
        fine = all(pod.ready and speaks(view, pod) for pod in later) and not _fails(view, workload, later)
        return (seen, Evidence("logs", f"Pod/{later[0].name}", "it is younger than those, and works")) if fine else ()
    for ref in sorted(view.graph.callers(server.ref) - {workload.ref}):
        other = view.workloads.get(ref)
        if other is None or other.kind in BATCH or server not in view.called(ref) or _fails(view, other, other.live):
            continue
        if any(speaks(view, pod) for pod in other.live):
            return (seen, Evidence("logs", other.ref, f"it asks {server.ref} too, and works"))
    return ()


def _older(pod: Pod, at: datetime) -> bool:
    return pod.started is not None and pod.started < at


def _fails(view: View, workload: Workload, pods: Iterable[Pod]) -> bool:
    """Tell whether pods tell of errors now; what they told while the server was away is over."""
    return any(each.lately.get(pod.name) for each in marked(view, workload) for pod in pods)


def _fell_silent(view: View, pod: Pod, at: datetime) -> bool:
    """Tell whether a pod spoke regularly up to a moment, has said nothing since, and does nothing if that is measured.

    ``at``: the end of what it lost; its last words may tell of that.
    """
    times = [t for log in view.logs_of([pod], previous=False) for line in log.lines if (t := stamp(line)) is not None]
    before = sorted(t for t in times if t < at)
    if len(before) < REGULAR or not -NEAR <= max(times) - at <= NEAR:
        return False
    silence = view.now - max(times)
    usual = max(b - a for a, b in pairwise(before))
    work = work_of(view, pod.name)
    return silence >= LONG and silence >= TIMES * usual and (work is None or work.left <= LEFT)


def _match(view: View, workload: Workload, server: Workload, at: datetime, seen: tuple[Evidence, ...]) -> Match:
    started = Evidence("objects", server.ref, "it was started anew, and is ready since", at)
    well = f"{server.ref} is well: nothing done to it wakes who keeps sessions of its former process"
    return Match(
        component=workload.ref,
        evidence=(started, *seen),
        certainty=0.6,
        since=at,
        explains=behind(view, workload.ref, but=workload.ref),
        excludes=(
            *excluding(workload.ref, f"its older pods fell silent as {server.ref} was started", "rollback_workload"),
            *excluding(workload.ref, "more pods leave those as they are that do nothing", "scale_workload"),
            *not_for((server.ref,), well),
        ),
    )


RULE = Rule(
    name="silent_since_a_change",
    title="Pods do nothing more since a server that they ask was started anew",
    root_cause="service_crash",
    remedy="restart_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no workload's older pods fell silent as a server that they ask was started anew, while work waits",
)
