"""A run that failed for others, and whose work later runs of its schedule did: only its Job still says so.

It was cut off with its node, and the next run began where it had; or it met no answer, and later runs look for gaps
and find none. That later runs were well alone is not enough: each may do its own hour's work, and that of the failed
one is missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence, Obj
from tuheg_ir.diagnosis.rules._gap_checks import apart, no_gap
from tuheg_ir.diagnosis.view.batch import verdict
from tuheg_ir.diagnosis.view.pods import Pod, controller
from tuheg_ir.diagnosis.view.reading import created, items, moment, name, ref, text, whole
from tuheg_ir.diagnosis.view.view import View

_FAILED = late(r"fail", re.IGNORECASE)
_OTHERS_DOING = ("EvictionByEvictionAPI", "DeletionByTaintManager", "PreemptionByScheduler", "DeletionByPodGC")
"""Why the cluster ends a pod whatever it does. A kubelet gives one reason for a shutdown and for a full node."""
_SHUTDOWN = late(r"shut.?down", re.IGNORECASE)
_PLACE = late(
    r"\b(?:(?:high.?)?water.?mark|check.?point|cursor|bookmark|offset|resum\w*|continu\w*|last[_ -]?\w+|"
    r"start(?:s|ed|ing)? (?:at|from|after))\b\W+(?:[A-Za-z_][\w.]*\W{1,4}){0,3}?\d[\w:.+-]{2,}",
    re.IGNORECASE,
)
"""Where a run says that its work begins."""


def made_good(view: View, alert: Alert) -> Evidence | None:
    """Return that the run of an alert failed for others, and that later ones did its work; None: not so.

    All runs since then have to be well.
    """
    job = next((each for each in view.snapshot.of("Job") if name(each) in alert.labels.values()), None)
    above = controller(job) if job else ""
    at = verdict(job)[1] if job else None
    if job is None or at is None or not above.startswith("CronJob/") or not _FAILED.search(alert.said):
        return None
    runs = sorted((r for r in view.snapshot.of("Job") if controller(r) == above), key=lambda r: str(created(r) or ""))
    later = [run for run in runs if (came := created(run)) and came > at]
    over = [run for run in later if moment(run, "status", "completionTime") or verdict(run)[0]]
    if not over or any(not _well(run) for run in over):
        return None
    shown = _begun_again(view, job, at, runs, later, over) or _without_gap(view, job, at, runs, over)
    told = f"{alert.name} fires; {shown}; all {len(over)} runs since then were well"
    return Evidence("logs", ref(job), told, at) if shown else None


def _begun_again(
    view: View, job: Obj, at: datetime, runs: Sequence[Obj], later: Sequence[Obj], over: Sequence[Obj]
) -> str | None:
    """Return that a run was cut off, and that the next one began where it had: what no other run says."""
    above, mine = controller(job), _pods(view, controller(job), [job])
    if over[0] is not later[0] or not mine or not all(_cut_off(pod, at) for pod in mine):
        return None
    others = _places(view, above, [run for run in runs if run is not job and run is not over[0]])
    same = _places(view, above, [job]) & _places(view, above, over[:1]) - others
    if not same or not others:
        return None
    return f"it was cut off with its node, and {name(over[0])} began where it had: {min(same)[:120]}"


def _without_gap(view: View, job: Obj, at: datetime, runs: Sequence[Obj], over: Sequence[Obj]) -> str | None:
    """Return that a run met no answer, and that the last one looked for gaps since before it, and found none."""
    above, step = controller(job), apart(runs)
    logs = list(view.logs_of(_pods(view, above, [job])))
    since = [list(view.logs_of(_pods(view, above, [run]))) for run in over]
    line = no_gap(job, at, logs, since, step) if step else None
    return f"it met no answer, and {name(over[-1])} found no gap over its time: {line[:200]}" if line else None


def _well(run: Obj) -> bool:
    return whole(run, "status", "succeeded") > 0 and not verdict(run)[0]


def _pods(view: View, above: str, runs: Sequence[Obj]) -> tuple[Pod, ...]:
    """Return the pods of some runs of a schedule."""
    wanted = {ref(run) for run in runs}
    schedule = view.workloads.get(above)
    return tuple(pod for pod in schedule.pods if controller(pod.obj) in wanted) if schedule else ()


def _cut_off(pod: Pod, at: datetime) -> bool:
    """Tell whether the cluster ended a pod, before its run had failed, and not for what the pod itself did."""
    for condition in items(pod.obj, "status", "conditions"):
        reason, told = text(condition, "reason"), text(condition, "message")
        began = moment(condition, "lastTransitionTime")
        if text(condition, "type") == "DisruptionTarget" and text(condition, "status") == "True":
            outside = reason in _OTHERS_DOING or _SHUTDOWN.search(told) is not None
            return outside and began is not None and began <= at and not _ended_before(pod, began)
    return False


def _ended_before(pod: Pod, began: datetime) -> bool:
    """Tell whether a container of a pod had ended with an error already."""
    ends = (each.ended for each in pod.containers)
    return any(end.at is not None and end.at < began and end.badly for end in ends if end)


def _places(view: View, above: str, runs: Iterable[Obj]) -> set[str]:
    """Return what the logs of some runs say of where their work begins."""
    logs = view.logs_of(_pods(view, above, list(runs)))
    return {found[0].lower() for log in logs for line in log.lines for found in _PLACE.finditer(line)}
