"""An alert that misses all requests to a service which gets and answers as many as ever: it counts them no more."""

from __future__ import annotations

import re

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.askers import answer_of, is_new, of_probe
from tuheg_ir.diagnosis.view.logs import ADDRESS
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.workloads import Workload

_OF_NONE = late(
    r"\bno (?:\w+ )?(?:requests|traffic|calls)\b|\bwithout (?:any )?(?:requests|traffic)\b"
    r"|(?:traffic|requests?)[ _-]?(?:is |are |has |have )?(?:gone|lost|stopped|absent|missing|vanished|dead|flat|zero)"
    r"|(?:traffic|requests?|request rate|rps|qps)\b.{0,80}\bnow 0(?:\.0+)?\b(?!\.)"
    r"|absent.{0,20}(?:traffic|request)",
    re.IGNORECASE,
)
"""Words of an alert that sees no requests at all. Of fewer ones it may be right."""
AS_EVER = (0.7, 1.5)
"""Traffic that is between such parts of what it was is as ever."""
SEEN = 5
"""So many answers that others or itself tell of show that it is asked."""


def counted_elsewhere(view: View, alert: Alert, ref: str) -> Evidence | None:
    """Return that a workload that an alert sees no requests of gets as many as before it, and answers; None: not so.

    All its pods count as much together as it got before, and access logs, its own or those of who asks it, tell of
    answers that they gave of late. What only asks whether it is there is no traffic.
    """
    workload = view.workloads.get(ref)
    if workload is None or not _OF_NONE.search(alert.said) or workload.ready < workload.wanted:
        return None
    was, now = _before(view, alert, ref), _now(view, workload)
    if not was or now is None or not AS_EVER[0] * was <= now <= AS_EVER[1] * was:
        return None
    if (seen := _answered(view, workload)) < SEEN:
        return None
    told = f"its pods count {now:.3g} requests a second, {was:.3g} before, and logs tell of {seen} answers of late"
    return Evidence("metrics", ref, f"{alert.name} fires; {told}")


def _before(view: View, alert: Alert, ref: str) -> float | None:
    """Return how many requests a workload got where its figures begin, which has to be before the alert."""
    starts = [
        s for each in labels_of(view, ref, "request_rate") for s in view.figures.series("request_rate", component=each)
    ]
    starts = [each for each in starts if each.points]
    if not starts or alert.starts_at is None or any(s.points[0][0] >= alert.starts_at.timestamp() for s in starts):
        return None
    return max(view.figures.first("request_rate", **each.labels) or 0.0 for each in starts)


def _now(view: View, workload: Workload) -> float | None:
    """Return how many requests all pods of a workload count now; None where one of them counts none."""
    counts = view.figures.latest("request_rate_by_pod", "pod")
    found = [counts.get(pod.name, 0.0) for pod in workload.live]
    return sum(found) if found and all(found) else None


def _answered(view: View, workload: Workload) -> int:
    """Return how many answers of late logs tell of that its pods gave and that are no failures."""
    own = sum(_well(view, line) for log in view.logs_of(workload.live, previous=False) for line in log.lines)
    if own:
        return own
    addresses = {pod.address for pod in workload.live if pod.address}
    lines = (line for each in view.serving if each.ref != workload.ref for line in view.lines_of(each))
    return sum(not addresses.isdisjoint(ADDRESS.findall(line)) and _well(view, line) for line in lines)


def _well(view: View, line: str) -> bool:
    return 200 <= answer_of(line) < 400 and not of_probe(line) and is_new(view, line)
