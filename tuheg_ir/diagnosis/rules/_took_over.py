"""Readers of a queue that took over from others which were taken down, and are far fewer than these were.

Who moves work from one workload to another stops what scales them for it, and forgets that afterwards. Those that took
over do as much each as the former ones did, or more: their number is what lacks.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Excluded, Series
from tuheg_ir.diagnosis.rule import RESTARTS, Match, excluding
from tuheg_ir.diagnosis.rules._after_outage import away_at
from tuheg_ir.diagnosis.rules._figures import SLOW_S, Turn
from tuheg_ir.diagnosis.rules._held_up import few_of_its_lines, held_up_before, held_up_by
from tuheg_ir.diagnosis.rules._in_line import FEWER, JOB_TIME, JOBS_DONE, jobs_in_line, remedy_in_line
from tuheg_ir.diagnosis.rules._in_one_part import in_one_part
from tuheg_ir.diagnosis.rules._job_times import SLOWER
from tuheg_ir.diagnosis.rules._one_has_all import at_their_limit, far_busier
from tuheg_ir.diagnosis.rules._poolers import BUSY, is_busy
from tuheg_ir.diagnosis.rules._publishing import flooded_by
from tuheg_ir.diagnosis.rules._readers import given_up, groups_of, grown, name_of, queues, queues_of, reader, silent
from tuheg_ir.diagnosis.rules._slackened import slackened
from tuheg_ir.diagnosis.rules._turned_away import turned_away
from tuheg_ir.diagnosis.rules._twins import another_program, programs
from tuheg_ir.diagnosis.rules._unreadable import stopped_by
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.programs import DATA, of_role, role
from tuheg_ir.diagnosis.view.reading import created, last_write, name
from tuheg_ir.diagnosis.view.releases import since_release, soon_after
from tuheg_ir.diagnosis.view.scaling import autoscaler, is_paused, may_go_to_nought, pinned_at, scaled_by
from tuheg_ir.diagnosis.view.stores import is_store, keeps_data
from tuheg_ir.diagnosis.view.trouble import errors, labels_of
from tuheg_ir.diagnosis.view.usage import starving
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

FAR_FEWER = 0.7
"""Who took over with no more than so large a part of the former pods may have too few."""
LATELY = timedelta(days=3)
"""Of one program, who is so young, or of another version, was made to take over; else both read side by side."""
MELTS = 0.95
"""A queue that is shorter than so large a part of what it was is worked off: whoever lacked came."""
_TO_NOUGHT = late(r"^Scaled down replica set \S{1,253} (?:to 0 from (\d{1,6})|from (\d{1,6}) to 0)\b")


class _Former(NamedTuple):
    """Who read a queue before, how many pods it had, and since when it has none, or was on the way to it."""

    workload: Workload
    pods: float
    since: datetime


@once
def took_over(view: View, workload: Workload) -> Match | None:
    """Return that a workload, all pods of which are well, took a queue over from far more pods that were taken down."""
    lacks = not workload.live or workload.ready < workload.wanted
    if role(workload) or lacks or is_store(workload) or keeps_data(view, workload) or _scaled_by_itself(view, workload):
        return None
    for series in queues(view):
        grew = grown(view, series)
        if grew is None or given_up(view, series) or _melts(view, series, grew):
            continue
        if reader(view, series, left=True) is not workload:
            continue
        for former in _formers(view, workload, name_of(series)):
            if FAR_FEWER * former.pods <= workload.wanted or not soon_after(grew.since, former.since):
                continue
            if _ails(view, workload, series, grew) or _slower(view, workload, former):
                continue
            proved = jobs_in_line(view, workload, grew.since) or _as_much_each(view, workload, former)
            if proved or not since_release(workload, grew.since):
                return _match(view, workload, former, grew, proved)
    return None


def _scaled_by_itself(view: View, workload: Workload) -> bool:
    """Tell whether something scales a workload that nobody told to stop: it gives pods, or what it goes by is wrong."""
    scaler, ours = autoscaler(view, workload.ref), view.snapshot.of("ScaledObject")
    sees = scaler is not None and not scaler.blind
    return sees or any(scaled_by(each) == workload.ref and not is_paused(each) for each in ours)


def _melts(view: View, series: Series, grew: Turn) -> bool:
    """Tell whether a queue is worked off by now."""
    return grew.now < MELTS * (view.figures.alone("queue_depth", series).peak("queue_depth") or 0.0)


def _formers(view: View, workload: Workload, queue: str) -> Iterator[_Former]:
    """Yield who was told to read the same, of the same store, and was taken down by hand for those who read it now."""
    for other in view.serving:
        if other is workload or other.wanted or role(other) or may_go_to_nought(view, other.ref):
            continue
        read = queues_of(other.template)
        same = queue in read or groups_of(view, other) & groups_of(view, workload)
        mine, theirs = (set(view.graph.calls.get(each.ref, ())) for each in (workload, other))
        if not same or (mine and theirs and not mine & theirs) or not _later(view, workload, other):
            continue
        if read != queues_of(workload.template):
            continue  # who has work of another kind besides helps out with this
        if had := _had(view, other):
            yield _Former(other, *had)


def _later(view: View, workload: Workload, other: Workload) -> bool:
    """Tell whether a workload was made to take over from another: it is young, or runs the program in another version.

    Two programs that read one queue have each its own part in that, or one is there for when the other fails.
    """
    if another_program(workload, other):
        return False
    mine, theirs = created(workload.obj), created(other.obj)
    younger = mine is not None and theirs is not None and theirs < mine and view.recent(mine, LATELY)
    runs, ran = (programs(each, tags=True) for each in (workload, other))
    return younger or not (runs <= ran or ran <= runs)  # one may have a helper beside it that the other has not


def _had(view: View, former: Workload) -> tuple[float, datetime] | None:
    """Return how many pods a workload had that has none now, and when it began to lose them; None if nobody tells."""
    for label in labels_of(view, former.ref, "replicas_wanted"):
        was = view.figures.first("replicas_wanted", component=label)
        since = view.figures.crossed("replicas_wanted", (was or 0.0) - 0.5, below=True, component=label)
        if was and since:
            return was, since
    for event in view.events_of(former.ref, "ScalingReplicaSet"):
        if (found := _TO_NOUGHT.search(event.message)) and event.last:
            return float(found[1] or found[2]), event.last
    return None


def _ails(view: View, workload: Workload, series: Series, grew: Turn) -> bool:
    """Tell whether something else than their number keeps readers from their work: further ones would do no more."""
    held = held_up_by(view, workload) or held_up_before(view, workload, grew.since) or errors(view, workload.ref)
    if held or any(silent(view, workload)) or not few_of_its_lines(view, workload, grew.since):
        return True
    if in_one_part(view, series, workload.ref) or stopped_by(view, workload) or slackened(view, workload, grew):
        return True
    if flooded_by(view, grew) or turned_away(view, workload) or away_at(view, workload, grew.since):
        return True
    return bool(at_their_limit(view, workload) or far_busier(view, workload)) or _narrow_behind(view, workload)


def _narrow_behind(view: View, workload: Workload) -> bool:
    """Tell whether something that readers ask is busy, full or slow, however long it has been: further ones wait there.

    That may be why the former ones were taken down. A Secret may keep the address of any store.
    """
    asked = {each.ref: each for each in (*view.called(workload.ref), *of_role(view.workloads, *DATA))}
    full = any(each.used >= BUSY * each.usable for each in view.databases if each.usable)
    if full or any(is_busy(view, each) or starving(view, each) for each in asked.values()):
        return True
    waits = {"dependency_latency_p95": (workload.ref,), "latency_p95": tuple(asked)}
    known = (
        (signal, label) for signal, refs in waits.items() for ref in refs for label in labels_of(view, ref, signal)
    )
    return any((view.figures.now(signal, component=label) or 0.0) >= SLOW_S for signal, label in known)


def _slower(view: View, workload: Workload, former: _Former) -> bool:
    """Tell whether those who took over take longer for a job than the former ones, or do fewer each, as they count."""
    took, did = _beside(view, workload, former, JOB_TIME), _beside(view, workload, former, JOBS_DONE)
    longer = took is not None and took[1] > SLOWER * took[0]
    return longer or (did is not None and did[1] / len(workload.live) < FEWER * did[0] / former.pods)


def _as_much_each(view: View, workload: Workload, former: _Former) -> tuple[Evidence, ...]:
    """Return that each pod does as much as each of the former ones did, by their count of jobs; () if nobody counts."""
    did = _beside(view, workload, former, JOBS_DONE)
    if did is None:
        return ()
    each = did[1] / len(workload.live)
    fact = f"each of its pods does {each:.2g} jobs a second, each of the former ones did {did[0] / former.pods:.2g}"
    return (Evidence("metrics", workload.ref, fact),)


def _beside(view: View, workload: Workload, former: _Former, signal: str) -> tuple[float, float] | None:
    """Return how a signal of the former readers stood until they were taken down, and how that of the others stands."""
    was = [
        view.figures.before(signal, former.since, component=label)
        for label in labels_of(view, former.workload.ref, signal)
    ]
    now = [view.figures.now(signal, component=label) for label in labels_of(view, workload.ref, signal)]
    known = [each for each in was if each], [each for each in now if each]
    return (max(known[0]), max(known[1])) if all(known) else None


def _match(view: View, workload: Workload, former: _Former, grew: Turn, proved: tuple[Evidence, ...]) -> Match:
    other = former.workload
    gone = f"{other.ref}, which read the same queue, had {former.pods:.0f} pods and has none"
    few = f"its {len(workload.live)} pods took over: {grew.before:.0f} messages waited, now {grew.now:.0f}"
    remedy, seen, barred = _remedy(view, workload)
    reason = "it does its jobs as the former readers did: a restart adds none, and while it lasts there are fewer"
    return Match(
        component=workload.ref,
        evidence=(
            Evidence("metrics", other.ref, gone, former.since),
            Evidence("metrics", workload.ref, few, grew.since),
            *_paused(view, workload.ref),
            *proved,
            *seen,
        ),
        certainty=0.7 if proved else 0.55,
        remedy=remedy,
        since=grew.since,
        explains=(other.ref,),
        excludes=(
            *barred,
            *excluding(workload.ref, reason, *RESTARTS),
            *excluding(workload.ref, "what lacks is replicas, in each of its versions", "rollback_workload"),
        ),
    )


def _remedy(view: View, workload: Workload) -> tuple[str, tuple[Evidence, ...], tuple[Excluded, ...]]:
    """Return what helps: no further replicas by hand where what is paused holds it at a number that is written down."""
    if (number := pinned_at(view, workload.ref)) is None:
        return remedy_in_line(view, workload)
    reason = f"its autoscaler is told to hold it at {number} replicas, and takes others back"
    return "page_human", (), excluding(workload.ref, reason, "scale_workload")


def _paused(view: View, ref: str) -> Iterator[Evidence]:
    """Yield what could give a workload pods and was told not to."""
    for each in view.snapshot.of("ScaledObject"):
        if scaled_by(each) == ref:
            yield Evidence("objects", f"ScaledObject/{name(each)}", "it is paused: it adds no pods", last_write(each))
