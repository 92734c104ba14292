"""Readers of a queue that is long for longer than figures go back, and that all work: no job was ever quicker.

Where a queue grew before the first figure, nothing shows how its readers did until then. What they are handed and have
not done, or have in work, shows whether they work at all of it; and their own log how long a job took as none waited,
or the autoscaler of who sends that more is sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence, Series
from tuheg_ir.diagnosis.rules._capacity import PEAK
from tuheg_ir.diagnosis.rules._figures import Turn
from tuheg_ir.diagnosis.rules._held_up import few_of_its_lines
from tuheg_ir.diagnosis.rules._in_line import EXPLAINED, FEWER, JOB_TIME, JOBS_DONE, JOBS_IN_WORK, jobs_in_line
from tuheg_ir.diagnosis.rules._job_times import SLOWER, Near, alike, as_quick
from tuheg_ir.diagnosis.rules._more_handed import more_handed
from tuheg_ir.diagnosis.rules._readers import LEAST, grown, name_of, named_in, queues, reader
from tuheg_ir.diagnosis.rules._twins import own_container
from tuheg_ir.diagnosis.view.reading import text
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.trouble import ERRORS, errors, labels_of
from tuheg_ir.diagnosis.view.usage import BUSY
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

SURELY = 3.0
"""A queue that grows ever faster began so many times as long ago as its pace tells."""
STRAIGHT = 1.5
"""One that grows in a straight line began not much longer ago than that line tells."""
EVEN, MANY = 0.06, 20
"""The two halves of such a line differ by no more than so much, by so many points at least."""
APART = timedelta(minutes=10)
"""What is told for less time than that tells of one moment, and of no change."""
_DAY = timedelta(days=1)


class _Does(NamedTuple):
    """What readers do who do all they can: how one sees it, how many a second, and how long one takes."""

    told: str
    done: float
    near: Near


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
    consumer, began = reader(view, series), began_before(series, 1.0)
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
    something else; and of who takes requests it is those that are counted, whatever becomes of the jobs.
    """
    if labels_of(view, consumer.ref, "request_rate"):
        return False
    known = _both(view, "error_ratio", labels_of(view, consumer.ref, "error_ratio"))
    return known is not None and known[1] <= min(ERRORS, SLOWER * known[0])


def _all_at_work(view: View, consumer: Workload, series: Series) -> tuple[Evidence, ...]:
    """Return that readers work at all that they are handed or can, first and now, fail at few, as quick as ever.

    So many jobs are in work as are done in a time, times what each takes. Who is handed more than that keeps some
    aside, or hangs at some: nobody can tell which.
    """
    start, began = _start(series), began_before(series)
    if start is None or began is None or errors(view, consumer.ref):
        return ()
    if not (_few_fail_as_ever(view, consumer) or few_of_its_lines(view, consumer, start)):
        return ()
    does = _does_all(view, consumer, series)
    if does is None:
        return ()
    known = began_before(series, STRAIGHT) or began if _straight(series) else began
    was = as_quick(view, consumer, known, start, does.near)
    first = Evidence("logs", consumer.ref, f"one took {was:.2g} s before any can have waited", known) if was else None
    more = 1.0 + _pace(series) / does.done
    why = first or more_handed(view, consumer, name_of(series), began, start, more, known)
    return (Evidence("metrics", consumer.ref, f"{does.told}, and it does {does.done:.3g} a second"), why) if why else ()


def _does_all(view: View, consumer: Workload, series: Series) -> _Does | None:
    """Return how readers work at all they can, first and now; None if they do not, or nobody counts what they do.

    All that they are handed is in work, or all their threads are busy; or they use all the processor that they may:
    then they wait for nobody, and it is enough to know one of how many are in work and of how long each takes.
    """
    done = _both(view, JOBS_DONE, labels_of(view, consumer.ref, JOBS_DONE))
    took = _both(view, JOB_TIME, labels_of(view, consumer.ref, JOB_TIME))
    busy = _all_busy(view, consumer)
    held = _both(view, "queue_unacked", (named_in(series),)) or busy
    if not done or done[1] < FEWER * done[0] or (took and not alike(*took)):
        return None
    if held and took:
        if any(rate * time < EXPLAINED * many for many, rate, time in zip(held, done, took, strict=True)):
            return None
        told = f"all {held[1]:.0f} messages that it is handed are in work; each takes {took[1]:.2g} s, as before"
        return _Does(told, done[1], Near.of(took[1]))
    if not _at_its_limit(view, consumer) or not (took or busy):
        return None
    seconds = took[1] if took else busy[1] / done[1] if busy else 0.0
    # Those that fail after a long wait make the mean of what is in work longer than most jobs are.
    near = Near.of(seconds) if took else Near(seconds / 3, SLOWER * seconds)
    return _Does("its pods use all the processor that they may, and have as many jobs in work as ever", done[1], near)


def _at_its_limit(view: View, consumer: Workload) -> bool:
    """Tell whether all pods of readers were at their processor limit at first, nearly always since, and are.

    What helps beside them may be at its own limit while they wait.
    """
    own = own_container(consumer)
    for pod in consumer.live if own else ():
        ask = (view.figures.first, view.figures.median, view.figures.now)
        shares = [figure("cpu_share", pod=pod.name, container=text(own, "name")) for figure in ask]
        if any(share is None or share < BUSY for share in shares):
            return False
    return bool(own and consumer.live) and not releases(view, consumer, PEAK)


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
    """Return how a signal began, and how it stands; None if nobody knows one of both, or it is told but once."""
    for label in labels:
        was, now = view.figures.first(signal, component=label), view.figures.now(signal, component=label)
        told = (each.points for each in view.figures.series(signal, component=label) if each.points)
        if was and now and max((p[-1][0] - p[0][0] for p in told), default=0.0) >= APART.total_seconds():
            return was, now
    return None


def _start(series: Series) -> datetime | None:
    return datetime.fromtimestamp(series.points[0][0], UTC) if series.points else None


def _pace(series: Series) -> float:
    """Return by how many a second a queue grows."""
    (first, was), (last, now) = series.points[0], series.points[-1]
    return (now - was) / (last - first) if last > first else 0.0


def _straight(series: Series) -> bool:
    """Tell whether a queue grows as fast in the one half of its figures as in the other: it grew so before as well."""
    values = [value for _, value in series.points]
    if len(values) < MANY:
        return False
    middle = (len(values) - 1) // 2
    first, then = values[middle] - values[0], values[2 * middle] - values[middle]
    return first > 0 and abs(then / first - 1.0) <= EVEN


def began_before(series: Series, times: float = SURELY) -> datetime | None:
    """Return before when a queue surely was not long, by how fast it grows; None if it does not."""
    start, pace = _start(series), _pace(series) if series.points else 0.0
    if start is None or not pace > 0:
        return None
    since = timedelta(seconds=min(times * series.points[0][1] / pace, _DAY.total_seconds()))
    return start - since if since < _DAY else None
