"""Time in the simulated cluster: one clock for delays, one for the stamps that people read.

Delays (start-up, back-off, deadlines, leaks) are counted in *seconds*, which may run faster than the
wall clock. *Stamps* are what objects and samples carry. While the clock stands, both are moved by
hand: tests and the hours before a drill pass in no time. Once it runs, stamps are the real time, so
that a client which compares them with its own clock is not fooled, and only delays are shortened.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class Clock:
    """A clock that stands until :meth:`run`; ``speed`` is simulated seconds per real second."""

    def __init__(self, start: datetime | None = None) -> None:
        self._start = start or datetime.now(UTC)
        self._seconds = 0.0
        self._since = 0.0
        self.speed = 0.0

    @property
    def running(self) -> bool:
        """Return whether the clock moves by itself."""
        return self.speed > 0

    def seconds(self) -> float:
        """Return the simulated seconds since the clock was made; never goes back."""
        if not self.running:
            return self._seconds
        return self._seconds + (time.monotonic() - self._since) * self.speed

    def stamp(self) -> datetime:
        """Return the moment that is written on objects now, in UTC."""
        return datetime.now(UTC) if self.running else self._start + timedelta(seconds=self._seconds)

    def advance(self, seconds: float) -> None:
        """Move a standing clock; a running one, and the past, are refused with ValueError."""
        if self.running or seconds < 0:
            raise ValueError("only a standing clock can be moved, and only forward")
        self._seconds += seconds

    def run(self, speed: float = 1.0) -> None:
        """Let the clock move by itself from now on, ``speed`` times as fast as the wall clock."""
        if speed <= 0:
            raise ValueError("speed must be above 0")
        self._seconds = self.seconds()
        self._since = time.monotonic()
        self.speed = speed

    def real(self, seconds: float) -> float:
        """Return how many real seconds ``seconds`` simulated ones take (0 while the clock stands)."""
        return seconds / self.speed if self.running else 0.0


def iso(moment: datetime) -> str:
    """Return a Kubernetes Time: whole seconds, ``Z``."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def parse(text: str) -> datetime:
    """Return the moment of a Kubernetes Time or MicroTime."""
    return datetime.fromisoformat(text)
