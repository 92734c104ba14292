"""Readers of a queue that is long for longer than figures go back, and that all work: no job was ever quicker.

Where a queue grew before the first figure, nothing shows how its readers did until then. What they are handed and have
not done shows whether they work at all of it, and their own log how long a job took as none waited.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from statistics import median

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Series
from tuheg_ir.diagnosis.rules._held_up import fails_in, few_of_its_lines
from tuheg_ir.diagnosis.rules._in_line import (
    EXPLAINED,
    FEWER,
    JOB_TIME,
    JOBS_DONE,
    SHORTER,
    SLOWER,
    jobs_in_line,
)
from tuheg_ir.diagnosis.rules._readers import named_in
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.marked import shape_of
from tuheg_ir.diagnosis.view.took import seconds_of
from tuheg_ir.diagnosis.view.trouble import errors, labels_of
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
        return counted, counted if few_of_its_lines(view, consumer, began) else ()
    found = _all_at_work(view, consumer, series)
    return found, found


def _all_at_work(view: View, consumer: Workload, series: Series) -> tuple[Evidence, ...]:
    """Return that readers work at all that they are handed, first and now, fail at few, and are as quick as ever.

    So many jobs are in work as are done in a time, times what each takes. Who is handed more than that keeps some
    aside, or hangs at some: nobody can tell which.
    """
    start = datetime.fromtimestamp(series.points[0][0], UTC) if series.points else None
    if start is None or errors(view, consumer.ref) or not few_of_its_lines(view, consumer, start):
        return ()
    held = _both(view, "queue_unacked", (named_in(series),))
    done = _both(view, JOBS_DONE, labels_of(view, consumer.ref, JOBS_DONE))
    took = _both(view, JOB_TIME, labels_of(view, consumer.ref, JOB_TIME))
    if not (held and done and took) or done[1] < FEWER * done[0] or not _alike(took):
        return ()
    if any(rate * time < EXPLAINED * many for many, rate, time in zip(held, done, took, strict=True)):
        return ()
    began = _began(series)
    was = _as_quick(view, consumer, began, start) if began else 0.0
    if not was:
        return ()
    fact = f"all {held[1]:.0f} messages that it is handed are in work; each takes {took[1]:.2g} s, as before"
    return (
        Evidence("metrics", consumer.ref, f"{fact}, and it does {done[1]:.3g} a second"),
        Evidence("logs", consumer.ref, f"one took {was:.2g} s before any can have waited", began),
    )


def _both(view: View, signal: str, labels: Iterable[str]) -> tuple[float, float] | None:
    """Return how a signal began, and how it stands; None if nobody knows one of both."""
    for label in labels:
        was, now = view.figures.first(signal, component=label), view.figures.now(signal, component=label)
        if was and now:
            return was, now
    return None


def _alike(both: tuple[float, float]) -> bool:
    return SHORTER * both[0] <= both[1] <= SLOWER * both[0]


def _began(series: Series) -> datetime | None:
    """Return before when a queue surely was not long, by how fast it grows; None if it does not."""
    (first, was), (last, now) = series.points[0], series.points[-1]
    if now <= was or last <= first:
        return None
    since = timedelta(seconds=SURELY * was * (last - first) / (now - was))
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
