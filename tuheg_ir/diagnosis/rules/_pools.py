"""What pools of connections say of themselves: how many are taken, and whether any of them ever comes back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rules._figures import slowed
from tuheg_ir.diagnosis.rules._kept_by_calls import unanswered_to_others
from tuheg_ir.diagnosis.rules._memory import LOADED
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import STILL, complaints
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.figures import RECENT_S, summed
from tuheg_ir.diagnosis.view.logs import Hit, tells
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.usage import starving
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_TAKEN = late(
    r"\b(?:leased|num_?active|active|busy|in[_-]?use|borrowed|checked[ _-]?out(?: connections)?)\b"
    r"[\"']?\s*[:=]\s*(\d+)",
    re.IGNORECASE,
)
_BESIDE = late(
    r"\b(?:(?:num_?)?idle|pending|wait(?:ing|ers)|available|overflow|max(?:_?(?:open|total|active))?|total)\b"
    r"[\"']?\s*[:=]\s*\d",
    re.IGNORECASE,
)
"""What stands beside the number of those that are taken, if it is a pool that is counted."""
_STAMPS = late(r"\d+")
READINGS = 5
"""Fewer counts than this may rise by chance."""
LONG = timedelta(minutes=5)
"""What takes all at once is a rush, or something behind that has stopped."""
SOME_PODS = 2
SOME = 0.3
"""Share of the pods that have to count, if the others are to be taken to do as they do."""
LARGE = 0.4
"""Share of a database's sessions that a client has to have had in use."""
LITTLE = 0.2
"""Share of what was taken at most that is little."""
KEPT_S = 1200.0
"""Nobody uses what was taken so many seconds ago: a request is over by then."""
BUSY_TOO = 0.1
"""So much less is measured at times where a few connections are given back beside those that never are."""
EVEN = 0.25
"""Share of a rise that each half of the time has to bring: what is kept by a program is kept at all times."""
_LATE = ("connection_timeout", "connection_refused", "connection_reset", "lock_wait")
"""Who meets these keeps its connections for as long as the other side keeps it waiting."""
AT_ONCE = timedelta(minutes=5)
"""What keeps connections for so long that a pool takes them for lost is told of within this time."""
HOURS = timedelta(hours=2)
"""What waits for another is over, or given up, within far less."""
SAME = 0.9
"""Share of what a program counts that a database has to count of its user, or they are not the same sessions."""
_OPEN = late(r"\b([a-z_]*(?:sessions?|connections?|conns?)(?:_[a-z_]+)?)[\"']?\s?[:=]\s?(\d+)\b", re.IGNORECASE)
"""How a program counts its sessions, of a database or of something else: `open_db_sessions=12`."""
_CAME_BACK, _SOME_BACK = "(unleaked)", 1 / 3
"""By this word a pool takes back what it said of a connection; where so many came back they are not lost."""


class Climb(NamedTuple):
    """A pool that takes connections and gives none back: what shows it, since when, how many all pods have taken."""

    shown: Evidence
    began: datetime
    taken: int


def never_given_back(view: View, workload: Workload, until: datetime | None = None) -> Climb | None:
    """Return that a pool counts up from a start at which little was taken, and never down, though nothing is slow.

    Each pod that counts has to tell so, in its log or by a figure. ``until``: what is slow later is no reason of it.
    """
    logged = [found for log in view.logs_of(workload.live, previous=False) for found in _climbs(log, view.now)]
    source, climbs = ("logs", logged) if logged else ("metrics", _measured(view, workload))
    if not climbs or not all(climbs) or kept_waiting(view, workload, until):
        return None
    first = oldest(climb[0][0] for climb in climbs)
    (_, low), *_, (_, high) = climbs[0]
    fact = f"a pool counts up from {low} to {high} connections that are taken, and never down"
    taken = sum(climb[-1][1] for climb in climbs)
    return Climb(Evidence(source, workload.ref, fact, first), first, taken) if first else None


def kept(view: View, workload: Workload, until: datetime | None = None) -> Climb | None:
    """Return that each pod's pool takes connections for long and gives back hardly any, though nothing is slow.

    That alone may be a pool that fills: what it has taken is to be seen elsewhere to do nothing.
    """
    counts = {
        series.labels.get("pod", ""): series.points
        for series in view.figures.series("pool_in_use")
        if len(series.points) >= READINGS
    }
    pods = {pod.name for pod in workload.live}
    mine = [points for pod, points in counts.items() if pod in pods]
    if not mine or len(mine) < len(pods) or kept_waiting(view, workload, until):
        return None
    first, last = max(points[0][0] for points in mine), min(points[-1][0] for points in mine)
    if last - first < KEPT_S or not all(_keeps([value for _, value in points]) for points in mine):
        return None
    low, high = (int(sum(points[at][1] for points in mine)) for at in (0, -1))
    began = datetime.fromtimestamp(first, UTC)
    fact = f"its pools go from {low} to {high} connections that are taken, and give back hardly any"
    return Climb(Evidence("metrics", workload.ref, fact, began), began, high)


def given_back(view: View, workload: Workload, of: float, since: datetime | None = None) -> tuple[Evidence, ...]:
    """Return that pods had taken a large part of some sessions, as their pools count, and have given back nearly all.

    They had taken it at one moment (``since``: not before). Where some of the pods count, the others are taken to do
    as they do.
    """
    pods = {pod.name for pod in workload.live}
    mine = [s.points for s in view.figures.series("pool_in_use") if s.labels.get("pod") in pods]
    counts = [points for points in mine if len(points) >= READINGS and _lately_told(view, points)]
    if len(counts) < max(SOME_PODS, SOME * len(pods)):
        return ()
    at_once = [count for at, count in summed(counts) if since is None or at >= since.timestamp()]
    all_of_them = len(pods) / len(counts)
    most = all_of_them * max(at_once, default=0.0)
    now = all_of_them * sum(max(value for _, value in points[-READINGS:]) for points in counts)
    if most < LARGE * of or now > LITTLE * most:
        return ()
    fact = f"its pools had about {most:.0f} connections taken at most, and have about {now:.0f} now"
    return (Evidence("metrics", workload.ref, fact, view.now),)


def _lately_told(view: View, points: Sequence[tuple[float, float]]) -> bool:
    return view.now.timestamp() - points[-1][0] <= RECENT_S


def _keeps(values: Sequence[float]) -> bool:
    """Tell whether counts go up, and never down by more than a few."""
    highest = accumulate(values, max)
    return values[-1] > values[0] and all(
        top - value <= max(1, BUSY_TOO * top) for value, top in zip(values, highest, strict=True)
    )


def _measured(view: View, workload: Workload) -> list[list[tuple[datetime, int]]]:
    """Return the counts of each pod of a release since it came; [] for one that gives back what it takes.

    Nearly every pool is measured, and many fill while something behind is slow: none that begins to long after it.
    """
    newest = {pod.name for pod in workload.newest_pods()}
    counts = [
        [(datetime.fromtimestamp(at, UTC), int(value)) for at, value in series.points]
        for series in view.figures.series("pool_in_use")
        if series.labels.get("pod") in newest and len(series.points) >= READINGS
    ]
    if not since_release(workload, oldest(each[0][0] for each in counts)):
        return []
    return [
        each if _rises(each, BUSY_TOO) and _evenly(each) and view.now - each[-1][0] <= STILL else [] for each in counts
    ]


def _evenly(counts: list[tuple[datetime, int]]) -> bool:
    """Tell whether counts go up as much early as late, until the most is reached."""
    values = [value for _, value in counts]
    low, most = values[0], max(values)
    middle = values[values.index(most) // 2]
    return EVEN * (most - low) <= middle - low <= (1 - EVEN) * (most - low)


def _climbs(log: Log, now: datetime) -> Iterator[list[tuple[datetime, int]]]:
    """Yield the counts of each pool that a log tells of enough; [] for one that gives back what it takes."""
    counts: dict[str, list[tuple[datetime, int]]] = {}
    lines: dict[str, str] = {}
    for line in log.lines:
        taken = taken_in(line)
        at = stamp(line) if taken is not None else None
        if taken is not None and at is not None:
            shape = _STAMPS.sub("0", line)
            lines.setdefault(shape, line)
            counts.setdefault(shape, []).append((at, taken))
    for shape, each in counts.items():
        if len(each) >= READINGS and not _only_where_none_is_left(lines[shape], each):
            yield each if _rises(each) and now - each[-1][0] <= STILL else []


def taken_in(line: str) -> int | None:
    """Return how many connections a line tells to be taken, if it is of a pool that is counted."""
    found = _TAKEN.search(line)
    return int(found[1]) if found and _BESIDE.search(line) else None


def left_open(view: View, workload: Workload, held: int) -> Evidence | None:
    """Return that each pod's log counts its sessions, and most of them in pods where they become ever more for hours.

    The database counts as many of its user (``held``). That others keep a program waiting is no reason of that: waits
    begin and end, and what is kept by them is soon as much as it will be.
    """
    pods = [_named_counts(view, pod) for pod in workload.live]
    for name in sorted(set.intersection(*map(set, pods)) if pods else ()):
        counts = [each[name] for each in pods]
        more = [climb for each in counts if (climb := _ever_more(each)) and view.now - each[-1][0] <= STILL]
        ends, grown = (sum(each[-1][1] for each in some) for some in (counts, more))
        if SAME * held <= ends <= held / SAME and 2 * grown > ends:
            (first, low), *_, (_, high) = max(more, key=lambda climb: climb[-1][1])
            fact = f"a pod counts up from {low} to {high} ({name}), and hardly ever down"
            return Evidence("logs", workload.ref, fact, first)
    return None


def _named_counts(view: View, pod: Pod) -> dict[str, list[tuple[datetime, int]]]:
    """Return how many sessions or connections a pod's log counts, by what it calls them."""
    found: dict[str, list[tuple[datetime, int]]] = {}
    for line in (line for log in view.logs_of((pod,), previous=False) for line in log.lines):
        for name, count in _OPEN.findall(line):
            if at := stamp(line):
                found.setdefault(name.lower(), []).append((at, int(count)))
    return found


def _ever_more(counts: list[tuple[datetime, int]]) -> list[tuple[datetime, int]]:
    """Return the counts from their last lowest on, if they go up for hours, early as late, and hardly ever down."""
    values = [value for _, value in counts]
    climb = counts[len(values) - 1 - values[::-1].index(min(values)) :]
    most = max(value for _, value in climb)
    took = next(at for at, value in climb if value == most) - climb[0][0]
    return climb if took >= HOURS and _rises(climb, BUSY_TOO) and _evenly(climb) else []


def _only_where_none_is_left(line: str, counts: list[tuple[datetime, int]]) -> bool:
    """Tell whether a pool is only counted where nothing is left in it, always the same: that is no course of it."""
    return len({value for _, value in counts}) == 1 and tells("pool_exhausted", line)


def _rises(counts: list[tuple[datetime, int]], less: float = 0.0) -> bool:
    """Tell whether counts go up for long and never down, by more than one or that share of what was counted before."""
    values = [value for _, value in counts]
    highest = list(accumulate(values, max))
    full = next(at for at, value in counts if value == highest[-1])
    return (
        all(top - value <= (max(1, less * top) if less else 0) for value, top in zip(values, highest, strict=True))
        and len(set(values)) >= READINGS
        and 2 * values[0] <= values[-1]
        and full - counts[0][0] >= LONG
    )


def only_late(view: View, workload: Workload, leaks: Sequence[Hit]) -> bool:
    """Tell whether connections that a pool took for lost were only kept for long: they came back, or a lock kept them.

    A pool tells of one in two lines, the second of which begins a trace, and in one that it came back. The last of
    them are still kept, and what came back is told of less loudly, so that fewer of its lines are read.
    """
    lines = (line for log in view.logs_of(workload.live, previous=False) for line in log.lines)
    if sum(_CAME_BACK in line for line in lines) >= _SOME_BACK * sum(hit.count for hit in leaks) / 2:
        return True
    first, near = oldest(hit.first for hit in leaks), {workload.ref, *view.graph.needs(workload.ref)}
    locks = [each.hit.first for each in complaints(view, "lock_wait") if {each.caller, each.about} & near]
    return any(at is None or first is None or at <= first + AT_ONCE for at in locks)


def kept_waiting(view: View, workload: Workload, until: datetime | None = None) -> bool:
    """Tell whether something else may keep connections taken: what is behind is late, or there is more to do.

    ``until``: what began later than this is no reason of it, and may well come from it.
    """
    return held_up(view, workload, until) or (traffic_growth(view, workload.ref) or 1.0) >= LOADED


def held_up(view: View, workload: Workload, until: datetime | None = None) -> bool:
    """Tell whether what is behind a workload is late, for it or for others who ask it, or it lacks processor time."""
    labels = labels_of(view, workload.ref, "dependency_latency_p95")
    slow = [turn.since for label in labels if (turn := slowed(view, "dependency_latency_p95", component=label))]
    late = [each.hit.first for each in complaints(view, *_LATE) if each.caller == workload.ref]
    late += unanswered_to_others(view, workload)
    if any(until is None or began is None or began <= until for began in (*slow, *late)):
        return True
    return starving(view, workload)
