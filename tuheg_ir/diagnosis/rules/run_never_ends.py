"""A run within a process does not end, and all that should follow are passed over: only a new process does its work.

The process is alive, and goes on to renew the lease by which it leads: so nobody takes over, and no probe ends it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._fed_by import share_a_store
from tuheg_ir.diagnosis.rules._held_up import WAITS, held_up_by
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._missed import felt_since, missed_by_others
from tuheg_ir.diagnosis.rules.all_stuck import idle, stuck_again
from tuheg_ir.diagnosis.stamps import stamp, without_time
from tuheg_ir.diagnosis.state import belongs_to
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.marked import shape_of
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import parse_moment, text
from tuheg_ir.diagnosis.view.stores import keeps_data
from tuheg_ir.diagnosis.view.threads import left_off
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.workloads import Workload

LONG = timedelta(hours=12)
"""What nobody has done for longer is not what is missed now."""
AROUND = timedelta(minutes=15)
"""So near to the last that was done stands what it ended of."""
RENEWED = timedelta(minutes=2)
"""Who has renewed a lease so lately holds it."""
_ENDS = ("code_crash", "stuck")
"""Troubles of a part of a process, of which the rest of it may not end."""


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
        for hit in view.hits_of(workload.ref, "run_passed_over"):
            stands = None if hit.previous or hit.count < OFTEN or not fresh(view, hit) else _stands(view, workload, hit)
            if stands is None or not view.recent(stands.last, LONG):
                continue
            own = tuple(_felt(view, workload, stands.last))
            if own or missed_by_others(view, workload, stands.last):
                yield _match(view, workload, stands, own)
                break


def _stands(view: View, workload: Workload, hit: Hit) -> _Stands | None:
    """Return that the pod of a line does nothing since it came, nor another pod for it; None if it is not so."""
    logs = list(view.logs_of(workload.live, previous=False))
    mine = next((log for log in logs if (log.pod, log.container) == (hit.pod, hit.container)), None)
    done = left_off(mine, hit.first, view.now) if mine is not None and hit.first is not None else None
    if done is None:
        return None
    work, last = done
    if any(each.pod == hit.pod and _since(each, last) for each in view.hits_of(workload.ref, *WAITS)):
        return None  # what it waits for makes a new process wait as well
    shape = shape_of(without_time(work))
    for line in (line for log in logs if log is not mine for line in log.lines):
        if (at := stamp(line)) is not None and at > last and shape_of(without_time(line)) == shape:
            return None  # another pod does it
    shown = tuple(_shown(view, workload, hit, last))
    return _Stands(hit, work, last, shown) if shown else None


def _since(hit: Hit, last: datetime) -> bool:
    """Tell whether a trouble may have been told since a moment."""
    return hit.last is None or hit.last >= last


def _felt(view: View, workload: Workload, last: datetime) -> Iterator[Evidence]:
    """Yield who feels it since then, beside its own log."""
    for sign in felt_since(view, workload, last):
        if sign.source != "logs" or belongs_to(view, sign) != workload.ref:
            yield sign


def _shown(view: View, workload: Workload, hit: Hit, last: datetime) -> Iterator[Evidence]:
    """Yield what tells a run that stands still from one that takes long: a part of it ended, or it uses no processor.

    Who waits for a store uses none either.
    """
    ends = (each for each in view.hits_of(workload.ref, *_ENDS) if each.pod == hit.pod and not each.previous)
    near = [each for each in ends if each.first is not None and last <= each.first <= last + AROUND]
    yield from (view.hit_evidence(each) for each in near[:1])
    stores = any(role(each) in DATA for each in view.called(workload.ref))
    if near or not stores:
        yield from (each for each in idle(view, workload) if each.object == f"Pod/{hit.pod}")


def _leads(view: View, pod: str) -> Iterator[Evidence]:
    """Yield the lease that a pod holds still."""
    for lease in view.snapshot.of("Lease"):
        renewed = parse_moment(text(lease, "spec", "renewTime"))
        if text(lease, "spec", "holderIdentity").startswith(pod) and view.recent(renewed, RENEWED):
            fact = f"it holds the lease {text(lease, 'metadata', 'name')}, and renews it: nobody takes over"
            yield Evidence("objects", f"Pod/{pod}", fact, renewed)


def _match(view: View, workload: Workload, stands: _Stands, own: tuple[Evidence, ...]) -> Match:
    readers = {w.ref for w in view.serving if w is not workload and share_a_store(view, workload, w)}
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
