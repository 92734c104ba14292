"""Errors of a release on a path that is used only now and then: they come in waves, and between them all is well.

The first wave after the release is the first that fails, however late that is. New pods have only new logs: that none
failed before is known of who asks, as he did then, or of figures that reach back as far.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._blames_another import blames_itself
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import UNANSWERED
from tuheg_ir.diagnosis.view.hosts import hosts_named
from tuheg_ir.diagnosis.view.logs import Hit, heard_since, tells
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import BEFORE, since_release
from tuheg_ir.diagnosis.view.trouble import ERRORS, OFTEN, labels_of, own_errors, told_errors
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes
from tuheg_ir.named import NamedTuple

APART = timedelta(minutes=5)
"""What pauses for so long comes in waves."""
SLACK = 1.25
"""A wave may come a little later than the last one did."""


class Told(NamedTuple):
    """The errors of a release's own work, since when they are, and what shows that there were none before it."""

    hits: tuple[Hit, ...]
    began: datetime | None
    shown: tuple[Evidence, ...]


class _Failures(NamedTuple):
    """When requests to a workload failed, since when that would be known, and how it is known."""

    times: Sequence[datetime]
    heard: datetime
    source: str
    object: str
    fact: str


def told_since(view: View, workload: Workload, *, felt: bool) -> Told | None:
    """Return the errors that began with a release, as its pods tell, or the first wave after it that failed.

    ``felt``: users suffer right now, since a time that says nothing of the release; only waves tell then.
    """
    hits = () if felt else told_errors(view, workload)
    began = oldest(hit.first for hit in hits)
    if hits and (began is None or since_release(workload, began)):
        return Told(hits, began, ())
    own = own_errors(view, workload)
    if 2 * len({hit.pod for hit in own}) < len(workload.newest_pods()) or not blames_itself(view, workload):
        return None
    shown = _first_wave(view, workload) if own else None
    return Told(own, shown.time, (shown,)) if shown else None


def _first_wave(view: View, workload: Workload) -> Evidence | None:
    """Return what shows that failures which pause for long came first with the first wave after a release."""
    came = workload.released_at
    if came is None:
        return None
    for each in (*_of_figures(view, workload), *_of_callers(view, workload, came)):
        pause = max((later - sooner for sooner, later in pairwise(each.times)), default=timedelta(0))
        first, last = each.times[0], each.times[-1]
        if pause < APART or first < came + BEFORE or first - came > SLACK * pause:
            continue
        if view.now - last > SLACK * pause or came - each.heard < SLACK * pause:
            continue  # it is over, or the wave before the release may have failed as well
        if not changed_between(view, workload, came, first):
            return Evidence(each.source, each.object, each.fact, first)
    return None


def _of_figures(view: View, workload: Workload) -> Iterator[_Failures]:
    for points in shares_of(view, workload.ref):
        times = [at for at, share in points if share > ERRORS]
        if times:
            most = max(share for _, share in points)
            fact = f"up to {most:.1%} of requests fail in waves, and none did so before its release"
            yield _Failures(times, points[0][0], "metrics", workload.ref, fact)


def shares_of(view: View, ref: str) -> Iterator[Sequence[tuple[datetime, float]]]:
    """Yield which share of the requests to a workload failed when, as figures tell."""
    for label in labels_of(view, ref, "error_ratio"):
        for series in view.figures.series("error_ratio", component=label):
            yield [(datetime.fromtimestamp(at, view.now.tzinfo), share) for at, share in series.points]


def _of_callers(view: View, workload: Workload, came: datetime) -> Iterator[_Failures]:
    """Yield what those tell who ask a workload, name it and were not released since nor shortly before."""
    for caller in (view.workloads[ref] for ref in sorted(view.graph.callers(workload.ref)) if ref in view.workloads):
        if (heard := all_heard_since(view, caller)) is None:
            continue
        logs = view.logs_of(caller.live, previous=False)
        told = [line for log in logs for line in log.lines if _names(view, line, workload.ref)]
        times = sorted(at for line in told if (at := stamp(line)) is not None)
        if len(times) >= OFTEN:
            fact = (
                f"{len(times)} lines in waves, and none before {workload.ref} was released at {came:%H:%M}: {told[0]}"
            )
            yield _Failures(times, heard, "logs", caller.ref, fact)


def all_heard_since(view: View, workload: Workload) -> datetime | None:
    """Return since when the logs of all pods of a workload are known; None if any of them is not, or bears no time."""
    logs = list(view.logs_of(workload.live, previous=False))
    starts = [heard_since([log]) for log in logs]
    known = [at for at in starts if at is not None]
    if {log.pod for log in logs} != {pod.name for pod in workload.live} or len(known) < len(starts):
        return None
    return max(known, default=None)


def _names(view: View, line: str, ref: str) -> bool:
    """Tell whether a line is of who got no good answer from a workload, which it names."""
    if not any(tells(trouble, line) for trouble in UNANSWERED):
        return False
    return any(view.graph.resolve(host) == ref for host in hosts_named([line]))


def changed_between(
    view: View, workload: Workload, came: datetime, first: datetime, least: timedelta = timedelta(0)
) -> bool:
    """Tell whether who asks it or whom it asks was released, or what it or the latter reads written, until it failed.

    In as long a time before as well: the wave before the release may have been the last of what was before that.
    ``least``: look so far back at least, where it failed soon.
    """
    start = came - max(first - came, least)
    asked = [each for each in view.called(workload.ref) if each is not workload]
    callers = [view.workloads[ref] for ref in view.graph.callers(workload.ref) if ref in view.workloads]
    times = [each.released_at for each in (*asked, *callers) if each.changes]
    times += [at for each in (workload, *asked) for _, at in outside_changes(view, each)]
    return any(at is not None and start <= at <= first for at in times)
