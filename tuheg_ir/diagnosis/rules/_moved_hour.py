"""A run that began at another hour than all before it, since somebody wrote its schedule, or its time zone, anew.

What nobody meets by night - a table written anew, a backup, an import - meets everybody at dinner.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rules._first_run_since import FirstRun
from tuheg_ir.diagnosis.view.batch import complete, ended, started
from tuheg_ir.diagnosis.view.pods import controller
from tuheg_ir.diagnosis.view.reading import mapping, moment, newest, ref, text, writers
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_DAY = timedelta(days=1)
NEAR = timedelta(minutes=30)
"""Runs of one hour of the day begin within this time of each other."""
FAR = timedelta(minutes=90)
"""So far from the hour of those before it a run is moved: twice a year a clock moves all of them by one hour."""
_MEANT = "batch.kubernetes.io/cronjob-scheduled-timestamp"
_ONCE_A_DAY = ("@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually")
_BY_HAND = "cronjob.kubernetes.io/instantiate"


def moved_run(view: View, schedule: Workload) -> FirstRun | None:
    """Return the run of a CronJob that goes on, and is the first since an edit by which it began at another hour."""
    jobs = [job for job in view.snapshot.of("Job") if controller(job) == schedule.ref]
    jobs = [job for job in jobs if not started_by_hand(job)]
    going = [job for job in jobs if ended(job) is None and not complete(job)]
    pods = [pod for pod in schedule.live if pod.phase == "Running"]
    if len(going) != 1 or len(pods) != 1 or controller(pods[0].obj) != ref(going[0]):
        return None
    began, meant = started(going[0]), _meant(going[0])
    before = [at for job in jobs if job is not going[0] and (at := _meant(job)) is not None]
    if began is None or meant is None or not before or not _moved(meant, before) or not _has_one_hour(schedule):
        return None
    times = (moment(each, "time") for each in writers(schedule.obj) if _writes_hour(each))
    written = newest(at for at in times if at and max(before) < at < began)
    if written is None:
        return None
    zone = text(schedule.obj, "spec", "timeZone") or "the cluster's time zone"
    hour = f"it began at {_hour(meant)} UTC; the {len(before)} before it at {_hour(max(before))}"
    edit = f"it was written since the run before: schedule {text(schedule.obj, 'spec', 'schedule')} in {zone}"
    shown = (Evidence("objects", schedule.ref, edit, written), Evidence("objects", ref(going[0]), hour, began))
    return FirstRun(schedule, going[0], pods[0], began, schedule.ref, False, shown, moved=True)


def started_by_hand(job: Obj) -> bool:
    """Tell whether somebody made a run of a schedule by hand: it tells nothing of when runs come."""
    return _BY_HAND in mapping(job, "metadata", "annotations")


def _has_one_hour(schedule: Workload) -> bool:
    """Tell whether a schedule names one hour of the day: by another one its runs differ, whatever became of it."""
    told = [each for each in text(schedule.obj, "spec", "schedule").split() if "TZ=" not in each]
    return told[0] in _ONCE_A_DAY if len(told) == 1 else len(told) == 5 and told[1].isdecimal()


def _writes_hour(written: Mapping[str, Any]) -> bool:
    """Tell whether an edit may have been of when runs come: a newer image, or a label, moves none."""
    fields = mapping(written, "fieldsV1")
    spec = mapping(fields, "f:spec")
    hour = not spec or any(each in spec for each in ("f:schedule", "f:timeZone", "f:suspend"))
    return not fields or ("f:spec" in fields and hour)


def _meant(job: Obj) -> datetime | None:
    """Return when a run was to begin: one that was late, as its schedule stood still, is none that was moved."""
    return moment(job, "metadata", "annotations", _MEANT) or started(job)


def _moved(meant: datetime, before: list[datetime]) -> bool:
    """Tell whether a run began far from the hour of the day that all before it have in common."""
    alike = all(_apart(each, before[0]) <= NEAR for each in before)
    return alike and all(_apart(meant, each) >= FAR for each in before)


def _apart(one: datetime, other: datetime) -> timedelta:
    """Return how far two times of the day are from each other."""
    apart = abs(one - other) % _DAY
    return min(apart, _DAY - apart)


def _hour(at: datetime) -> str:
    return f"{at.astimezone(UTC):%H:%M}"
