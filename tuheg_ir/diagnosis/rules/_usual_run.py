"""Requests that are slow because a run of a schedule asks for what takes long: as each of its runs did before."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from statistics import median

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.view.marked import marked
from tuheg_ir.diagnosis.view.pods import Pod, controller
from tuheg_ir.diagnosis.view.reading import items, moment, text, whole
from tuheg_ir.diagnosis.view.took import answered, seconds_of, way_of, without_names
from tuheg_ir.diagnosis.view.trouble import SLOW_S, slow
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

OF_SLOWNESS = late(r"latency|slow|p9[0-9]|response ?time", re.IGNORECASE)
FORMER = 2
"""So many earlier runs tell what is usual."""
TOLD = 5
"""So many times have to be told before they say how long something takes."""
NORMAL = 1.3
"""What takes no more than so many times as long takes as long as ever."""
OVERDUE = 1.1
"""A run that goes on for so many times as long as the longest of them is late."""
CLOCKS = timedelta(minutes=1)
"""By so much clocks, and the times of a pod and of its first request, differ."""
_PATHS = late(r"/[\w{}:<>*$.-]+(?:/[\w{}:<>*$.-]+)*")


def usual_run(view: View, alert: Alert, ref: str) -> Evidence | None:
    """Return that all slow requests of a workload are those of a run that does as it always does; None: not so.

    Nobody else has to wait: everything that others ask for is answered at once, and nothing fails.
    """
    workload = view.workloads.get(ref)
    if workload is None or alert.starts_at is None or not OF_SLOWNESS.search(alert.said) or marked(view, workload):
        return None
    for schedule in view.workloads.values():
        if schedule.kind != "CronJob" or ref not in view.graph.calls.get(schedule.ref, ()) or len(schedule.live) != 1:
            continue
        run = schedule.live[0]
        if run.created is None or run.created > alert.starts_at or not _in_time(view, schedule, run):
            continue
        way, pace = _slow_way(view, workload, run), _pace(view, schedule, run)
        if way and pace and way in _asked_for(schedule):
            told = f"only {way} is slow, for which {run.name} asks; it is as fast as in earlier runs: {pace}"
            return Evidence("logs", schedule.ref, f"{alert.name} fires; {told}", run.created)
    return None


def of_usual_run(view: View, sign: Evidence) -> bool:
    """Tell whether a sign of trouble says no more than that those requests are slow."""
    if not any(usual_run(view, alert, sign.object) for alert in view.alerts):
        return False
    measured = slow(view, sign.object)
    if measured is not None and sign == measured[0]:
        return True
    way = _slow_way(view, view.workloads[sign.object])
    return sign.source == "logs" and bool(OF_SLOWNESS.search(sign.fact)) and way_of(sign.fact) == way


def _in_time(view: View, schedule: Workload, run: Pod) -> bool:
    """Tell whether a run goes on for no longer than earlier ones did until they were well."""
    lasted = [
        end - start
        for job in view.snapshot.of("Job")
        if controller(job) == schedule.ref and whole(job, "status", "succeeded")
        if (start := moment(job, "status", "startTime")) and (end := moment(job, "status", "completionTime"))
    ]
    return len(lasted) >= FORMER and run.created is not None and view.now - run.created <= OVERDUE * max(lasted)


def _slow_way(view: View, workload: Workload, run: Pod | None = None) -> str:
    """Return the one way of all requests that took long, since a run began, while all others are well; "" if not so."""
    told = answered(view, workload)
    late = [each for each in told if each.seconds >= SLOW_S]
    ways = {each.way for each in late}
    if len(ways) != 1 or any(each.status >= 500 for each in told) or {e.pod for e in told} != _names(workload.live):
        return ""
    if run is not None and run.created is not None:
        if sum(each.way not in ways and each.at is not None and each.at > run.created for each in told) < TOLD:
            return ""  # nobody else has asked meanwhile
        began = [each.at - timedelta(seconds=each.seconds) for each in late if each.at is not None]
        if len(began) < len(late) or min(began) < run.created - CLOCKS:
            return ""
    return ways.pop()


def _names(pods: Iterable[Pod]) -> set[str]:
    return {pod.name for pod in pods}


def _pace(view: View, schedule: Workload, run: Pod) -> str:
    """Return how long each piece of a run's work takes, now and in earlier ones, if it takes as long; "" if not so."""
    now = _took(view, run)
    before = [took for pod in schedule.pods if pod.name != run.name and (took := _took(view, pod)) is not None]
    if now is None or len(before) < FORMER or now > NORMAL * median(before):
        return ""
    return f"{now:.3g} s, {median(before):.3g} s before"


def _took(view: View, pod: Pod) -> float | None:
    times = [each for log in view.logs_of((pod,)) for line in log.lines if (each := seconds_of(line)) is not None]
    return median(times) if len(times) >= TOLD else None


def _asked_for(schedule: Workload) -> set[str]:
    """Return the ways that the settings of a schedule name."""
    containers = items(schedule.template, "spec", "containers")
    values = [text(entry, "value") for container in containers for entry in items(container, "env")]
    values += [str(word) for c in containers for key in ("command", "args") for word in c.get(key) or ()]
    return {without_names(found) for value in values for found in _PATHS.findall(value.partition("://")[2] or value)}
