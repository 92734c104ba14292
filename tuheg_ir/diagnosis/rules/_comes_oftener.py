"""Runs that come far more often since somebody wrote their schedule anew, and leave little time between them.

What holds a table for some minutes a night holds it for most of a day at ten minutes' distance: no single run is ill.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rules._first_run_since import FirstRun, minutes
from tuheg_ir.diagnosis.rules._moved_hour import started_by_hand
from tuheg_ir.diagnosis.view.batch import complete, ended, started
from tuheg_ir.diagnosis.view.pods import controller
from tuheg_ir.diagnosis.view.reading import created, mapping, moment, ref, text, writers
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

TIMES = 3.0
"""So many times as often as before, runs come at another pace."""
LEAST = 3
"""So many runs since an edit show a pace."""
MUCH = 0.25
"""Share of the time since then in which a run has to be at work: what is done at once holds nobody up for long."""
LATELY = timedelta(hours=6)
"""Where no run before an edit is kept, one that is older may have hurt nobody until then."""
_MINUTE = timedelta(minutes=1)
_PACE = ("f:schedule", "f:timeZone", "f:concurrencyPolicy", "f:startingDeadlineSeconds")
"""What an edit of the pace alone writes; who applies a whole schedule anew writes all of it, whatever differs."""


def oftener(view: View, schedule: Workload) -> FirstRun | None:
    """Return the newest run of a CronJob whose runs come far more often, and take long, since its schedule was edited.

    It begins with the first run at that pace. Where runs before the edit are no longer kept, an edit of the pace alone
    has to tell of it, since which runs overlap.
    """
    edit = max(_edits(schedule.obj), default=None)
    jobs = [job for job in view.snapshot.of("Job") if controller(job) == schedule.ref and not started_by_hand(job)]
    runs = sorted(((began, job) for job in jobs if (began := started(job))), key=lambda each: each[0])
    if edit is None:
        return None
    at, pace_alone = edit
    before, since = [began for began, _ in runs if began < at], [each for each in runs if each[0] >= at]
    pods = [pod for pod in schedule.pods if pod.created and pod.created >= at]
    if len(since) < LEAST or not pods:
        return None
    pace = (since[-1][0] - since[0][0]) / (len(since) - 1)
    spans = [(began, _over(job) or view.now) for began, job in since]
    if before:
        usual = min((after - first for first, after in pairwise(before)), default=at - before[-1])
        if usual < TIMES * pace or not (len(before) > 1 or pace_alone) or _at_work(spans, view.now) < MUCH:
            return None
        was = f"; before, every {minutes(usual)}"
    elif pace_alone and view.recent(at, LATELY) and _overlap(spans):
        was = ", and overlap"
    else:
        return None
    came = f"{len(since)} runs came since, every {minutes(pace)}{was}"
    written = f"its schedule was edited: {text(schedule.obj, 'spec', 'schedule')}"
    return FirstRun(
        schedule=schedule,
        job=since[-1][1],
        pod=max(pods, key=lambda pod: (pod.phase == "Running", str(pod.created))),
        began=since[0][0] if before else at,
        changed=schedule.ref,
        released=False,
        shown=(
            Evidence("objects", schedule.ref, written, at),
            Evidence("objects", ref(since[0][1]), came, since[0][0]),
        ),
        moved=True,
    )


def _edits(obj: Obj) -> Iterable[tuple[datetime, bool]]:
    """Yield when somebody wrote the schedule of a CronJob after it was made, and whether that was its pace alone."""
    made = created(obj)
    for each in writers(obj):
        at, fields = moment(each, "time"), mapping(each, "fieldsV1")
        spec = mapping(fields, "f:spec")
        if made is not None and at is not None and at > made + _MINUTE and (not fields or "f:schedule" in spec):
            yield at, bool(spec) and set(spec) <= set(_PACE)


def _over(job: Obj) -> datetime | None:
    """Return when a run was over; the cluster knows it to be complete even where it does not tell when."""
    return ended(job) or (started(job) if complete(job) else None)


def _at_work(spans: Sequence[tuple[datetime, datetime]], now: datetime) -> float:
    """Return the share of the time since the first of some runs in which one of them, at least, was at work."""
    worked, until = timedelta(0), spans[0][0]
    for began, over in spans:
        worked += max(timedelta(0), over - max(began, until))
        until = max(until, over)
    return worked / max(now - spans[0][0], _MINUTE)


def _overlap(spans: Sequence[tuple[datetime, datetime]]) -> bool:
    return any(over > after for (_, over), (after, _) in pairwise(spans))
