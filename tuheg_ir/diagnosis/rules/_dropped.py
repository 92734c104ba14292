"""Readers whose channel the broker closed as they confirmed nothing for too long, and that never read again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._listed_queues import left_unread
from tuheg_ir.diagnosis.stamps import stamp, without_time
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.logs import speaks_of, tells
from tuheg_ir.diagnosis.view.marked import STILL, complains
from tuheg_ir.diagnosis.view.workloads import Workload

_CLOSED = late(r"delivery acknowledgement on channel \d+ timed out", re.IGNORECASE)
"""How a client of RabbitMQ tells why its channel was closed: the broker's own words, in any language's client."""

_NUMBERED = late(r"\w*\d\w*")
_NO_WORK = late(r"health|ready|alive|liveness|idle|\bping|heart|probe|metrics|stats|\bwait|uptime", re.IGNORECASE)
"""Words of what a program tells whether it has work or not."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """Readers that were dropped, and that nobody reads their queue since."""

    at: datetime
    closed: Evidence
    unread: Evidence


def dropped(view: View, workload: Workload, away: Iterable[str]) -> Dropped | None:
    """Return that most pods of a reader were dropped, its queue has no reader, and what they waited for has ended.

    ``away``: troubles of what passes by itself, of which each of them told when it gave up to wait. Who still waits,
    or did for one message, would be dropped again.
    """
    found = list(_closings(view, workload, tuple(away)))
    if not found or 2 * len(found) <= len(workload.live):
        return None
    at, pod, line = min(found)
    unread = _unread(view, workload, at, max(found)[0])
    if unread is None or _works_still(view, workload, at):
        return None
    return Dropped(at, Evidence("logs", f"Pod/{pod}", f"the broker dropped it: {line[:240]}", at), unread)


def _closings(view: View, workload: Workload, away: tuple[str, ...]) -> Iterator[tuple[datetime, str, str]]:
    """Yield when each pod was dropped, if it tells since then that what it asked was away."""
    for log in view.logs_of(workload.live, previous=False):
        if not speaks_of(log, ("delivery acknowledgement",)):
            continue
        timed = [(at, line) for line in log.lines if (at := stamp(line))]
        closed = [(at, log.pod, line.strip()) for at, line in timed if _CLOSED.search(line)]
        if closed and any(tells(each, line) for at, line in timed if at > closed[-1][0] for each in away):
            yield closed[-1]


def _unread(view: View, workload: Workload, at: datetime, since: datetime) -> Evidence | None:
    """Return that of the queues which its settings name one lost its readers, by figures or as a log lists them.

    None where another one of them has readers: they may be these very ones, and what nobody reads is that to which
    they write. What never had readers is there for what nobody takes.
    """
    names = {value.strip() for _, value in view.graph.settings(workload)}
    readers = {
        queue: now for queue, now in view.figures.latest("queue_consumers", "component").items() if queue in names
    }
    if any(readers.values()):
        return None
    for queue in sorted(readers):
        if view.figures.before("queue_consumers", at, component=queue):
            gone = view.figures.crossed("queue_consumers", 0.5, below=True, component=queue)
            return Evidence("metrics", workload.ref, f"nobody reads {queue}", gone)
    return left_unread(view, names, since)


def _works_still(view: View, workload: Workload, at: datetime) -> bool:
    """Tell whether a reader tells of work lately as it did before it was dropped."""
    before, now = set(), set()
    for log in view.logs_of(workload.live, previous=False):
        timed = [(when, line) for line in log.lines if (when := stamp(line))]
        work = [(when, line) for when, line in timed if not complains(line) and not _NO_WORK.search(line)]
        before |= {_message(line) for when, line in work if when < at}
        now |= {_message(line) for when, line in work if when > at and view.recent(when, STILL)}
    return bool(before & now)


def _message(line: str) -> str:
    """Return what a line has in common with others of the same message."""
    return _NUMBERED.sub("#", without_time(line))
