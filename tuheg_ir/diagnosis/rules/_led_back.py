"""Whose pods took the connections of a store, where the figures begin hours after the release that brought it.

A few connections a minute take half a day to fill a store, and figures go back for an hour. What is never closed lies
on a straight line: it leads back to a client's release, where there was none of it yet, and by now is most of what the
store has. Who holds more because more is asked of it grows with that, and who holds as much for long does not grow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from statistics import fmean

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._pools import BUSY_TOO, KEPT_S, READINGS
from tuheg_ir.diagnosis.rules._sessions import Full, label_of
from tuheg_ir.diagnosis.rules._taken_since import NOUGHT, Points, evenly
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

SUSPECT = timedelta(hours=24)
"""What fills a store more slowly grows by too little within an hour to be told from what comes and goes."""
SHARE = 0.5
"""Of how far the work has to grow with what is held, if that is to come of it."""
_WORK = (("request_rate", "component"), ("request_rate_by_pod", "pod"), ("cpu_share", "pod"), ("cpu_usage", "pod"))
"""What tells how much a client has to do, the best first, and whose figures these are."""


def led_back(
    view: View, each: Full, client: Workload, counts: Sequence[Points], full: datetime, shares: tuple[float, float]
) -> tuple[Evidence, ...]:
    """Return that what the pods of a client hold is most of what a store has, on a line from its release.

    ``counts``: how many files each pod had open until the store was ``full``; ``shares``: how many there may be of
    them for each connection, at least and at most.
    """
    released = client.released_at
    if released is None or not timedelta() < full - released <= SUSPECT or not counts or not all(map(_rises, counts)):
        return ()
    mine = _sum(counts)
    if not _rises(mine):
        return ()  # pods that were counted at other moments, or one after the other, make no line together
    (begin, low), *_, (end, high) = mine
    store = _of_store(view, each, begin, full)
    if begin <= released.timestamp() or len(store) < READINGS:
        return ()
    least, most = shares
    came, has = store[-1][1] - store[0][1], store[-1][1]
    if came <= 0 or not all(least * of <= mine <= most * of for mine, of in ((high - low, came), (high, has))):
        return ()
    at_release = low - (high - low) / (end - begin) * (begin - released.timestamp())
    if abs(at_release) > NOUGHT * high or _works_with_it(view, client, begin, end, _halves(mine)):
        return ()
    fact = f"its pods held {high:.0f} files and sockets open, {high - low:.0f} of them new in"
    fact += f" {(end - begin) / 60:.0f} min: a line that begins with its release, and most of what {each.ref} has"
    return (Evidence("metrics", client.ref, fact, released),)


def _rises(counts: Points) -> bool:
    """Tell whether what a pod holds goes up for long, as much early as late, and never down by much of that."""
    if len(counts) < READINGS or counts[-1][0] - counts[0][0] < KEPT_S or not evenly(counts):
        return False
    low, high, last = counts[0][1], counts[0][1], counts[-1][1]
    for _, value in counts:
        high = max(high, value)
        if high - value > max(1.0, BUSY_TOO * last):
            return False
    return last > low


def _of_store(view: View, each: Full, begin: float, full: datetime) -> Points:
    """Return how many connections a store had, from when its client was counted until it was full."""
    label = label_of(view, "db_connections", each.ref)
    every = view.figures.series("db_connections", component=label) if label else ()
    return _sum([p for p in series.points if begin <= p[0] <= full.timestamp()] for series in every)


def _works_with_it(view: View, client: Workload, begin: float, end: float, times: float) -> bool:
    """Tell whether a client has more to do by as much as it holds more; so it may be where nobody tells."""
    pods = tuple(pod.name for pod in client.newest_pods())
    for signal, of in _WORK:
        names = labels_of(view, client.ref, signal) if of == "component" else pods
        every = [series.points for name in names for series in view.figures.series(signal, **{of: name})]
        work = _sum([p for p in points if begin <= p[0] <= end] for points in every)
        if len(work) >= READINGS:
            return _halves(work) - 1 >= SHARE * (times - 1)
    return True


def _sum(every: Iterable[Points]) -> Points:
    """Return what several series come to, at the moments that all of them know."""
    known = [dict(points) for points in every]
    shared = set.intersection(*(set(each) for each in known)) if known else set()
    return [(at, sum(each[at] for each in known)) for at in sorted(shared)]


def _halves(points: Points) -> float:
    """Return how many times its first half the second half of a series is."""
    middle = len(points) // 2
    early, late = (fmean(value for _, value in part) for part in (points[:middle], points[middle:]))
    return late / early if early else 1.0
