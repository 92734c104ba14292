"""Traffic that fell as a load test of the house's own ended, by as much as the test made: all others ask as ever."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from statistics import median

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence, Series
from tuheg_ir.diagnosis.rules._generators import generator_in, rate_made
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import newest
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.view import View

_OF_LESS = late(
    r"drop|\bf[ae]ll|collaps|plung|declin|decreas|dip\b|low\b|\bless\b|fewer|\bbelow\b|half of|anomal",
    re.IGNORECASE,
)
_OF_TRAFFIC = late(r"traffic|request|rps\b|qps\b|throughput", re.IGNORECASE)
_OF_MORE = late(
    r"error|fail|latenc|slow|5xx|4xx|success|availab|\bdown\b|crash|memory|disk|replica|lag\b"
    r"|conver|approv|hit.?rat|\bratio|\bspace\b|quota",
    re.IGNORECASE,
)
"""Words of what else may be wrong: an alert of that is not answered by how much is asked."""
WINDOW = timedelta(minutes=5)
"""Figures of traffic are means of some minutes."""
BEFORE = timedelta(minutes=15)
LEAST = 3
"""So many figures before and after show a level."""
LIKE = 0.2
"""By no more than this share the fall differs from what the test made, and what is left from what people asked."""
SOON = timedelta(minutes=30)
"""An alert of a fall waits for some minutes; one that comes later tells of another."""
EVEN = 1.5
"""Traffic of people goes up and down, but not by more than so many times within minutes."""


def test_ended(view: View, alert: Alert, ref: str) -> Evidence | None:
    """Return that a workload gets less since a generator of load ended, by what that says it made; None: not so.

    What is left has to be even: who lost people as well loses more than a test made, or goes on to lose them.
    """
    if not (_OF_LESS.search(alert.said) and _OF_TRAFFIC.search(alert.said)) or _OF_MORE.search(alert.said):
        return None
    for pod, tool, end, made in tests_over(view):
        if alert.starts_at is None or not end <= alert.starts_at <= end + SOON:
            continue
        levels = [_levels(view, series, end) for series in traffic(view, ref)]
        if levels and all(each is not None and _as_made(*each, made) for each in levels):
            told = f"its traffic fell as {tool} ended in {pod.name}, which made {made:.0f} requests a second"
            return Evidence("metrics", ref, f"{alert.name} fires; {told}: by as much", end)
    return None


def tests_over(view: View) -> Iterator[tuple[Pod, str, datetime, float]]:
    """Yield the pods in which a generator of load came to its end, when, and how much it says it made."""
    for pod in (pod for workload in view.workloads.values() for pod in workload.pods):
        tool = generator_in(pod)
        ends = [c.ended.at for c in pod.containers if c.state == "terminated" and c.ended and not c.ended.badly]
        end = newest(ends) if tool and pod.phase == "Succeeded" else None
        made = next((rate for log in view.logs_of([pod]) if (rate := rate_made(log.lines))), None) if end else None
        if end is not None and made:
            yield pod, tool, end, made


def traffic(view: View, ref: str) -> Iterator[Series]:
    """Yield what is measured of how much a workload is asked."""
    for label in labels_of(view, ref, "request_rate"):
        yield from view.figures.series("request_rate", component=label)


def _levels(view: View, series: Series, end: datetime) -> tuple[float, float] | None:
    """Return how much was asked before a moment and is asked since; None where either is no even level."""
    stop, start = end.timestamp(), (end - BEFORE).timestamp()
    before = [value for at, value in series.points if start <= at <= stop]
    since = [value for at, value in series.points if at > stop + WINDOW.total_seconds()]
    if min(len(before), len(since)) < LEAST or not all(_even(each) for each in (before, since)):
        return None
    return (median(before), median(since)) if view.recent(end, timedelta(hours=1)) else None


def _even(values: list[float]) -> bool:
    return 0 < max(values) <= EVEN * min(values)


def _as_made(before: float, since: float, made: float) -> bool:
    """Tell whether a fall is what a test made: beside a test of many times what people ask nobody sees these leave."""
    return abs(before - since - made) <= LIKE * min(made, since)
