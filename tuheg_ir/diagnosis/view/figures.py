"""What series of a signal say: how they stand now, how they stood before, when they turned."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from statistics import median

from tuheg_ir.diagnosis.model import Series, Snapshot
from tuheg_ir.diagnosis.view.believed import believed

RECENT_S = 180.0
"""The time before the snapshot that counts as now."""
_SETTLED = 3
"""Points in a row that make a turn, where there are so many; so many newest ones tell how it stands now."""
_STEADY = 0.25
"""Share of a rise that each half of the time has to bring, or it is a step and no growth."""
_AS_FAST = 0.6
"""Share of a rise that the pace of before has to account for, or something has hastened it."""
_LEFT = 0.03
"""Share of a rise within which a series still stands where it stood before."""
_GAP = 4
"""So many points on the good side do not end an episode: what crashes is well between two crashes."""


class Figures:
    """The signals of a snapshot. Everything is None, or empty, where nothing is known."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._metrics = {signal: tuple(believed(signal, series)) for signal, series in snapshot.metrics.items()}
        self._now = snapshot.taken_at.timestamp()
        self._index: dict[tuple[str, str], Mapping[str, tuple[Series, ...]]] = {}
        self._latest: dict[tuple[str, str], dict[str, float]] = {}

    def series(self, signal: str, **labels: str) -> tuple[Series, ...]:
        """Return the series of a signal with these labels."""
        if not labels:
            return self._metrics.get(signal, ())
        (first, value), *others = labels.items()
        held = self._by_label(signal, first).get(value, ())
        return tuple(s for s in held if all(s.labels.get(k) == v for k, v in others))

    def alone(self, signal: str, series: Series) -> Figures:
        """Return the figures of one series: labels ask for it and for all that have more of them than it has."""
        return Figures(Snapshot(datetime.fromtimestamp(self._now, UTC), "", metrics={signal: (series,)}))

    def _by_label(self, signal: str, label: str) -> Mapping[str, tuple[Series, ...]]:
        """Return the values of a label of a signal with their series; worked out once."""
        if (signal, label) not in self._index:
            found: dict[str, tuple[Series, ...]] = {}
            for series in self._metrics.get(signal, ()):
                if (value := series.labels.get(label)) is not None:
                    found[value] = (*found.get(value, ()), series)
            self._index[signal, label] = found
        return self._index[signal, label]

    def known(self, signal: str) -> bool:
        """Tell whether anything is known of a signal."""
        return any(series.points for series in self._metrics.get(signal, ()))

    @property
    def any_known(self) -> bool:
        """Tell whether anything at all was measured."""
        return any(self.known(signal) for signal in self._metrics)

    def now(self, signal: str, **labels: str) -> float | None:
        """Return the highest value that stands now among the series; None where there is none that is recent."""
        return max((_stands(s) for s in self.series(signal, **labels) if self._fresh(s)), default=None)

    def still(self, signal: str, **labels: str) -> float | None:
        """Return the highest value that stands now and at the newest point too: what has just fallen is over."""
        fresh = [s for s in self.series(signal, **labels) if self._fresh(s)]
        return max((min(_stands(s), s.points[-1][1]) for s in fresh), default=None)

    def lowest(self, signal: str, **labels: str) -> float | None:
        """Return the lowest value that stands now among the series; None where there is none that is recent."""
        return min((_stands(s) for s in self.series(signal, **labels) if self._fresh(s)), default=None)

    def latest(self, signal: str, by: str, **labels: str) -> dict[str, float]:
        """Return label value -> how it stands now, of the series that are recent."""
        if not labels:
            if (signal, by) not in self._latest:
                self._latest[signal, by] = self._standing(self.series(signal), by)
            return dict(self._latest[signal, by])
        return self._standing(self.series(signal, **labels), by)

    def _standing(self, held: Iterable[Series], by: str) -> dict[str, float]:
        found: dict[str, float] = {}
        for series in held:
            key = series.labels.get(by, "")
            if key and self._fresh(series):
                found[key] = max(found.get(key, -math.inf), _stands(series))
        return found

    def standing(self, signal: str, **labels: str) -> Iterator[tuple[Mapping[str, str], float]]:
        """Yield the labels of each recent series, and how it stands; one without a label is not all that have it."""
        for series in self.series(signal, **labels):
            if self._fresh(series):
                yield series.labels, _stands(series)

    def peak(self, signal: str, since: datetime | None = None, **labels: str) -> float | None:
        """Return the highest value since a time."""
        values = [
            v for s in self.series(signal, **labels) for t, v in s.points if since is None or t >= since.timestamp()
        ]
        return max(values, default=None)

    def before(self, signal: str, moment: datetime, within: timedelta | None = None, **labels: str) -> float | None:
        """Return the median of the values before a time, or of those within so long before it."""
        end = moment.timestamp()
        start = end - within.total_seconds() if within else 0.0
        values = [v for s in self.series(signal, **labels) for t, v in s.points if start <= t < end]
        return median(values) if values else None

    def median(self, signal: str, **labels: str) -> float | None:
        """Return the median of all values."""
        values = [v for s in self.series(signal, **labels) for _, v in s.points]
        return median(values) if values else None

    def first(self, signal: str, **labels: str) -> float | None:
        """Return the highest of what the series began with."""
        return max((_began(s) for s in self.series(signal, **labels) if s.points), default=None)

    def crossed(self, signal: str, limit: float, *, below: bool = False, **labels: str) -> datetime | None:
        """Return when a signal last went beyond a limit and stayed there until now; None if it is not beyond it.

        A few points on the other side in between do not count as an end.
        """
        return self._crossed(self.series(signal, **labels), limit, _GAP, below=below)

    def crossed_again(self, signal: str, limit: float, **labels: str) -> datetime | None:
        """Return when a signal went beyond a limit for the last time: any point on the other side is an end."""
        return self._crossed(self.series(signal, **labels), limit, 0, below=False)

    def _crossed(self, found: Iterable[Series], limit: float, gap: int, *, below: bool) -> datetime | None:
        turns = [t for s in found if (t := self._turn(s, limit, gap, below=below)) is not None]
        return datetime.fromtimestamp(min(turns), UTC) if turns else None

    def ever(self, signal: str, limit: float, **labels: str) -> bool:
        """Tell whether a signal was beyond a limit at any time, for more than a moment."""
        found = (s for s in self.series(signal, **labels) if s.points)
        return any(_longest(s, limit) >= min(_SETTLED, len(s.points)) for s in found)

    def quiet_since(self, signal: str, limit: float, least: int = _SETTLED, **labels: str) -> datetime | None:
        """Return when a signal that had gone beyond a limit came back for good; None if it never went, or is there.

        ``least``: so many points in a row make that it went there.
        """
        over = [
            max(t for t, v in s.points if v > limit)
            for s in self.series(signal, **labels)
            if self._fresh(s) and _longest(s, limit) >= least
        ]
        if not over or self.crossed(signal, limit, below=False, **labels) is not None:
            return None
        return datetime.fromtimestamp(max(over), UTC)

    def first_beyond(self, signal: str, limit: float, **labels: str) -> datetime | None:
        """Return when a signal was beyond a limit for the first time; None if it never was."""
        times = [t for s in self.series(signal, **labels) for t, v in s.points if v > limit]
        return datetime.fromtimestamp(min(times), UTC) if times else None

    def episodes(self, signal: str, limit: float, **labels: str) -> int:
        """Return how many times a series went beyond a limit at most; a few points on the other side are no end."""
        return max((len(episodes_of(s, limit)) for s in self.series(signal, **labels)), default=0)

    def last_episode(self, signal: str, limit: float, **labels: str) -> datetime | None:
        """Return when a series went beyond a limit for the last time, whether it came back or not."""
        last = [found[-1][0][0] for s in self.series(signal, **labels) if (found := episodes_of(s, limit))]
        return datetime.fromtimestamp(max(last), UTC) if last else None

    def beyond_from_the_start(self, signal: str, limit: float, **labels: str) -> bool:
        """Tell whether a signal that is beyond a limit was so already where its series begin."""
        began = self.crossed(signal, limit, below=False, **labels)
        starts = [s.points[0][0] for s in self.series(signal, **labels) if s.points]
        return began is not None and bool(starts) and began.timestamp() <= min(starts)

    def growth(self, signal: str, **labels: str) -> float | None:
        """Return the strongest growth among the series: value now over the first, from 0; 1.0 is no growth.

        A size stands as it was measured at first: a median of what grows from there on would be too high.
        """
        able = [s for s in self.series(signal, **labels) if len(s.points) >= _SETTLED]
        began = [s.points[0][1] if signal.endswith("_bytes") else _began(s) for s in able]
        return max((_stands(s) / was for s, was in zip(able, began, strict=True) if was > 0), default=None)

    def steady_growth(self, signal: str, **labels: str) -> bool:
        """Tell whether a series grows nearly all the time, by a fifth or more altogether (falls to a restart aside)."""
        return any(_grows([v for _, v in series.points]) for series in self.series(signal, **labels))

    def _fresh(self, series: Series) -> bool:
        return bool(series.points) and series.points[-1][0] >= self._now - RECENT_S

    def _turn(self, series: Series, limit: float, gap: int, *, below: bool) -> float | None:
        if not self._fresh(series):
            return None
        beyond = [(t, v < limit if below else v > limit) for t, v in series.points]
        if not _now_beyond([out for _, out in beyond]):
            return None
        start, good = beyond[-1][0], 0
        for t, out in reversed(beyond):
            if out:
                start, good = t, 0
                continue
            good += 1
            if good > gap:
                break
        return start


def _stands(series: Series) -> float:
    """Return how a series stands: the median of its newest points, so that one sample decides nothing."""
    return median(v for _, v in series.points[-_SETTLED:])


def _began(series: Series) -> float:
    """Return what a series began with: the median of its oldest tenth, as the first rate of what is new is too low."""
    return median(v for _, v in series.points[: max(1, len(series.points) // 10)])


def _now_beyond(beyond: Sequence[bool]) -> bool:
    newest = beyond[-_SETTLED:]
    wider = beyond[-2 * _SETTLED :]
    return sum(newest) * 2 > len(newest) or (len(wider) > _SETTLED and sum(wider) * 2 >= len(wider))


def _longest(series: Series, limit: float) -> int:
    best = run = 0
    for _, value in series.points:
        run = run + 1 if value > limit else 0
        best = max(best, run)
    return best


def episodes_of(series: Series, limit: float) -> list[list[tuple[float, float]]]:
    """Return the points of a series beyond a limit, those of one episode together."""
    found, good = list[list[tuple[float, float]]](), _GAP + 1
    for point in series.points:
        if point[1] <= limit:
            good += 1
            continue
        if good > _GAP:
            found.append([])
        found[-1].append(point)
        good = 0
    return found


def _grows(points: list[float]) -> bool:
    """Tell whether values rise: each third of them above the one before, and the end a fifth above the start."""
    values = _since_last_fall(points)
    third = len(values) // 3
    if third < 2 or values[0] <= 0:
        return False
    parts = [median(values[:third]), median(values[third:-third]), median(values[-third:])]
    spread = (parts[2] - parts[0]) * _STEADY
    return parts[2] >= 1.15 * parts[0] and parts[1] - parts[0] >= spread and parts[2] - parts[1] >= spread


def rose_before(series: Series, moment: datetime, end: datetime) -> bool:
    """Tell whether a series rose as fast before a moment as from there to an end: what happened then did not raise it.

    It has to have risen steadily before: what stands still before a moment says nothing of who raised it.
    """
    early = [(t, v) for t, v in series.points if t < moment.timestamp()]
    late = [(t, v) for t, v in series.points if moment.timestamp() <= t <= end.timestamp()]
    third = len(early) // 3
    if third < _SETTLED or not late:
        return False
    parts = [(median(t for t, _ in p), median(v for _, v in p)) for p in (early[:third], early[-third:])]
    (start, low), (stop, high) = parts
    middle = median(v for _, v in early[third:-third])
    spread = (high - low) * _STEADY
    if high <= low or middle - low < spread or high - middle < spread:
        return False
    return (high - low) / (stop - start) * (late[-1][0] - early[-1][0]) >= _AS_FAST * (late[-1][1] - early[-1][1])


def climbs_since(series: Series, end: datetime) -> datetime | None:
    """Return when a series left where it stood for the climb that led to an end; None if it rose from its beginning."""
    points = [(t, v) for t, v in series.points if t <= end.timestamp()]
    tenth = len(points) // 10
    if tenth < _SETTLED:
        return None
    low = median(v for _, v in points[:tenth])
    limit = low + (points[-1][1] - low) * _LEFT
    left = max((n for n, (_, v) in enumerate(points) if v <= limit), default=0)
    return datetime.fromtimestamp(points[left][0], UTC) if points[-1][1] > limit and left >= 2 * tenth else None


def _since_last_fall(values: list[float]) -> list[float]:
    start = 0
    for n in range(1, len(values)):
        if values[n] < 0.6 * values[n - 1] and len(values) - n >= 2 * _SETTLED:
            start = n
    return values[start:]


def outlier(values: Mapping[str, float], factor: float = 3.0, least: float = 0.0) -> str:
    """Return the one key whose value stands out from all others; "" if none or several do."""
    if len(values) < 2:
        return ""
    ordered = sorted(values.items(), key=lambda item: (item[1], item[0]))
    (top, high), (_, second) = ordered[-1], ordered[-2]
    return top if high > least and high > factor * max(second, 1e-9) and second <= least else ""


def summed(every: Iterable[Sequence[tuple[float, float]]]) -> list[tuple[float, float]]:
    """Return what several courses of (time, value) give together at each time, the first one first."""
    found: dict[float, float] = {}
    for points in every:
        for at, value in points:
            found[at] = found.get(at, 0.0) + value
    return sorted(found.items())
