"""A warning of what a program does instead, given whether its requests fail or not: they fail by something else.

A release may warn of that from its first minute on. Where requests failed later, and none does since, an alert that
counts them over a window tells of those minutes alone.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.rules._looks_back import looks_back
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import UNANSWERED
from tuheg_ir.diagnosis.view.logs import tells
from tuheg_ir.diagnosis.view.marked import Marked, complained, is_marked
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.silent import says
from tuheg_ir.diagnosis.view.trouble import ERRORS, labels_of
from tuheg_ir.diagnosis.view.undone import of_failures
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_INSTEAD = late(
    r"\bfall(?:ing|s|en)?[ -]?back\b|\bfell back\b|\binstead\b|\b(?:us(?:es?|ed|ing) )?(?:the )?default(?:s| used)\b",
    re.IGNORECASE,
)
"""How a warning tells that its program gets by."""
_UNDONE = late(
    r"\b(?:lost|dropp|discard|skipp|reject|refus|den(?:y|ied)|abort|corrupt|wrong|stale|outdated|missing|empty|0\.00)",
    re.IGNORECASE,
)
"""Words of what is worse for it: nobody counts that among the failed requests."""
_OF_REQUESTS = late(r"error|5xx|\b50\d\b|fail", re.IGNORECASE)
"""How an alert tells that it counts requests that failed."""
_OFTEN = 3
"""What is told so often while none fails is not what they failed by."""
_SELDOM = 20
"""One of so many lines is such a warning at the most: who lives on it tells of little else."""
_SETTLED = timedelta(minutes=10)


def gets_by(view: View, sign: Evidence) -> bool:
    """Tell whether a sign is such a warning of the one workload whose failed requests all alerts look back on."""
    workload = view.workloads.get(sign.object) if sign.source == "logs" else None
    if workload is None or not view.alerts:
        return False
    ended = _ended(view, workload)
    if ended is None or not all(_counts(view, alert, workload, ended) for alert in view.alerts):
        return False
    told = (each for each in complained(view, workload) if sign.fact == f"{each.count} lines: {each.line}")
    return any(_all_along(view, workload, each, ended) for each in told)


@once
def _ended(view: View, workload: Workload) -> datetime | None:
    """Return when requests to a workload ceased to fail, of which none fails since; None: it is not so, or not yet."""
    found = []
    for label in labels_of(view, workload.ref, "error_ratio"):
        ended = view.figures.quiet_since("error_ratio", ERRORS, component=label)
        if view.figures.now("error_ratio", component=label) != 0.0:
            return None
        found += [ended] if ended else []
    last = max(found, default=None)
    return last if last is not None and view.now - last >= _SETTLED else None


def _counts(view: View, alert: Alert, workload: Workload, ended: datetime) -> bool:
    """Tell whether an alert is of a workload's failed requests, and counts them over a time in which they failed."""
    mine = view.about_alert(alert) == workload.ref and _OF_REQUESTS.search(of_failures(alert.said)) is not None
    return mine and view.recent(ended, looks_back(alert))


def _all_along(view: View, workload: Workload, told: Marked, ended: datetime) -> bool:
    """Tell whether a rare warning came before the first request failed, and comes on since the last one did."""
    if told.error or not _INSTEAD.search(told.line) or _UNDONE.search(told.line):
        return False
    if any(tells(each, told.line) for each in UNANSWERED):
        return False
    said, lines = says(told), tuple(view.lines_of(workload))
    times = [at for line in lines if said(line) and (at := stamp(line)) is not None]
    errors = (stamp(line) for line in lines if is_marked(line))
    first = oldest((*errors, _began(view, workload)))
    if first is None or not times or _SELDOM * len(times) > len(lines):
        return False
    return min(times) < first and sum(at > ended for at in times) >= _OFTEN


def _began(view: View, workload: Workload) -> datetime | None:
    labels = labels_of(view, workload.ref, "error_ratio")
    return oldest(view.figures.first_beyond("error_ratio", ERRORS, component=each) for each in labels)
