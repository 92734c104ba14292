"""Whether memory is that of the load: each connection, session or request takes as much as ever, and there are more.

A leak goes on where the load stands, and keeps what it has where the load falls. What clients hold open may leak as
well, and be counted as it does: then no more of them come than before, and it began with the release that brought it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from statistics import correlation, linear_regression, median

from tuheg_ir.diagnosis.model import Evidence, Series
from tuheg_ir.diagnosis.rules._memory import LIFE, LOADED, lives, told_by_program, was_of
from tuheg_ir.diagnosis.view.figures import climbs_since
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.stores import is_store, keeps_data
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.usage import NEAR, STARTS, killed_for_memory
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

MEASURES = {"clients_connected": "what its clients hold open", "request_rate_by_pod": "its requests a second"}
ARRIVALS = ("connections_opened", "request_rate_by_pod")
"""What tells how many clients come, where those are counted that stay."""
_FULL = 0.8
"""What did not come so far was killed by something at once, which was none of the load that is measured."""
_PART = 0.25
"""Share of its limit that the load has to account for."""
_TIGHT = 0.97
"""Memory and load that go together less closely are moved by something else as well."""
_ALIKE = 1.3
"""So many times as much for each as before is still about as much; what is kept for good takes more and more."""
_DEARER = 1.15
"""What would take so many times what it took under the former template is held by the release."""
_FELL = 0.3
"""Share of the load's range by which it fell: memory that came down with it is not kept."""
_WHOLE = 10
"""From here on no fraction is told."""
_APART_S = 60.0
"""Samples of two signals that are further apart are not of one moment."""
_ON_ITS_WAY = timedelta(minutes=10)
"""A client whose pod is lost comes to another one within this time."""

Pairs = list[tuple[float, float, float]]
"""When, how much load, which share of the memory limit."""


class _Climb(NamedTuple):
    """When a life of a pod begins to be measured, and the load to grow, and until when it grows."""

    start: datetime
    since: datetime
    until: datetime


class _Grown(NamedTuple):
    """A load that memory follows in a life of a pod: since when it grows, until when, from what to what."""

    pod: str
    signal: str
    since: datetime
    until: datetime
    was: float
    now: float
    as_before: bool


def follows_load(view: View, workload: Workload) -> tuple[Evidence, ...]:
    """Return that memory goes with the load in most pods of a workload, the full ones at least, and the load grew."""
    if is_store(workload) or keeps_data(view, workload):
        return ()  # more of it would not share its clients
    for signal, what in MEASURES.items():
        grown = _in_full_pods(view, workload, signal)
        if not grown:
            continue
        since, until = min(each.since for each in grown), min(each.until for each in grown)
        total = _before(view, workload, signal, since)
        if not total or _total(view, workload, signal, until) < LOADED * total:
            continue
        first = grown[0]
        ever = ", as before the release" if all(each.as_before for each in grown) else ""
        fact = (
            f"memory goes with {what}, as much for each{ever}: {_told(first.was)} to {_told(first.now)} at {first.pod}"
        )
        return (Evidence("metrics", workload.ref, fact, since),)
    return ()


def _in_full_pods(view: View, workload: Workload, signal: str) -> list[_Grown]:
    """Return how a load grew in the pods that came near their memory limit; [] if they are few, or not all follow.

    What a proxy beside the program holds says nothing of why the program was killed.
    """
    newest_ones, short = workload.newest_pods(), _short(view, workload)
    killed = {(pod.name, each.name) for pod, each in killed_for_memory(view, workload)}
    found: list[_Grown] = []
    for pod in newest_ones:
        after = (workload.released_at + STARTS).timestamp() if workload.released_at else 0.0
        follow: dict[str, _Grown] = {}
        for series in view.figures.series("memory_share", pod=pod.name):
            points = [each for each in series.points if each[0] >= after]
            life, name = max(lives(points), key=len), series.labels.get("container", "")
            if max((v for _, v in points), default=0.0) < _FULL or (short and name and name not in short):
                continue
            grown = _grown(view, workload, signal, Series(series.labels, tuple(life)))
            if grown is None:
                return []
            follow[name] = grown
        if "" in follow or all(name in follow for where, name in killed if where == pod.name):
            found += follow.values()
    return found if 2 * len({each.pod for each in found}) > len(newest_ones) else []


def _short(view: View, workload: Workload) -> set[str]:
    """Return the containers that were killed for memory, tell that they have none, or are near their limit."""
    near = (
        labels.get("container", "")
        for pod in workload.newest_pods()
        for labels, share in view.figures.standing("memory_share", pod=pod.name)
        if share > NEAR
    )
    killed = (each.name for _, each in killed_for_memory(view, workload))
    return {*killed, *near, *(hit.container for hit in told_by_program(view, workload))} - {""}


def _grown(view: View, workload: Workload, signal: str, memory: Series) -> _Grown | None:
    """Return how a load grew in a life of a pod, if it filled the memory; None if it did not."""
    pod = memory.labels.get("pod", "")
    pairs: Pairs = []
    for series in view.figures.series(signal, pod=pod):
        pairs = _pairs(series.points, memory.points)
        if pairs:
            break
    if len(pairs) < LIFE or pairs[-1][2] < _FULL:
        return None
    load, held = [v for _, v, _ in pairs], [v for _, _, v in pairs]
    if max(load) <= min(load) or max(held) <= min(held) or correlation(load, held) < _TIGHT:
        return None
    line = linear_regression(load, held)
    if line.slope * (max(load) - min(load)) < _PART:
        return None
    end = datetime.fromtimestamp(pairs[-1][0], UTC)
    left = climbs_since(Series({}, tuple((t, v) for t, v, _ in pairs)), end)
    since = left or datetime.fromtimestamp(min(pairs, key=lambda each: each[1])[0], UTC)
    before = [each for each in pairs if each[0] <= since.timestamp()]
    was = median(v for _, v, _ in before)
    if load[-1] < LOADED * was or not (_fell(load) or (left and _as_much_for_each(pairs, since))):
        return None
    began = datetime.fromtimestamp(pairs[0][0], UTC)
    more = None if signal in ARRIVALS else _come_more(view, workload, signal, pod, _Climb(began, since, end))
    former = _former(view, workload, signal, memory.labels.get("container", ""))
    told = line.intercept + line.slope * median(v for _, v, _ in former) if former else 0.0
    dearer = bool(former) and told > _DEARER * median(v for _, _, v in former)
    if more is False or dearer or (since_release(workload, since) and not (former and more is not None)):
        return None
    return _Grown(pod, signal, since, end, was, load[-1], bool(former))


def _pairs(load: Sequence[tuple[float, float]], memory: Sequence[tuple[float, float]]) -> Pairs:
    """Return load and memory of the same moments."""
    times = [t for t, _ in load]
    found = ((t, bisect_right(times, t) - 1, share) for t, share in memory)
    return [(t, load[n][1], share) for t, n, share in found if n >= 0 and t - times[n] <= _APART_S]


def _fell(load: Sequence[float]) -> bool:
    """Tell whether a load once fell clearly from the most that it had been."""
    span = max(load) - min(load)
    return any(top - each >= _FELL * span for top, each in zip(accumulate(load, max), load, strict=True))


def _as_much_for_each(pairs: Pairs, since: datetime) -> bool:
    """Tell whether the later half of a climb takes as much memory for each as the first one took.

    What each leaves behind adds up: it takes the more the longer that goes on.
    """
    low = [each for each in pairs if each[0] <= since.timestamp()]
    climb = [each for each in pairs if each[0] > since.timestamp()]
    middle = (median(v for _, v, _ in low) + climb[-1][1]) / 2 if low and climb else 0.0
    parts = [low, [each for each in climb if each[1] <= middle], [each for each in climb if each[1] > middle]]
    if not all(parts):
        return bool(low and climb)  # it grew at one moment, and the line through all tells
    (a, at), (b, bt), (c, ct) = [(median(v for _, v, _ in p), median(v for _, _, v in p)) for p in parts]
    first, then = (bt - at) * (c - b), (ct - bt) * (b - a)
    return a < b < c and first > 0 and max(first, then) <= _ALIKE * min(first, then)


def _come_more(view: View, workload: Workload, signal: str, pod: str, grew: _Climb) -> bool | None:
    """Tell whether more clients come to a pod while those who stay grow in number; None if nobody counts them.

    What an ingress or a mesh counts for all pods together has other requests in it: a small rise tells of neither. Nor
    does it tell anything if it counts fewer than stay: an ingress may count a socket as it ends.
    """
    for each in ARRIVALS:
        if (times := _times_as_many(view, each, grew, pod=pod)) is not None:
            return times >= LOADED
    stay = _total(view, workload, signal, grew.until) - _total(view, workload, signal, grew.since)
    for label in labels_of(view, workload.ref, "request_rate"):
        times = _times_as_many(view, "request_rate", grew, component=label)
        rate = view.figures.before("request_rate", grew.until, grew.until - grew.since, component=label) or 0.0
        if times is None or _ALIKE < times < LOADED or rate * (grew.until - grew.since).total_seconds() < stay:
            continue
        return times >= LOADED
    return None


def _times_as_many(view: View, signal: str, grew: _Climb, **labels: str) -> float | None:
    """Return how many times what came before a climb comes during it; None if nobody counts it."""
    before = view.figures.before(signal, grew.since, grew.since - grew.start, **labels)
    then = view.figures.before(signal, grew.until, grew.until - grew.since, **labels)
    return then / before if before and then is not None else None


def _former(view: View, workload: Workload, signal: str, container: str) -> Pairs:
    """Return load and memory of the pods of the former template, where its limit was the same."""
    at = workload.released_at
    if at is None or any(change.field == "limits.memory" for change in workload.changed("limits")):
        return []
    found: Pairs = []
    for memory in view.figures.series("memory_share", container=container):
        early = [each for each in memory.points if each[0] < at.timestamp()]
        for series in _measured(view, workload, signal, memory.labels.get("pod", "")) if early else ():
            found += _pairs(series.points, early)
    return found if len(found) >= LIFE else []


def _measured(view: View, workload: Workload, signal: str, pod: str) -> tuple[Series, ...]:
    return view.figures.series(signal, pod=pod) if was_of(view, workload, pod) else ()


def _before(view: View, workload: Workload, signal: str, since: datetime) -> float:
    """Return how much load all pods of a workload had before a climb, those too that were lost shortly before it.

    Who was connected to these is on his way to the others: he is counted as the last of each was seen.
    """
    start, end = (since - _ON_ITS_WAY).timestamp(), since.timestamp()
    moments = {since}
    for series in view.figures.series(signal):
        seen = max((t for t, _ in series.points if t <= end), default=0.0)
        if start <= seen < end + 1 - _APART_S and was_of(view, workload, series.labels.get("pod", "")):
            moments.add(datetime.fromtimestamp(seen, UTC))
    return max(_total(view, workload, signal, each) for each in moments)


def _total(view: View, workload: Workload, signal: str, moment: datetime) -> float:
    """Return how much load all pods of a workload had at a moment: what goes from pod to pod is no more than it was."""
    names = {each.labels.get("pod", "") for each in view.figures.series(signal)}
    return sum(_values(view, workload, signal, names, moment))


def _values(view: View, workload: Workload, signal: str, names: set[str], moment: datetime) -> Iterator[float]:
    for name in sorted(names):
        if was_of(view, workload, name):
            yield view.figures.before(signal, moment + timedelta(seconds=1), timedelta(seconds=_APART_S), pod=name) or 0


def _told(value: float) -> str:
    return f"{value:.0f}" if value >= _WHOLE else f"{value:.2g}"


def by_caller(view: View, workload: Workload, since: datetime | None) -> tuple[Evidence, ...]:
    """Return that who asks a workload was released as its load began to grow: that may open more than it closes."""
    known = (view.workloads.get(ref) for ref in sorted(view.graph.callers(workload.ref)))
    made = [each for each in known if each is not None and since_release(each, since)]
    return tuple(Evidence("objects", each.ref, "released as the load grew", each.released_at) for each in made[:1])
