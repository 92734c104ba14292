"""Readers whose channel the broker closed as they confirmed nothing for too long, and that never read again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._listed_queues import left_unread
from tuheg_ir.diagnosis.stamps import stamp, without_time
from tuheg_ir.diagnosis.view.logs import speaks_of, tells
from tuheg_ir.diagnosis.view.marked import complains
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_CLOSED = late(r"delivery acknowledgement on channel \d+ timed out", re.IGNORECASE)
"""How a client of RabbitMQ tells why its channel was closed: the broker's own words, in any language's client."""
_OTHERS = late(r"out|dead|dl[qx]|reply|retry|publish|target|dest|sink|exchange", re.IGNORECASE)
"""Names of settings that name a queue which somebody else reads."""
_WORD = late(r"[A-Za-z_]{3,}")
_ANYWAY = late(r"idle|health|alive|ready|ping|probe|metrics|heartbeat|stats|memory|\bgc\b", re.IGNORECASE)
"""Words of what a program tells whether it has work or not."""
_SOON = timedelta(minutes=10)
"""So near to the last of its readers that was dropped a queue is counted to have none."""


class Dropped(NamedTuple):
    """Readers that were dropped, and that nobody reads their queue since; ``waits``: more waits in it since then."""

    at: datetime
    closed: Evidence
    unread: Evidence
    waits: bool


def dropped(view: View, workload: Workload, away: Iterable[str]) -> Dropped | None:
    """Return that most pods of a reader were dropped, its queue has no reader, and what they waited for has ended.

    ``away``: troubles of what passes by itself, of which each of them told when it gave up to wait. Who still waits,
    or did for one message, would be dropped again.
    """
    found = list(_closings(view, workload, tuple(away)))
    if not found or 2 * len(found) <= len(workload.live):
        return None
    at, pod, line = min(found)
    names = {value.strip() for key, value in view.graph.settings(workload) if not _OTHERS.search(key)}
    measured, listed = _unread(view, workload, names, at, max(found)[0]), left_unread(view, names, max(found)[0])
    if any(view.figures.now("queue_consumers", component=name) for name in names if name):
        return None  # who reads one of its queues was not dropped for good
    unread = listed or measured
    if unread is None:
        return None
    closed = Evidence("logs", f"Pod/{pod}", f"the broker dropped it: {line}", at)
    return Dropped(at, closed, unread, waits=listed is not None)


def _closings(view: View, workload: Workload, away: tuple[str, ...]) -> Iterator[tuple[datetime, str, str]]:
    """Yield when each pod was dropped, if it tells since then that what it asked was away, and of no work."""
    for log in view.logs_of(workload.live, previous=False):
        if not speaks_of(log, ("delivery acknowledgement",)):
            continue
        timed = [(at, line) for line in log.lines if (at := stamp(line))]
        closed = [(at, log.pod, line.strip()) for at, line in timed if _CLOSED.search(line)]
        if not closed or _works_on(timed, closed[-1][0]):
            continue
        if any(tells(each, line) for at, line in timed if at > closed[-1][0] for each in away):
            yield closed[-1]


def _works_on(timed: Sequence[tuple[datetime, str]], closed: datetime) -> bool:
    """Tell whether a log says since a time what it said before it: no complaint, nor what is told without work too."""
    said = [(at > closed, line) for at, line in timed if not complains(line) and not _ANYWAY.search(line)]
    before, since = (
        {tuple(_WORD.findall(without_time(line))) for later, line in said if later is side} for side in (False, True)
    )
    return bool(before & since)


def _unread(view: View, workload: Workload, names: set[str], first: datetime, last: datetime) -> Evidence | None:
    """Return that a queue which had readers by figures has none since the last of its readers was dropped."""
    for name in sorted(names - {""}):
        gone = view.figures.crossed("queue_consumers", 0.5, below=True, component=name)
        had = view.figures.before("queue_consumers", first, component=name)
        if had and gone is not None and first <= gone <= last + _SOON:
            return Evidence("metrics", workload.ref, f"nobody reads {name}", gone)
    return None
