"""Worlds in which work is begun and not done, and nobody reports an error."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.scenes import WELL, latency, shop
from tests.diagnosis.rules.tiny import NOW, pod, snapshot, timed
from tuheg_ir.diagnosis.model import Alert, Series, Snapshot

CALM = latency("shop", 0.1, 0.11)
NO_ERRORS = "No errors are counted."

Words = tuple[Callable[[int], str], Callable[[int], str]]
"""How a piece of work, by its number, is told of as it begins and as it is done."""

UPLOADS: Words = (
    lambda n: f"INFO upload::session: opened id=0fd{n:05x} parts={n % 7 + 3}",
    lambda n: f"INFO upload::session: finalised id=0fd{n:05x} parts={n % 7 + 3}",
)
ORDERS: Words = (
    lambda n: f'{{"level":"info","msg":"payment started","orderId":"A-{48000 + n}"}}',
    lambda n: f'{{"level":"info","msg":"payment captured","orderId":"A-{48000 + n}"}}',
)
MAILS: Words = (
    lambda n: f"[info] mail {77000 + n} queued for delivery",
    lambda n: f"[info] mail {77000 + n}: delivered, 250 2.0.0 Ok",
)
EXPORTS: Words = (
    lambda n: f"2026 main INFO ExportService - Export 5b1c{n:04d}-77aa-4c1f started",
    lambda n: f"2026 worker-3 INFO ExportService - Export 5b1c{n:04d}-77aa-4c1f written to bucket",
)
TASKS: Words = (
    lambda n: f"Task app.tasks.grade[9a{n:06x}-1f2e-4b] received",
    lambda n: f"Task app.tasks.grade[9a{n:06x}-1f2e-4b] succeeded in 0.{n % 9 + 1}s: None",
)


def fires(name: str, said: str = "", **labels: str) -> Alert:
    """Return an alert about the shop that says so."""
    told = {"service": "shop", "severity": "warning", **labels}
    return Alert(name, told, {"description": said}, "firing", NOW - timedelta(minutes=10))


def begun(
    words: Words,
    lost: Callable[[int, float], bool],
    *alerts: Alert,
    figures: Iterable[tuple[str, Series]] = (WELL, CALM),
    every: float = 60,
    took: float = 20,
    more: Iterable[Any] = (),
) -> Snapshot:
    """Return a shop that begins work all the hour; ``lost``: which, by number and age, is not done."""
    told = []
    for number, age in enumerate(range(3570, 0, -int(every))):
        told.append((float(age), words[0](number)))
        if age > took and not lost(number, age):
            told.append((age - took, words[1](number)))
    lines = timed(pod("shop"), *sorted(told, reverse=True))
    return snapshot(shop(), *more, figures=figures, logs=[lines], alerts=alerts)


def since(age: float, one_of: int = 3) -> Callable[[int, float], bool]:
    """Tell which are lost: one of so many, of those that began no longer ago."""
    return lambda number, at: at <= age and number % one_of == 0
