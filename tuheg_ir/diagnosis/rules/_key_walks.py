"""Who has a shared cache look through all its keys, again and again: what it tells takes as long as the cache tells.

The cache does one thing after the other, and nobody else is answered meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.took import seconds_of
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.workloads import Workload

BLOCKED = 0.25
"""A cache that looks through its keys for so large a share of the time lets others wait."""
QUIET = 0.02
LONG_S = 0.2
"""Clients wait for so long without noticing."""
LATELY = timedelta(minutes=15)
KNOWN = timedelta(minutes=10)
"""So long before it must have been otherwise, or it may always have been so."""
FEW = 3
SHORTER, LONGER = 0.5, 3.0
"""A client's clock counts what it waits as well, and not much less than the cache."""
_OF_KEYS = late(
    r"\b(?:KEYS|keys)\b[\"'(:= ]{1,4}[^\s\"']{0,80}\*|\b(?:pattern|glob)[\"']?\s?[=:]\s?[\"']?[^\s\"']{0,80}\*"
)
"""How programs tell of keys that they look for by a pattern."""
_IN_STEPS = late(r"scan", re.IGNORECASE)
"""Who looks for them in steps lets others be answered between: he only waits as well."""


class Walked(NamedTuple):
    """That a cache looks through all its keys: since when, for how long each time, and what shows it."""

    since: datetime
    each: float
    shown: Evidence


def walked(view: View, cache: Workload) -> Walked | None:
    """Return that a cache looks through all its keys most of late, and did not before."""
    for label in labels_of(view, cache.ref, "cache_walks"):
        lately = view.figures.peak("cache_walks", view.now - LATELY, component=label) or 0.0
        each = view.figures.peak("cache_walk_time", view.now - LATELY, component=label) or 0.0
        since = _began(view, label)
        if lately >= BLOCKED and each >= LONG_S and since is not None:
            fact = f"it looks through all its keys {lately:.0%} of the time, {each:.2g} s each, and answers nobody then"
            return Walked(since, each, Evidence("metrics", cache.ref, fact, since))
    return None


def _began(view: View, label: str) -> datetime | None:
    """Return since when a cache looks through its keys, where its figures tell that it did not for minutes before."""
    points = sorted(p for s in view.figures.series("cache_walks", component=label) for p in s.points)
    first = next((t for t, value in points if value > QUIET), None)
    told = min((t for s in view.figures.series("cache_up", component=label) for t, _ in s.points), default=None)
    if first is None or told is None or first - told < KNOWN.total_seconds():
        return None
    return datetime.fromtimestamp(first, view.now.tzinfo)


def walker(view: View, found: Walked) -> tuple[Workload, Evidence] | None:
    """Return the one program that tells of keys by a pattern for as long as the cache, since it does, and its words."""
    told: dict[str, list[tuple[str, str]]] = {}
    for log in view.snapshot.logs:
        for line in _lines(log, found):
            told.setdefault(_of_schedule(view, view.owner_of(log.pod)), []).append((log.pod, line))
    of = {ref: lines for ref, lines in told.items() if ref in view.workloads and role(view.workloads[ref]) not in DATA}
    if len(of) != 1:
        return None
    ref, lines = next(iter(of.items()))
    if len(lines) < FEW:
        return None
    pod, line = lines[-1]
    fact = f"log ({len(lines)} lines, each as long as the cache): {line[:200]}"
    return view.workloads[ref], Evidence("logs", f"Pod/{pod}", fact, stamp(lines[0][1]))


def _lines(log: Log, found: Walked) -> Iterator[str]:
    """Yield what a log tells of keys by a pattern that takes as long as the cache takes."""
    for line in log.lines:
        if not _OF_KEYS.search(line) or _IN_STEPS.search(line):
            continue
        took, at = seconds_of(line), stamp(line)
        fits = took is not None and SHORTER * found.each <= took <= LONGER * found.each
        if fits and (at is None or at >= found.since - KNOWN):
            yield line


def _of_schedule(view: View, ref: str) -> str:
    """Return the CronJob that a Job is a run of, or who was asked for."""
    kind, _, name = ref.partition("/")
    above = f"CronJob/{name.rpartition('-')[0]}"
    return above if kind == "Job" and above in view.workloads else ref
