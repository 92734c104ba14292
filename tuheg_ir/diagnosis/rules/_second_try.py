"""A run whose first try failed and whose work its own next try did: who counts failed pods tells of it for long."""

from __future__ import annotations

import re
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence, Obj
from tuheg_ir.diagnosis.view.batch import complete, started, tries, verdict
from tuheg_ir.diagnosis.view.marked import complains
from tuheg_ir.diagnosis.view.pods import controller
from tuheg_ir.diagnosis.view.reading import created, moment, name, ref, whole
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.named import NamedTuple

_FAILED = late(r"fail", re.IGNORECASE)
_OF_MORE = late(
    r"\b(?:late|overdue|delay\w*|stale|missing|missed|slow|stuck|incomplete|not (?:started|finished|run|ended|done))\b",
    re.IGNORECASE,
)
"""Words of what else may be wrong: an alert of that is not answered by how a run ended."""


class Over(NamedTuple):
    """What an alert tells of, where that is over: of which component it is, when it began, and how one sees it."""

    component: str
    since: datetime | None
    evidence: Evidence


def second_try(view: View, alert: Alert) -> Over | None:
    """Return that an alert counts failed tries of a run that was done by a later one; None: not so.

    The try that did it tells of no trouble, and no later run of the same schedule has failed in any try.
    """
    labels = alert.labels.values()
    job = next((each for each in view.snapshot.of("Job") if name(each) and name(each) in labels), None)
    if job is None or not _FAILED.search(alert.said) or _OF_MORE.search(alert.said):
        return None
    began, done = started(job), moment(job, "status", "completionTime")
    if not complete(job) or not whole(job, "status", "failed") or began is None or done is None:
        return None
    if alert.starts_at is None or alert.starts_at < began or _complained(view, job) or _failed_later(view, job):
        return None
    tries = whole(job, "status", "failed")
    fact = f"{alert.name} fires; {tries} of its tries failed, and the next did its work: it is complete"
    above = controller(job)
    return Over(above if above in view.workloads else ref(job), began, Evidence("objects", ref(job), fact, done))


def _complained(view: View, job: Obj) -> bool:
    """Tell whether a try of a run that ended well tells of trouble: it may have left out what it could not do."""
    pods = tries(job, (pod for w in view.workloads.values() for pod in w.pods))
    logs = view.logs_of([pod for pod in pods if pod.phase == "Succeeded"])
    return any(complains(line) for log in logs for line in log.lines)


def _failed_later(view: View, job: Obj) -> bool:
    """Tell whether a later run of the same schedule failed, or tries for another time."""
    above, at = controller(job), created(job)
    runs = [each for each in view.snapshot.of("Job") if above and each is not job and controller(each) == above]
    later = [each for each in runs if at is None or (came := created(each)) is None or came > at]
    return any(verdict(each)[0] or (whole(each, "status", "failed") and not complete(each)) for each in later)
