"""Readers of a queue that is long for longer than figures go back, and that all work: no job was ever quicker.

Where a queue grew before the first figure, nothing shows how its readers did until then. What they are handed and have
not done, or have in work, shows whether they work at all of it; and their own log how long a job took as none waited,
or the autoscaler of who sends that more is sent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from statistics import median

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Series
from tuheg_ir.diagnosis.rules._figures import Turn
from tuheg_ir.diagnosis.rules._held_up import fails_in, few_of_its_lines
from tuheg_ir.diagnosis.rules._in_line import (
    EXPLAINED,
    FEWER,
    JOB_TIME,
    JOBS_DONE,
    JOBS_IN_WORK,
    SHORTER,
    SLOWER,
    jobs_in_line,
)
from tuheg_ir.diagnosis.rules._more_handed import more_handed
from tuheg_ir.diagnosis.rules._readers import LEAST, grown, named_in, queues, reader
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.marked import shape_of
from tuheg_ir.diagnosis.view.took import seconds_of
from tuheg_ir.diagnosis.view.trouble import ERRORS, errors, labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

TOLD = 5
"""So many jobs have to be told before they say how long one takes."""
SURELY = 3.0
"""A queue that grows ever faster began so many times as long ago as its pace tells."""
_TAKES = late(r"(?<![\w.:])(\d{1,7}(?:\.\d{1,6})?)\s?(ms|s)\b")


def done_in_line(
    view: View, consumer: Workload, series: Series, began: datetime | None
) -> tuple[tuple[Evidence, ...], tuple[Evidence, ...]]:
    """Return what shows that a queue's reader does its jobs as quick as ever, and the same if few of them fail."""
    if counted := jobs_in_line(view, consumer, began):
        few = _few_fail_as_ever(view, consumer) or few_of_its_lines(view, consumer, began)
        return counted, counted if few else ()
    found = _all_at_work(view, consumer, series)
    return found, found


def outnumbered(view: View, series: Series) -> Turn | None:
    """Return that a queue grows that was long before the first figure, and that its readers work at all they can.

    It need not be many times as long as an hour ago: it was long then. None if nobody knows what its readers do.
    """
    consumer, began = reader(view, series), _began(series, 1.0)
    if consumer is None or began is None or min(value for _, value in series.points) < LEAST:
        return None
    grows = view.figures.alone("queue_depth", series).steady_growth("queue_depth")
    if not grows or not _all_at_work(view, consumer, series):
        return None
    return Turn(series.points[0][1], series.points[-1][1], began)


def outruns(view: View, consumer: Workload) -> bool:
    """Tell whether a queue grows whose reader does more than ever, each job as quick, and fails at few: as ever."""
    known = ((series, grown(view, series)) for series in queues(view) if reader(view, series) is consumer)
    return any(grew is not None and done_in_line(view, consumer, series, grew.since)[1] for series, grew in known)


def _few_fail_as_ever(view: View, consumer: Workload) -> bool:
    """Tell whether a consumer counts that few of its jobs fail, and no larger part of them than at first.

    That says more than a log, which may tell of one job in many that went well. Who counts none that fails may count
    something else.
    """
    known = _both(view, "error_ratio", labels_of(view, consumer.ref, "error_ratio"))
    return known is not None and known[1] <= min(ERRORS, SLOWER * known[0])


def _all_at_work(view: View, consumer: Workload, series: Series) -> tuple[Evidence, ...]:
    """Return that readers work at all that they are handed or can, first and now, fail at few, as quick as ever.

    So many jobs are in work as are done in a time, times what each takes. Who is handed more than that keeps some
    aside, or hangs at some: nobody can tell which.
    """
    start = datetime.fromtimestamp(series.points[0][0], UTC) if series.points else None
    if start is None or errors(view, consumer.ref) or not few_of_its_lines(view, consumer, start):
        return ()
    held = _both(view, "queue_unacked", (named_in(series),)) or _all_busy(view, consumer)
    done = _both(view, JOBS_DONE, labels_of(view, consumer.ref, JOBS_DONE))
    took = _both(view, JOB_TIME, labels_of(view, consumer.ref, JOB_TIME))
    if not (held and done and took) or done[1] < FEWER * done[0] or not _alike(took):
        return ()
    if any(rate * time < EXPLAINED * many for many, rate, time in zip(held, done, took, strict=True)):
        return ()
    began = _began(series)
    was = _as_quick(view, consumer, began, start) if began else 0.0
    first = Evidence("logs", consumer.ref, f"one took {was:.2g} s before any can have waited", began) if was else None
    why = first or (more_handed(view, consumer, began, start) if began else None)
    if why is None:
        return ()
    fact = f"all {held[1]:.0f} messages that it is handed are in work; each takes {took[1]:.2g} s, as before"
    return Evidence("metrics", consumer.ref, f"{fact}, and it does {done[1]:.3g} a second"), why


def _all_busy(view: View, consumer: Workload) -> tuple[float, float] | None:
    """Return how many jobs a consumer had in work at first, and has, if these are as many as it ever has.

    Who has threads left that do nothing has more of them in work at one time than at another.
    """
    for label in labels_of(view, consumer.ref, JOBS_IN_WORK):
        both = _both(view, JOBS_IN_WORK, (label,))
        most = view.figures.peak(JOBS_IN_WORK, component=label)
        least = view.figures.median(JOBS_IN_WORK, component=label)
        if both and most and least and min(*both, least) >= EXPLAINED * most:
            return both
    return None


def _both(view: View, signal: str, labels: Iterable[str]) -> tuple[float, float] | None:
    """Return how a signal began, and how it stands; None if nobody knows one of both."""
    for label in labels:
        was, now = view.figures.first(signal, component=label), view.figures.now(signal, component=label)
        if was and now:
            return was, now
    return None


def _alike(both: tuple[float, float]) -> bool:
    return SHORTER * both[0] <= both[1] <= SLOWER * both[0]


def _began(series: Series, times: float = SURELY) -> datetime | None:
    """Return before when a queue surely was not long, by how fast it grows; None if it does not."""
    (first, was), (last, now) = series.points[0], series.points[-1]
    if now <= was or last <= first:
        return None
    since = timedelta(seconds=times * was * (last - first) / (now - was))
    start = datetime.fromtimestamp(first, UTC)
    return start - since if since < timedelta(days=1) else None


def _as_quick(view: View, consumer: Workload, began: datetime, start: datetime) -> float:
    """Return how long a job took by the log before one time, if those after another one take as long; 0: not so."""
    before, after = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    for shape, at, seconds in _times(view, consumer):
        if at < began:
            before[shape].append(seconds)
        elif at >= start:
            after[shape].append(seconds)
    known = [
        (median(before[shape]), median(after[shape]))
        for shape in before
        if len(before[shape]) >= TOLD and len(after[shape]) >= TOLD
    ]
    return max((was for was, _ in known), default=0.0) if all(_alike(each) for each in known) else 0.0


def _times(view: View, consumer: Workload) -> Iterator[tuple[str, datetime, float]]:
    """Yield which message of a consumer's pods told when that something took how long: the first time in it."""
    fails = fails_in(view, consumer)
    for log in view.logs_of(consumer.live, previous=False):
        for line in log.lines:
            seconds = _seconds(line)
            at = stamp(line) if seconds and not fails(line) else None
            if seconds and at is not None:
                yield shape_of(line), at, seconds


def _seconds(line: str) -> float | None:
    named = seconds_of(line)
    if named is not None:
        return named
    found = _TAKES.search(line)
    return float(found[1]) / (1000 if found[2] == "ms" else 1) if found else None
