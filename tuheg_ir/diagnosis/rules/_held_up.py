"""Who works on messages and tells again and again that somebody else lets it do nothing: more of it are no help."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.stamps import apart, goes_on, without_time
from tuheg_ir.diagnosis.view.complaints import OFTEN, fresh
from tuheg_ir.diagnosis.view.logs import Hit, tells, times_near
from tuheg_ir.diagnosis.view.marked import complains
from tuheg_ir.diagnosis.view.usage import BUSY, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LASTING = (
    *("certificate", "database_authentication", "outside_authentication", "account_locked"),
    *("database_writes_refused", "cache_full", "broker_alarm", "store_limit", "store_quota"),
    *("disk_full", "cluster_split"),
)
"""Troubles with somebody else that a new start meets again."""
WAITS = (
    *LASTING,
    *("dns", "connection_refused", "connection_reset", "connection_timeout", "upstream_failure"),
    *("read_only_database", "database_full", "pool_exhausted", "lock_wait"),
)
"""Troubles of who waits for others."""
_HELD_UP = (*WAITS, "stuck")
"""Troubles of who waits for others, or whose messages others take away from it before they are done."""
JUST_BEFORE = timedelta(minutes=15)
"""So long after its reader stopped a queue is clearly longer than it was."""


FEW = 0.05
"""Errors in no more than so large a share of the lines say little of the other ones' work."""


def held_up_by(view: View, consumer: Workload) -> tuple[Hit, ...]:
    """Return the errors of a consumer's running pods that tell what holds it up; () if they are few, or over.

    Who is at its processor limit all the same has too much to do.
    """
    told = tuple(hit for hit in _told(view, consumer, *_HELD_UP) if fresh(view, hit))
    return told if sum(hit.count for hit in told) >= OFTEN else ()


def held_up_before(view: View, consumer: Workload, since: datetime | None) -> tuple[Hit, ...]:
    """Return the errors that a consumer's running pods told until just before something piled up; () if they are few.

    A task that gave up for good says so once.
    """
    if since is None:
        return ()
    hits = _told(view, consumer, *_HELD_UP, "gave_up")
    told = tuple(hit for hit in hits if hit.last is not None and since - JUST_BEFORE <= hit.last <= since)
    often = sum(hit.count for hit in told) >= OFTEN or any(hit.trouble == "gave_up" for hit in told)
    return told if often else ()


def few_of_its_lines(view: View, consumer: Workload, since: datetime | None, most: float = FEW) -> bool:
    """Tell whether errors are so small a part of what a consumer's running pods tell that most of its work goes well.

    Some calls of many fail at all times, and the more there are of them the more fail. How it went before a time says
    nothing; and a job that fails is no job done, in whatever words it is told.
    """
    fails = fails_in(view, consumer)
    lines = [
        line
        for log in view.logs_of(consumer.live, previous=False)
        for line, at in zip(log.lines, times_near(log.lines), strict=True)
        if (since is None or at is None or at >= since) and not goes_on(apart(line)[1])
    ]
    return sum(map(fails, lines)) <= most * len(lines)


def fails_in(view: View, consumer: Workload) -> Callable[[str], bool]:
    """Return what tells whether a line of a consumer's running pods is of an error, by its mark or by its words."""
    live = {pod.name for pod in consumer.live}
    troubles = {hit.trouble for hit in view.hits_of(consumer.ref) if hit.pod in live and not hit.previous}
    return lambda line: complains(line) or any(tells(trouble, without_time(line)) for trouble in troubles)


def _told(view: View, consumer: Workload, *troubles: str) -> list[Hit]:
    """Return what a consumer's running pods tell of troubles, unless they have too much to do."""
    if usage(view.figures, consumer, "cpu_share").widely(BUSY):
        return []
    live = {pod.name for pod in consumer.live}
    return [hit for hit in view.hits_of(consumer.ref, *troubles) if hit.pod in live and not hit.previous]
