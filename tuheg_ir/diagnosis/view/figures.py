"""What series of a signal say: how they stand now, how they stood before, when they turned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from tuheg_ir.diagnosis.model import Series, Snapshot

RECENT_S = 180.0
"""The time before the snapshot that counts as now."""
_SETTLED = 3
"""Points in a row that make a turn, where there are so many."""


class Figures:
    """The signals of a snapshot. Everything is None, or empty, where nothing is known."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._metrics = snapshot.metrics
        self._now = snapshot.taken_at.timestamp()

    def series(self, signal: str, **labels: str) -> tuple[Series, ...]:
        """Return the series of a signal with these labels."""
        found = self._metrics.get(signal, ())
        return tuple(s for s in found if all(s.labels.get(k) == v for k, v in labels.items()))

    def known(self, signal: str) -> bool:
        """Tell whether anything is known of a signal."""
        return any(series.points for series in self._metrics.get(signal, ()))

    def now(self, signal: str, **labels: str) -> float | None:
        """Return the highest newest value among the series; None where there is none that is recent."""
        values = [s.points[-1][1] for s in self.series(signal, **labels) if self._fresh(s)]
        return max(values, default=None)

    def latest(self, signal: str, by: str, **labels: str) -> dict[str, float]:
        """Return label value -> newest value, of the series that are recent."""
        found: dict[str, float] = {}
        for series in self.series(signal, **labels):
            key = series.labels.get(by, "")
            if key and self._fresh(series):
                found[key] = max(found.get(key, series.points[-1][1]), series.points[-1][1])
        return found

    def peak(self, signal: str, since: datetime | None = None, **labels: str) -> float | None:
        """Return the highest value since a time."""
        values = [
            v for s in self.series(signal, **labels) for t, v in s.points if since is None or t >= since.timestamp()
        ]
        return max(values, default=None)

    def before(self, signal: str, moment: datetime, **labels: str) -> float | None:
        """Return the median of the values before a time."""
        values = sorted(v for s in self.series(signal, **labels) for t, v in s.points if t < moment.timestamp())
        return values[len(values) // 2] if values else None

    def median(self, signal: str, **labels: str) -> float | None:
        """Return the median of all values."""
        values = sorted(v for s in self.series(signal, **labels) for _, v in s.points)
        return values[len(values) // 2] if values else None

    def crossed(self, signal: str, limit: float, *, below: bool = False, **labels: str) -> datetime | None:
        """Return when a signal last went beyond a limit and stayed there until now; None if it is not beyond it."""
        turns = [t for s in self.series(signal, **labels) if (t := self._turn(s, limit, below=below)) is not None]
        return datetime.fromtimestamp(min(turns), UTC) if turns else None

    def ever(self, signal: str, limit: float, **labels: str) -> bool:
        """Tell whether a signal was beyond a limit at any time, for more than a moment."""
        return any(
            _longest(s, limit) >= min(_SETTLED, len(s.points)) for s in self.series(signal, **labels) if s.points
        )

    def growth(self, signal: str, **labels: str) -> float | None:
        """Return the strongest growth among the series: newest value over the first, from 0; 1.0 is no growth."""
        found = []
        for series in self.series(signal, **labels):
            if len(series.points) >= _SETTLED and series.points[0][1] > 0:
                found.append(series.points[-1][1] / series.points[0][1])
        return max(found, default=None)

    def steady_growth(self, signal: str, **labels: str) -> bool:
        """Tell whether a series grows nearly all the time, by a fifth or more altogether (falls to a restart aside)."""
        return any(_grows(series) for series in self.series(signal, **labels))

    def _fresh(self, series: Series) -> bool:
        return bool(series.points) and series.points[-1][0] >= self._now - RECENT_S

    def _turn(self, series: Series, limit: float, *, below: bool) -> float | None:
        if not self._fresh(series):
            return None
        beyond = [(t, v < limit if below else v > limit) for t, v in series.points]
        if not beyond[-1][1]:
            return None
        start = beyond[-1][0]
        for t, out in reversed(beyond):
            if not out:
                return start
            start = t
        return start


def _longest(series: Series, limit: float) -> int:
    best = run = 0
    for _, value in series.points:
        run = run + 1 if value > limit else 0
        best = max(best, run)
    return best


def _grows(series: Series) -> bool:
    values = _since_last_fall([v for _, v in series.points])
    if len(values) < 2 * _SETTLED or values[0] <= 0 or values[-1] < 1.2 * values[0]:
        return False
    steps = [b >= a for a, b in zip(values, values[1:], strict=False)]
    return sum(steps) >= 0.75 * len(steps)


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
    ordered = sorted(values.items(), key=lambda item: item[1])
    (top, high), (_, second) = ordered[-1], ordered[-2]
    return top if high > least and high > factor * max(second, 1e-9) and second <= least else ""


def share(values: Iterable[float], limit: float) -> float | None:
    """Return which share of some values lies beyond a limit."""
    found = list(values)
    return sum(v > limit for v in found) / len(found) if found else None
