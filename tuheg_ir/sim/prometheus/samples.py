"""Samples of series over time, as a scraper stores them."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from tuheg_ir.sim.prometheus.syntax import Matcher

LOOKBACK = 300.0  # seconds: an instant looks back so far for a sample
_KEPT = 1000  # selections
_KNOWN = 10_000  # sets of labels: each scrape asks for the same again
Labels = tuple[tuple[str, str], ...]


def labels_of(labels: Mapping[str, str]) -> Labels:
    """Return labels as a key: sorted, without empty ones."""
    return _key(tuple(labels.items()))


@lru_cache(maxsize=_KNOWN)
def _key(labels: Labels) -> Labels:
    return tuple(sorted((name, value) for name, value in labels if value != ""))


@dataclass(slots=True)
class Series:
    """Times and values of one series; a value None says that the series ended there (it went stale)."""

    labels: dict[str, str]
    times: list[float] = field(default_factory=list)
    values: list[float | None] = field(default_factory=list)

    def between(self, start: float, end: float) -> list[tuple[float, float]]:
        """Return the samples after ``start`` up to ``end``."""
        first, last = bisect_right(self.times, start), bisect_right(self.times, end)
        pairs = zip(self.times[first:last], self.values[first:last], strict=True)
        return [(time, value) for time, value in pairs if value is not None]


def matching(matcher: Matcher, labels: Mapping[str, str]) -> bool:
    """Return whether a label fulfils a condition; a label that is missing is empty."""
    value = labels.get(matcher.label, "")
    if matcher.how in ("=", "!="):
        return (value == matcher.value) == (matcher.how == "=")
    return bool(re.fullmatch(matcher.value, value)) == (matcher.how == "=~")


class Samples:
    """All series, by name first."""

    def __init__(self, keep_s: float = 7200.0) -> None:
        self._keep = keep_s
        self._series: dict[str, dict[Labels, Series]] = {}
        self._live: dict[str, set[tuple[str, Labels]]] = {}
        self._selected: dict[tuple[Matcher, ...], list[Series]] = {}  # since the newest series came

    def scrape(self, moment: float, found: Iterable[tuple[str, Mapping[str, str], float]], target: str = "") -> None:
        """Store one scrape of a target; its series that are not there any more go stale."""
        seen: set[tuple[str, Labels]] = set()
        for name, labels, value in found:
            key = (name, labels_of(labels))
            seen.add(key)
            self._append(key, moment, value)
        for key in self._live.get(target, set()) - seen:
            self._append(key, moment, None)
        self._live[target] = seen

    def store(self, name: str, labels: Mapping[str, str], points: Sequence[tuple[float, float | None]]) -> None:
        """Store a series whole, in place of what there is of it: its times rise; None where it goes stale."""
        key = labels_of(labels)
        series = Series({"__name__": name, **dict(key)}, [at for at, _ in points], [value for _, value in points])
        self._series.setdefault(name, {})[key] = series
        self._selected.clear()

    def _append(self, key: tuple[str, Labels], moment: float, value: float | None) -> None:
        name, labels = key
        family = self._series.setdefault(name, {})
        series = family.get(labels)
        if series is None:
            series = family[labels] = Series({"__name__": name, **dict(labels)})
            self._selected.clear()
        if series.times and series.times[-1] >= moment:
            return
        series.times.append(moment)
        series.values.append(value)
        if series.times[0] < moment - 2 * self._keep:
            old = bisect_left(series.times, moment - self._keep)
            del series.times[:old], series.values[:old]

    def select(self, matchers: Iterable[Matcher]) -> list[Series]:
        """Return the series that fulfil all conditions; the list is kept, so nobody may change it.

        A range query asks the same at each of its steps.
        """
        wanted = tuple(matchers)
        found = self._selected.get(wanted)
        if found is None:
            if len(self._selected) >= _KEPT:
                self._selected.clear()
            found = self._selected[wanted] = self._search(wanted)
        return found

    def _search(self, wanted: tuple[Matcher, ...]) -> list[Series]:
        exact = next((m.value for m in wanted if m.label == "__name__" and m.how == "="), None)
        names = [exact] if exact is not None else sorted(self._series)
        return [
            series
            for name in names
            for series in self._series.get(name, {}).values()
            if all(matching(matcher, series.labels) for matcher in wanted)
        ]

    def newest(self) -> Iterator[tuple[str, dict[str, str], float]]:
        """Yield name, labels and newest value of every series that has not gone stale."""
        for name, family in self._series.items():
            for series in family.values():
                if series.values and series.values[-1] is not None:
                    labels = {key: value for key, value in series.labels.items() if key != "__name__"}
                    yield name, labels, series.values[-1]

    def scale(self, factor: Callable[[str], float]) -> None:
        """Multiply what is stored by a factor for each name."""
        for name, family in self._series.items():
            by = factor(name)
            for series in family.values() if by != 1.0 else ():
                series.values = [None if value is None else value * by for value in series.values]

    def names(self) -> list[str]:
        """Return the names of all metrics."""
        return sorted(self._series)
