"""Jobs and CronJobs: which runs failed of late, and which do not run at all though somebody misses them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.view.pods import Pod, controller
from tuheg_ir.diagnosis.view.reading import created, items, last_write, moment, name, ref, text, whole
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.named import NamedTuple

LATELY = timedelta(hours=2)
"""A run that failed longer ago than this is news only if an alert speaks of it."""


class Failed(NamedTuple):
    """A Job that failed and that no later run made good: the workload above it, why, when."""

    component: str
    job: str
    why: str
    at: datetime | None
    alerts: tuple[Evidence, ...]

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Return the failure as evidence."""
        return (Evidence("objects", f"Job/{self.job}", f"the run failed: {self.why}", self.at), *self.alerts)


def failed_runs(view: View, within: timedelta = LATELY) -> tuple[Failed, ...]:
    """Return the failed Jobs that somebody still has to care for, one of each component.

    ``within``: how long ago one may have failed of which no alert speaks.
    """
    found: dict[str, Failed] = {}
    for obj in sorted(view.snapshot.of("Job"), key=lambda o: str(created(o) or ""), reverse=True):
        component = controller(obj) or ref(obj)
        if component in found or component not in view.workloads:
            continue
        one = _failed(view, obj, component)
        if one is not None and (one.alerts or (one.at is not None and view.recent(one.at, within))):
            found[component] = one
    return tuple(found.values())


def _failed(view: View, obj: Obj, component: str) -> Failed | None:
    """Return a Job's failure; None if it did not fail, or a later run of the same CronJob was well."""
    why, at = verdict(obj)
    if not why:
        return None
    above = view.workloads[component].obj
    well = moment(above, "status", "lastSuccessfulTime")
    if well is not None and at is not None and well > at:
        return None
    alerts = tuple(a.fires(component) for a in view.alerts if view.about_alert(a) in (component, ref(obj)))
    return Failed(component, name(obj), why, at, alerts)


def verdict(obj: Obj) -> tuple[str, datetime | None]:
    """Return why and when a Job failed, or that it has failed several times so far; ("", None) if it did not."""
    for condition in items(obj, "status", "conditions"):
        if text(condition, "type") == "Failed" and text(condition, "status") == "True":
            told = f"{text(condition, 'reason')}: {text(condition, 'message')[:160]}"
            return told, moment(condition, "lastTransitionTime")
    tries = whole(obj, "status", "failed")
    if tries >= 2 and not whole(obj, "status", "succeeded"):
        return f"{tries} pods of it have failed so far", None
    return "", None


def tries(job: Obj, pods: Iterable[Pod]) -> list[Pod]:
    """Return those of some pods that a run made: each is one try of it."""
    return [pod for pod in pods if controller(pod.obj) == ref(job)]


def complete(job: Obj) -> bool:
    """Tell whether a run is done, as the cluster says: as many of its tries were well as it wants."""
    found = {text(each, "type") for each in items(job, "status", "conditions") if text(each, "status") == "True"}
    wanted = whole(job, "spec", "completions") or 1
    return "Complete" in found and "Failed" not in found and whole(job, "status", "succeeded") >= wanted


def started(job: Obj) -> datetime | None:
    """Return when a run began, or was made."""
    return moment(job, "status", "startTime") or created(job)


def ended(job: Obj) -> datetime | None:
    """Return when a run was over, well or not; None if it goes on."""
    return moment(job, "status", "completionTime") or verdict(job)[1]


def went_on(job: Obj, at: datetime, clocks: timedelta) -> bool:
    """Tell whether a Job ran at a time, as far as clocks agree."""
    began, over = started(job), ended(job)
    return began is not None and began - clocks <= at and (over is None or at <= over + clocks)


def suspended(view: View) -> tuple[tuple[str, Evidence], ...]:
    """Return (Kind/name, evidence) of the CronJobs that are suspended."""
    return tuple(
        (ref(obj), Evidence("objects", ref(obj), _since_when(obj), last_write(obj)))
        for obj in view.snapshot.of("CronJob")
        if text(obj, "spec", "suspend").lower() == "true" and name(obj)
    )


def _since_when(obj: Obj) -> str:
    last = moment(obj, "status", "lastSuccessfulTime") or moment(obj, "status", "lastScheduleTime")
    return "it is suspended" + (f" and last ran at {last:%Y-%m-%d %H:%M} UTC" if last else "")
