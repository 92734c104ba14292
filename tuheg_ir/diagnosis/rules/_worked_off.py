"""A queue that an alert speaks of and that shrinks: it will be empty soon if nobody touches anything."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise
from statistics import fmean

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence, Series
from tuheg_ir.diagnosis.rules._publishing import publishes
from tuheg_ir.diagnosis.rules._readers import queues
from tuheg_ir.diagnosis.rules._wound_back import sets_back
from tuheg_ir.diagnosis.view.batch import tries
from tuheg_ir.diagnosis.view.pods import controller
from tuheg_ir.diagnosis.view.reading import moment, ref
from tuheg_ir.diagnosis.view.view import View

OF_QUEUES = late(r"queue|backlog|lag\b|(?:consumer|group|topic|kafka|offset)_?lag|pending|messages", re.IGNORECASE)
"""Words of an alert about work that waits."""
EMPTIED = 0.67
"""A queue that lost a third within the hour is empty in two more."""
NEARLY_S = 15 * 60.0
"""An end so near comes before anything that one could do has helped."""
LATER = timedelta(minutes=15)
"""An alert that began so long after a run tells of another one's messages."""
_WORD = late(r"[A-Za-z0-9](?:[\w.:/-]*[A-Za-z0-9])?")


def shrinks(view: View, alert: Alert, about: str) -> Evidence | None:
    """Every queue that the alert can mean shrinks evenly, and will be empty soon if it goes on so."""
    found = meant(view, alert, about)
    if not found or not all(falls([value for _, value in series.points]) for series in found):
        return None
    if any(hit.trouble == "message_rejected" for hit in view.hits):
        return None  # what is thrown away is not worked off
    first, last = found[0].points[0][1], found[0].points[-1][1]
    reader = view.component(found[0].labels.get("component", ""))
    return Evidence(
        "metrics", about or reader, f"{alert.name} fires; {first:.0f} waited there an hour ago, {last:.0f} do now"
    )


def nearly_done(view: View, alert: Alert, about: str) -> Evidence | None:
    """Every such queue will be empty within minutes, and the run that filled it, as the alert began, was well.

    So much is asked where the alert is critical: a queue may shrink as well because nobody sends any more. Who sets its
    readers back fills it as well.
    """
    if not OF_QUEUES.search(alert.said) or (shown := shrinks(view, alert, about)) is None:
        return None
    if not all(left_s(series) <= NEARLY_S for series in meant(view, alert, about)):
        return None
    run = _filled_by(view, alert, meant(view, alert, about))
    return Evidence(shown.source, shown.object, f"{shown.fact}; {run} and is over") if run else None


def _filled_by(view: View, alert: Alert, found: list[Series]) -> str:
    """Return the run (Kind/name) that filled queues as an alert began, how, and has completed; "" if there is none."""
    groups = {series.labels.get("consumergroup", "") for series in found}
    for job in view.snapshot.of("Job"):
        start, end = moment(job, "status", "startTime"), moment(job, "status", "completionTime")
        above = view.workloads.get(controller(job) or ref(job))
        if above is None or start is None or end is None or alert.starts_at is None:
            continue
        mine = tries(job, above.pods)
        if not start <= alert.starts_at <= end + LATER:
            continue
        if publishes(view, mine):
            return f"{ref(job)} filled it"
        if "" not in groups and groups <= sets_back(job):
            return f"{ref(job)} set its readers back"
    return ""


def meant(view: View, alert: Alert, about: str) -> list[Series]:
    """Return the queues that an alert can mean: those of which it names most, else those of what it is about."""
    said = {*map(str, alert.labels.values()), *_WORD.findall(" ".join(map(str, alert.annotations.values())))}
    known = [series for series in queues(view) if series.points]
    named = [len(said & {v for k, v in series.labels.items() if k != "component"}) for series in known]
    if most := max(named, default=0):
        return [series for series, much in zip(known, named, strict=True) if much == most]
    return [s for s in known if view.component(s.labels.get("component", "")) == about or said & {*s.labels.values()}]


def quarters(values: list[float]) -> list[float]:
    """Return the means of the quarters of a row of values; [] where they are too few."""
    part = len(values) // 4
    return [fmean(values[n * part : (n + 1) * part]) for n in range(4)] if part >= 2 else []


def falls(values: list[float]) -> bool:
    """Tell whether values fall all the time, by so much that as long again, or twice so, brings them to nothing."""
    means = quarters(values)
    if not means:
        return False
    least = (means[0] - means[3]) / 9
    return values[-1] <= EMPTIED * values[0] and all(a - b >= least > 0 for a, b in pairwise(means))


def left_s(series: Series) -> float:
    """Return in how many seconds a queue that falls will be empty, by the pace of its last quarter."""
    last = series.points[-max(2, len(series.points) // 4) :]
    (start, high), (end, low) = last[0], last[-1]
    return low * (end - start) / (high - low) if high > low else float("inf")
