"""Work that all pods of a server shared, and that few of them do since one moment: the others get none any more.

It is dealt out by whoever calls. One connection that carries all requests of a caller (HTTP/2, gRPC) leads to one pod
for as long as it stands, where a Service is asked and the caller deals nothing out itself.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.stores import is_store
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.work import work_of_all
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

SIGNALS = (("request_rate_by_pod", 0.5, 0.1), ("cpu_share", 0.1, 0.25), ("cpu_usage", 0.1, 0.25))
"""What tells of work, how much each pod did of it at least, and the share of that from which on it does none."""
MORE = 1.4
"""Who does so many times its former work has that of others."""
EVEN = 2.0
"""So many times the least was the most that any of them did: it was dealt out to all."""
SAME = (0.6, 1.4)
"""Between such shares of what all did together they still do as much."""
APART = timedelta(minutes=6)
"""All that lost their work lost it within so long: a roll-out of a caller takes its time."""


class Dealt(NamedTuple):
    """The pods that have the work now, those that have none, and when the first and the last of these lost theirs."""

    busy: tuple[str, ...]
    idle: tuple[str, ...]
    first: datetime
    last: datetime


@once
def dealt_to_few(view: View, workload: Workload) -> Dealt | None:
    """Return to which pods all work goes that all shared before; None if not so, or nobody measures it.

    All of them are ready and were there before: whoever is not ready, or has just come, gets none anyway.
    """
    if is_store(workload) or not all(pod.ready for pod in workload.live):
        return None
    for signal, least, none in SIGNALS:
        works = work_of_all(view, workload, signal)
        if not works:
            continue
        was = [work.was for work in works.values()]
        idle = tuple(sorted(pod for pod, work in works.items() if work.left <= none))
        busy = tuple(sorted(pod for pod, work in works.items() if work.left >= MORE))
        before, now = sum(was), sum(work.now for work in works.values())
        even = min(was) >= least and max(was) <= EVEN * min(was)
        if not (even and idle and busy and SAME[0] * before <= now <= SAME[1] * before):
            return None
        lost = [_lost(view, signal, pod, works[pod].was) for pod in idle]
        first, last = oldest(lost), newest(lost)
        there = all(pod.started and first and pod.started < first for pod in workload.live)
        if first is None or last is None or None in lost or last - first > APART or not there:
            return None
        return Dealt(busy, idle, first, last)
    return None


def _lost(view: View, signal: str, pod: str, was: float) -> datetime | None:
    """Return when a pod did half of its former work for the last time."""
    points = (t for series in view.figures.series(signal, pod=pod) for t, value in series.points if value >= was / 2)
    last = max(points, default=None)
    return None if last is None else datetime.fromtimestamp(last, UTC)
