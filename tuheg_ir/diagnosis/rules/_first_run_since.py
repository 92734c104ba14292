"""A run of a schedule that goes on far longer than any before it, the first since what it does was changed.

A run that is slow tells nothing of why. One that works on for many times as long as each before it, and is the first
that got other settings, has more to do by them: a shorter retention, a wider filter, a larger piece at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.view.batch import complete, ended, started
from tuheg_ir.diagnosis.view.pods import Pod, controller
from tuheg_ir.diagnosis.view.reading import items, last_write, mapping, ref
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes
from tuheg_ir.named import NamedTuple

FAR = 3.0
"""A run that goes on for so many times as long as the longest before it has more to do than ever."""
LONG = timedelta(minutes=20)
"""By so much it lasts longer at least: short runs differ by a factor of an evening's whim."""
_WORK = ("image", "command", "args", "env", "envFrom")


class FirstRun(NamedTuple):
    """A run that goes on, its pod, and when it began; what was changed (Kind/name) before it, when, and what shows it.

    ``released``: its image is another one than that of the run before. ``moved``: what was changed is when it begins.
    """

    schedule: Workload
    job: Obj
    pod: Pod
    began: datetime
    changed: str
    released: bool
    shown: tuple[Evidence, ...]
    moved: bool = False


def first_run_since(view: View, schedule: Workload) -> FirstRun | None:
    """Return the one run of a CronJob that lasts far longer than those before, and is the first since a change."""
    jobs = [job for job in view.snapshot.of("Job") if controller(job) == schedule.ref]
    going = [job for job in jobs if ended(job) is None and not complete(job)]
    pods = [pod for pod in schedule.live if pod.phase == "Running"]
    well = [(over, began, job) for job in jobs if complete(job) and (over := ended(job)) and (began := started(job))]
    well.sort(key=lambda each: each[:2])
    if len(going) != 1 or len(pods) != 1 or controller(pods[0].obj) != ref(going[0]) or not well:
        return None
    began, longest = started(going[0]), max(over - begun for over, begun, _ in well)
    if began is None or view.now - began < max(FAR * longest, longest + LONG):
        return None
    last = max(well, key=lambda each: each[1])
    changed = _changed(view, schedule, last[2], going[0], (last[1], began))
    if changed is None:
        return None
    lasts = f"it goes on since {minutes(view.now - began)}; the longest of {len(well)} before took {minutes(longest)}"
    shown = (Evidence("objects", ref(going[0]), lasts, began), changed)
    return FirstRun(schedule, going[0], pods[0], began, changed.object, _image(last[2]) != _image(going[0]), shown)


def _changed(
    view: View, schedule: Workload, last: Obj, run: Obj, between: tuple[datetime, datetime]
) -> Evidence | None:
    """Return what was changed between the start of the last run that was well and that of the one that goes on."""
    before, now = _work(last), _work(run)
    if before != now:
        differ = ", ".join(sorted({key for name in {*before, *now} for key in _differ(before, now, name)}))
        at = last_write(schedule.obj)
        within = at if at is not None and between[0] < at < between[1] else None
        return Evidence("objects", schedule.ref, f"this run is the first with another {differ}", within)
    edits = [
        (each, at)
        for each, at in outside_changes(view, schedule)
        if each.startswith("ConfigMap/") and between[0] < at < between[1]
    ]
    if len(edits) != 1:
        return None
    ((edit, at),) = edits
    return Evidence(
        "objects", edit, f"it was written before this run of {schedule.ref}, the first that reads it so", at
    )


def _work(job: Obj) -> dict[str, Mapping[str, Any]]:
    """Return what says, of each container of a run, what it does."""
    containers = items(job, "spec", "template", "spec", "containers")
    return {str(each.get("name")): {key: each.get(key) for key in _WORK} for each in containers}


def _image(job: Obj) -> dict[str, Any]:
    return {name: work["image"] for name, work in _work(job).items()}


def _differ(before: Mapping[str, Any], now: Mapping[str, Any], name: str) -> set[str]:
    old, new = mapping(before, name), mapping(now, name)
    return {key for key in _WORK if old.get(key) != new.get(key)}


def minutes(time: timedelta) -> str:
    """Return a time in whole minutes, as evidence tells it."""
    return f"{time.total_seconds() / 60:.0f} minutes"
