"""More demand than the replicas can carry, and it comes from outside."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._capacity import FROM_BEHIND, remedy_for_load, unblinded
from tuheg_ir.diagnosis.rules._figures import Turn, felt, rise
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.stillborn import stillborn
from tuheg_ir.diagnosis.view.trouble import labels_of, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

TIMES = 1.5
BLINDLY = 2.0
"""Where nobody knows how busy the pods are, requests have to grow so many times."""
BUSY = 0.8
"""Share of the CPU limit that leaves no room."""
FIRST = timedelta(minutes=10)
"""Demand that rises by and by is counted as more only later; what began so long before that is another trouble."""
ALIKE = 0.75
"""So large a share of the pods has to be busy: one busy pod is another trouble."""


def when(view: View) -> Iterator[Match]:
    """Requests grew, all pods are busy, and answers fail or are slow."""
    for workload in view.serving:
        grew = _rate(view, workload.ref)
        if grew is None or role(workload) or _released(workload, grew) or not _from_outside(view, workload):
            continue
        if grew.since is not None and _felt_before(view, workload, grew.since):
            continue  # what was missed before more was asked is not missed for that
        if stillborn(view, workload):
            continue  # the replicas that should carry it end at start: that is the matter
        suffers = felt(view, workload.ref)
        busy = tuple(_busy(view, workload))
        blind = not busy and _unmeasured(view, workload) and grew.now >= BLINDLY * grew.before
        if not suffers or not (busy or blind) or (blind and view.hits_of(workload.ref, *FROM_BEHIND)):
            continue
        if blind and since_release(workload, oldest(since for _, since in troubles(view, workload.ref))):
            continue
        remedy, more, excludes = remedy_for_load(view, workload)
        fact = f"{grew.before:.3g} requests a second before, {grew.now:.3g} now"
        found = Match(
            component=workload.ref,
            evidence=(Evidence("metrics", workload.ref, fact, grew.since), *suffers, *busy, *more),
            certainty=0.8 if busy else 0.5,
            remedy=remedy,
            since=grew.since,
            excludes=(
                *excludes,
                *excluding(workload.ref, "a restart adds no replica, and while it lasts there are fewer", *RESTARTS),
            ),
        )
        yield unblinded(view, workload, found)


def _felt_before(view: View, workload: Workload, grew: datetime) -> bool:
    """Tell whether requests failed or were slow well before there were more of them."""
    began = oldest(since for _, since in troubles(view, workload.ref))
    return began is not None and grew - began > FIRST


def _unmeasured(view: View, workload: Workload) -> bool:
    """Tell whether nobody knows how busy the pods are."""
    signals = ("cpu_share", "throttled_share", "cpu_usage")
    return all(view.figures.now(signal, pod=pod.name) is None for signal in signals for pod in workload.live)


def _rate(view: View, ref: str) -> Turn | None:
    for label in labels_of(view, ref, "request_rate"):
        for series in view.figures.series("request_rate", component=label):
            turn = rise(view, series, "request_rate", TIMES, 1.0)
            still = view.figures.still("request_rate", **series.labels)
            if turn and still is not None and still >= TIMES * turn.before:  # or the rush is over
                return turn
    return None


def _released(workload: Workload, grew: Turn) -> bool:
    if not workload.changes or workload.released_at is None or grew.since is None:
        return False
    return timedelta(0) <= grew.since - workload.released_at <= timedelta(minutes=15)


def _from_outside(view: View, workload: Workload) -> bool:
    """Tell whether who calls a workload got more requests as well, as far as that is measured."""
    callers = view.graph.asked_by(workload.ref)
    measured = [ref for ref in callers if labels_of(view, ref, "request_rate")]
    return not measured or any(_rate(view, ref) for ref in measured)


def _busy(view: View, workload: Workload) -> Iterator[Evidence]:
    for signal, limit, what in (
        ("cpu_share", BUSY, "of the CPU limit"),
        ("throttled_share", 0.25, "of the time throttled"),
    ):
        shares = [view.figures.now(signal, pod=pod.name) for pod in workload.live]
        known = [share for share in shares if share is not None]
        over = [share for share in known if share >= limit]
        if known and len(over) >= ALIKE * len(known):
            yield Evidence("metrics", workload.ref, f"{len(over)} of {len(known)} pods: {min(over):.0%} or more {what}")


RULE = Rule(
    name="traffic_grew",
    title="Demand from outside grew beyond what the replicas carry",
    root_cause="capacity",
    remedy="scale_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no service got many more requests while all its pods are busy",
    follows=True,
)
