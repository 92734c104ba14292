"""An alert that misses all requests to a service which gets and answers as many as ever: it counts them no more."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.view.askers import answer_of, is_new, of_probe
from tuheg_ir.diagnosis.view.logs import ADDRESS
from tuheg_ir.diagnosis.view.trouble import ERRORS, labels_of, of_pods
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_OF_NONE = late(
    r"\bno (?:(?:more|incoming|inbound|http) )?(?:requests|traffic|calls)\b|\bwithout (?:any )?(?:requests|traffic)\b"
    r"|traffic[ _-]?(?:is |has )?(?:gone|lost|stopped|absent|missing|vanished|dead|flat|zero)"
    r"|requests?[ _-]?(?:are |have )?(?:gone|stopped|absent|vanished|zero)"
    r"|\b(?:traffic|request rate|rps|qps)\b.{0,80}\bnow 0(?:\.0+)?\b(?!\.)"
    r"|absent.{0,20}(?:traffic|request)",
    re.IGNORECASE,
)
"""Words of an alert that sees no requests at all. Of fewer ones, or of those of a kind, it may be right."""
_OF_A_PART = frozenset(
    ("route", "path", "uri", "url", "handler", "endpoint", "method", "operation", "host", "ingress", "client", "tenant")
)
"""Labels of an alert about some of the requests."""
AS_EVER = (0.7, 1.5)
"""Traffic that is between such parts of what it was is as ever."""
SEEN = 5
"""So many answers that others or itself tell of show that it is asked."""
MOST = 0.6
"""So large a part of them does not fail, nor is it turned away."""


def counted_elsewhere(view: View, alert: Alert, ref: str) -> Evidence | None:
    """Return that a workload that an alert sees no requests of gets as many as before it, and answers; None: not so.

    All its pods count as much together as it got before, and access logs, its own or those of who asks it, tell of
    answers that they gave of late. What only asks whether it is there is no traffic.
    """
    workload = view.workloads.get(ref)
    if workload is None or not _OF_NONE.search(alert.said) or workload.ready < workload.wanted:
        return None
    if not _OF_A_PART.isdisjoint(alert.labels):
        return None
    if any(ratio > ERRORS for ratio in of_pods(view, ref, "error_ratio_by_pod").values()):
        return None
    was, now = _before(view, alert, ref), _now(view, workload)
    if not was or now is None or not AS_EVER[0] * was <= now <= AS_EVER[1] * was:
        return None
    if (seen := _answered(view, workload)) < SEEN:
        return None
    told = f"its pods count {now:.3g} requests a second, {was:.3g} before, and logs tell of {seen} answers of late"
    return Evidence("metrics", ref, f"{alert.name} fires; {told}")


def _before(view: View, alert: Alert, ref: str) -> float | None:
    """Return how many requests a workload got where its figures begin, before the alert; they have ended since."""
    labels = labels_of(view, ref, "request_rate")
    starts = [s for each in labels for s in view.figures.series("request_rate", component=each) if s.points]
    if not starts or alert.starts_at is None or any(s.points[0][0] >= alert.starts_at.timestamp() for s in starts):
        return None
    if any(view.figures.now("request_rate", component=each) is not None for each in labels):
        return None  # the same counter goes on: it is to be believed
    return max(view.figures.first("request_rate", component=each) or 0.0 for each in labels)


def _now(view: View, workload: Workload) -> float | None:
    """Return how many requests all pods of a workload count now; None where one of them counts none."""
    counts = view.figures.latest("request_rate_by_pod", "pod")
    found = [counts.get(pod.name, 0.0) for pod in workload.live]
    return sum(found) if found and all(found) else None


def _answered(view: View, workload: Workload) -> int:
    """Return how many good answers of late logs tell of that its pods gave; 0 where some fail, or many are none."""
    own = list(_lately(view, (line for log in view.logs_of(workload.live, previous=False) for line in log.lines)))
    addresses = {pod.address for pod in workload.live if pod.address}
    lines = (line for each in view.serving if each.ref != workload.ref for line in view.lines_of(each))
    found = own or list(_lately(view, (line for line in lines if not addresses.isdisjoint(ADDRESS.findall(line)))))
    well = sum(200 <= status < 400 for status in found)
    failed = sum(status >= 500 for status in found)
    return well if failed <= ERRORS * len(found) and well >= MOST * len(found) else 0


def _lately(view: View, lines: Iterable[str]) -> Iterator[int]:
    """Yield how requests were answered of late; what only asks whether somebody is there is no request."""
    for line in lines:
        if (status := answer_of(line)) and not of_probe(line) and is_new(view, line):
            yield status
