"""Traffic that a load test of the house's own made, and that is gone since the test has ended: an alert looks back.

By how much was asked more a generator of load says how much it made: no flood of others hides beside that. What is
refused to it, and to nobody else, was a part of the test.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from statistics import fmean, median

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence, Series
from tuheg_ir.diagnosis.rules._generators import generator_in
from tuheg_ir.diagnosis.rules._test_ended import BEFORE, EVEN, LEAST, WINDOW, tests_over, traffic
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.state import ERRORS, belongs_to
from tuheg_ir.diagnosis.view.marked import shape_of
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.pods import controller
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.trouble import SLOW_S, labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

MORE = 3.0
"""So many times what people ask is what a test made, and no hour of the day."""
LIKE = 0.25
"""By no more than this share of it what was asked more differs from what the test says it made."""
NORMAL = 1.3
LATER = timedelta(minutes=5)
"""An alert looks back over some minutes."""
_CLOCKS = timedelta(minutes=1)
_OF_TRAFFIC = late(
    r"traffic|request.{0,12}(?:rate|anomal)|\brequests\b|\brps\b|\bqps\b|flood|ddos|surge|spike|attack", re.IGNORECASE
)
_OF_WORK = late(r"cpu|processor|network|bandwidth|load\b|busy|miner|mining", re.IGNORECASE)
"""What a generator of load uses where it runs."""
_OF_HARM = late(
    r"error|\bfail|latenc|slow|5xx|success|availab|\bdown\b|crash|\boom|memory|disk|replica|lag\b|\bspace\b|quota|burn",
    re.IGNORECASE,
)


class Over(NamedTuple):
    """A load test that has ended: its tool, who ran it, from when to when, and what it made of the traffic of whom."""

    tool: str
    owners: frozenset[str]
    began: datetime
    ended: datetime
    made: dict[str, str]


def test_over(view: View, alert: Alert, ref: str) -> Evidence | None:
    """Return that an alert of traffic, or of what a generator of load used, is of a load test that is over; else None.

    It began while that went on. Who was asked has served it all, and is asked as before by now.
    """
    over = _over(view)
    at = alert.starts_at
    if over is None or at is None or not over.began <= at <= over.ended + LATER or _OF_HARM.search(alert.said):
        return None
    if ref in over.made and _OF_TRAFFIC.search(alert.said):
        return Evidence("metrics", ref, f"{alert.name} fires; {over.made[ref]}", over.ended)
    if ref in over.owners and _OF_WORK.search(alert.said):
        return Evidence("objects", ref, f"{alert.name} fires; {over.tool} ran there, and has ended", over.ended)
    return None


def of_test(view: View, sign: Evidence) -> bool:
    """Tell whether a log complains of the test alone, and does no more since its end; or did so before it began."""
    over = _over(view) if sign.source == "logs" else None
    workload = view.workloads.get(belongs_to(view, sign))
    if over is None or workload is None:
        return False
    line = next((hit.line for hit in view.hits if view.hit_evidence(hit) == sign), sign.fact.partition(": ")[2])
    before = any(at < over.began for at in _times(view, workload, line))
    return before or told_of_test(view, workload, line)


def told_of_test(view: View, workload: Workload, line: str) -> bool:
    """Tell whether a workload tells something of a load test, and no more since that has ended."""
    over = _over(view)
    if over is None or not _names(over.tool, line):
        return False
    times = _times(view, workload, line)
    return bool(times) and over.began <= times[0] and times[-1] <= over.ended + _CLOCKS


def _times(view: View, workload: Workload, line: str) -> list[datetime]:
    """Return when a workload told the like of a line."""
    shape = shape_of(line)
    return sorted(at for each in view.lines_of(workload) if shape_of(each) == shape and (at := stamp(each)))


def _names(tool: str, line: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(tool)}[/ ]", line) is not None


@once_a_view
def _over(view: View) -> Over | None:
    """Return the load test that has ended, if all its generators have, and it shows in the traffic of somebody."""
    tests = list(tests_over(view))
    began = oldest(pod.created for pod, _, _, _ in tests)
    ended = newest(end for _, _, end, _ in tests)
    if began is None or ended is None or len({tool for _, tool, _, _ in tests}) != 1 or _goes_on(view):
        return None
    rate, tool = sum(each for _, _, _, each in tests), tests[0][1]
    made = {}
    for workload in view.serving:
        hills = [_hill(series, began, ended) for series in traffic(view, workload.ref)]
        if not hills or not all(more is not None and abs(more - rate) <= LIKE * rate for more in hills):
            continue
        if not _served(view, workload.ref):
            return None
        told = (
            f"its traffic is as before since {tool} ended, which made {rate:.0f} requests a second: all that was more"
        )
        made[workload.ref] = told
    owners = frozenset(ref for pod, _, _, _ in tests for ref in (pod.owner, controller(pod.obj)))
    return Over(tool, owners, began, ended, made) if made else None


def _goes_on(view: View) -> bool:
    return any(generator_in(pod) for _, pod in view.pods())


def _hill(series: Series, began: datetime, ended: datetime) -> float | None:
    """Return how much more was asked, in the mean, during a test; None unless it is as much as before since its end."""
    start, stop = began.timestamp(), ended.timestamp()
    before = [value for at, value in series.points if start - BEFORE.total_seconds() <= at < start]
    during = [value for at, value in series.points if start <= at <= stop]
    since = [value for at, value in series.points if at > stop + WINDOW.total_seconds()]
    if min(len(before), len(during), len(since)) < LEAST:
        return None
    was = median(before)
    if not was / EVEN <= min(since) <= max(since) <= EVEN * was or not 0 < MORE * was <= fmean(during):
        return None
    return fmean(during) - was


def _served(view: View, ref: str) -> bool:
    """Tell whether a workload is measured, and has answered all that it was asked as well as ever."""
    ratios = [view.figures.peak("error_ratio", component=label) for label in labels_of(view, ref, "error_ratio")]
    for label in labels_of(view, ref, "latency_p95"):
        worst, was = (getattr(view.figures, each)("latency_p95", component=label) for each in ("peak", "first"))
        if worst is None or was is None or worst > max(NORMAL * was, SLOW_S):
            return False
    return bool(ratios) and all(ratio is not None and ratio <= ERRORS / 2 for ratio in ratios)
