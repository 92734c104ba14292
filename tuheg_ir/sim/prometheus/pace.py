"""Counters that stay believable when time runs fast.

From the start on, ``speed`` simulated seconds pass in each second of the stamps. Requests are
counted as they come, so that a short window holds enough of them; what was counted before is
raised to the same pace, or traffic would seem to have grown ``speed`` times. Processor seconds are
told at the pace of the stamps: no container uses more than there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tuheg_ir.sim.prometheus.samples import Labels, Samples, labels_of

Row = tuple[str, dict[str, str], float]
_QUICK = ("traefik_", "http_request", "gateway_dependency_")
_TRUE = ("container_cpu_",)


class Pace:
    """What a counter shows after the start: its history at one scale, what comes at another."""

    def __init__(self, speed: float, samples: Samples) -> None:
        self._speed = speed
        self._bases: dict[tuple[str, Labels], tuple[float, float]] = {}
        """Series -> its raw value at the start, and what it shows for that."""
        self._last: dict[tuple[str, Labels], float] = {}
        for name, labels, raw in samples.newest():
            history = self._history(name)
            key = (name, labels_of(labels))
            self._bases[key] = (raw, raw * history)
            self._last[key] = raw
        samples.scale(self._history)

    def _history(self, name: str) -> float:
        return self._speed if name.startswith(_QUICK) else 1.0

    def told(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield a scrape as it is to be stored."""
        for name, labels, raw in rows:
            if not name.startswith(_QUICK + _TRUE):
                yield name, labels, raw
                continue
            live = 1.0 if name.startswith(_QUICK) else 1 / self._speed
            yield name, labels, self._value(name, labels, raw, live)

    def _value(self, name: str, labels: Mapping[str, str], raw: float, live: float) -> float:
        key = (name, labels_of(labels))
        if raw < self._last.get(key, 0.0):
            self._bases.pop(key, None)  # its container was started again: it counts from nothing
        self._last[key] = raw
        base, shown = self._bases.get(key, (0.0, 0.0))
        return shown + (raw - base) * live
