"""A run within a process does not end, and all that should follow are passed over: only a new process does its work.

The process is alive, and goes on to renew the lease by which it leads: so nobody takes over, and no probe ends it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rule import Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._fed_by import share_a_store
from tuheg_ir.diagnosis.rules._held_up import WAITS, held_up_by
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._missed import felt_since, missed_by_others
from tuheg_ir.diagnosis.rules.all_stuck import idle, stuck_again
from tuheg_ir.diagnosis.stamps import stamp, without_time
from tuheg_ir.diagnosis.state import belongs_to
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.logs import Hit, tells
from tuheg_ir.diagnosis.view.marked import shape_of
from tuheg_ir.diagnosis.view.reading import parse_moment, text
from tuheg_ir.diagnosis.view.stores import keeps_data
from tuheg_ir.diagnosis.view.threads import left_off
from tuheg_ir.diagnosis.view.trouble import OFTEN, told_errors
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

LONG = timedelta(hours=12)
"""What nobody has done for longer is not what is missed now."""
RENEWED = timedelta(minutes=2)
"""Who has renewed a lease so lately holds it."""
_OVER = timedelta(hours=1)
"""So long after a way to others was whole again, whoever still waits for an answer over it gets none."""
_BROKEN = ("connection_timeout", "connection_reset", "connection_refused", "dns")
"""Troubles of a way to others, which may leave a call without an answer and without an error."""
_CRASH = "code_crash"
"""The trouble of a part of a process, of which the rest of it may not end."""


class _Stands(NamedTuple):
    """The pod that passes its runs over, what it often told and when last, and what shows that it does nothing."""

    hit: Hit
    work: str
    last: datetime
    shown: tuple[Evidence, ...]


def when(view: View) -> Iterator[Match]:
    """A pod tells again and again that a run is not over, does nothing since, nor do others for it; it is missed."""
    for workload in view.serving:
        if stuck_again(view, workload) or keeps_data(view, workload) or held_up_by(view, workload):
            continue
        stands = _stands(view, workload)
        if stands is None or not view.recent(stands.last, LONG):
            continue
        own = tuple(_felt(view, workload, stands.last))
        if own or missed_by_others(view, workload, stands.last):
            yield _match(view, workload, stands, own)


def _stands(view: View, workload: Workload) -> _Stands | None:
    """Return the pod that passes its runs over and does nothing since, nor another for it; None if it is not so."""
    logs = list(view.logs_of(workload.live, previous=False))
    if {log.pod for log in logs} != {pod.name for pod in workload.live} or (
        hit := _passes_over(view, workload)
    ) is None:
        return None  # nobody knows what the others do
    mine = next((log for log in logs if (log.pod, log.container) == (hit.pod, hit.container)), None)
    started = next((pod.started for pod in workload.live if pod.name == hit.pod), None)
    if mine is None or started is None or hit.first is None:
        return None
    done = left_off(mine, hit.first, view.now, started)
    if done is None:
        return None
    work, last = done
    broken = _broken_way(view, workload, hit.pod, last, hit.first)
    if _waits(view, workload, hit.pod, last, hit.first if broken else None):
        return None
    shape = shape_of(without_time(work))
    for line in (line for log in logs if log is not mine for line in log.lines):
        if (at := stamp(line)) is not None and at > last and shape_of(without_time(line)) == shape:
            return None  # another pod does it
    unused = [each for each in idle(view, workload) if each.object == f"Pod/{hit.pod}"]
    if broken:
        # Where nobody measures how busy it is, it shows that it does something by what it tells.
        still = unused or (not view.figures.series("cpu_share", pod=hit.pod) and _tells_nothing_new(mine, hit.first))
        return _Stands(hit, work, last, (view.hit_evidence(broken), *unused)) if still else None
    crash = _ended_of(view, workload, hit.pod, last, hit.first)
    return _Stands(hit, work, last, (view.hit_evidence(crash), *unused)) if crash and unused else None


def _passes_over(view: View, workload: Workload) -> Hit | None:
    """Return what the one pod of a workload tells that passes its runs over; None: there is none.

    What befalls several, or a process and the one before it, is in what they are given.
    """
    hits = view.hits_of(workload.ref, "run_passed_over")
    if len(hits) != 1 or hits[0].previous or hits[0].count < OFTEN or not fresh(view, hits[0]):
        return None
    return hits[0]


def _waits(view: View, workload: Workload, pod: str, last: datetime, over: datetime | None) -> bool:
    """Tell whether a pod may have told since a moment that it waits for somebody: a new process waits as well.

    ``over``: what was told until then only is known to be over.
    """
    told = [hit for hit in view.hits_of(workload.ref, *WAITS) if hit.pod == pod]
    return any(hit.last is None or (hit.last >= last if over is None else hit.last > over) for hit in told)


def _felt(view: View, workload: Workload, last: datetime) -> Iterator[Evidence]:
    """Yield who feels it since then, beside its own log."""
    for sign in felt_since(view, workload, last):
        if sign.source != "logs" or belongs_to(view, sign) != workload.ref:
            yield sign


def _ended_of(view: View, workload: Workload, pod: str, last: datetime, passed: datetime) -> Hit | None:
    """Return what tells a run that stands still from one that waits for somebody: a part of it crashed.

    It did so only after the last run that ended and before the first that was passed over: what crashes at other times
    is of something else. Alone it proves nothing: a run may pass over what it cannot read, and take long.
    """
    for hit in view.hits_of(workload.ref, _CRASH):
        near = hit.first is not None and hit.last is not None and last <= hit.first and hit.last <= passed
        if near and hit.pod == pod and not hit.previous:
            return hit
    return None


def _broken_way(view: View, workload: Workload, pod: str, last: datetime, passed: datetime) -> Hit | None:
    """Return what a pod tells of a way that broke under a run, and was whole again for all that came after.

    A call that was under way then may wait for ever, if it has no limit. It was told after what the run did last and
    before the first that was passed over, never since, nor does anybody else tell of such a way by now.
    """
    if view.now - passed < _OVER:
        return None
    if any(hit.last is None or hit.last > view.now - _OVER for ref in view.workloads for hit in _ways(view, ref)):
        return None
    mine = [hit for hit in _ways(view, workload.ref) if hit.pod == pod]
    under = (h for h in mine if h.first is not None and h.last is not None and last <= h.first and h.last <= passed)
    found = next(under, None)
    return None if any(hit.last is None or hit.last > passed for hit in mine) else found


def _tells_nothing_new(log: Log, passed: datetime) -> bool:
    """Tell whether a log tells nothing since a moment that it did not tell before, but that runs are passed over.

    A run that takes long because it has much to do may say how far it is.
    """
    split = next((n for n, line in enumerate(log.lines) if (at := stamp(line)) is not None and at >= passed), 0)
    before = {shape_of(without_time(line)) for line in log.lines[:split]}
    since = (line for line in log.lines[split:] if not tells("run_passed_over", line))
    return all(shape_of(without_time(line)) in before for line in since)


def _ways(view: View, ref: str) -> list[Hit]:
    """Return what a workload's present containers tell of broken ways to others."""
    return [hit for hit in view.hits_of(ref, *_BROKEN) if not hit.previous]


def _leads(view: View, pod: str) -> Iterator[Evidence]:
    """Yield the lease that a pod holds still."""
    for lease in view.snapshot.of("Lease"):
        renewed = parse_moment(text(lease, "spec", "renewTime"))
        holder = text(lease, "spec", "holderIdentity").partition("_")[0]  # behind it stands an id of the process
        if holder == pod and view.recent(renewed, RENEWED):
            fact = f"it holds the lease {text(lease, 'metadata', 'name')}, and renews it: nobody takes over"
            yield Evidence("objects", f"Pod/{pod}", fact, renewed)


def _match(view: View, workload: Workload, stands: _Stands, own: tuple[Evidence, ...]) -> Match:
    # Who only reads what is there has no errors of its own.
    others = (w for w in view.serving if w is not workload and not told_errors(view, w))
    readers = {w.ref for w in others if share_a_store(view, workload, w)}
    near = behind(view, workload.ref, but=workload.ref)
    missed = f"often told before, and never since: {stands.work[:200]}"
    return Match(
        component=workload.ref,
        evidence=(
            view.hit_evidence(stands.hit),
            Evidence("logs", f"Pod/{stands.hit.pod}", missed, stands.last),
            *stands.shown,
            *_leads(view, stands.hit.pod),
            *own[:1],
        ),
        certainty=0.6,
        since=stands.last,
        explains=tuple(sorted(readers.union(near))),
        excludes=excluding(workload.ref, "no release came with it", "rollback_workload"),
    )


RULE = Rule(
    name="run_never_ends",
    title="A run within a process does not end, and those after it are passed over",
    root_cause="service_crash",
    remedy="restart_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no process that is missed tells that a run of its own does not end",
    follows=True,
)
