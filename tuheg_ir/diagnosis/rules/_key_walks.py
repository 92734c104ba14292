"""Who has a shared cache look through all its keys, again and again: what it tells takes as long as the cache tells.

The cache does one thing after the other, and nobody else is answered meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import BEFORE
from tuheg_ir.diagnosis.view.took import seconds_of
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload
from tuheg_ir.named import NamedTuple

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
SPAN = timedelta(seconds=30)
"""In less time a few lines say nothing of how often something is done."""
_OF_KEYS = late(
    r"\b(?:KEYS|keys)\b[\"'(\[:= ]{1,4}[^\s\"'/]{0,80}\*(?![^\s\"']{0,80}/)"
    r"|(?<![^\W_])(?:pattern|glob)[\"']?\s?[=:]\s?[\"']?[^\s\"'/]{0,80}\*(?![^\s\"']{0,80}/)"
)
"""How programs tell of keys that they look for by a pattern; one with a slash is of paths, and */5 of a clock."""
_IN_STEPS = late(r"scan", re.IGNORECASE)
"""Who looks for them in steps lets others be answered between: he only waits as well."""


class Walked(NamedTuple):
    """That a cache looks through all its keys: since when, how long each time and in all, and what shows it.

    ``new``: nobody had it do so before. Where somebody did, more keys may have come, by whomever.
    """

    since: datetime
    each: float
    share: float
    new: bool
    shown: Evidence


class Walker(NamedTuple):
    """Who has a cache look through all its keys, its words, and how large a part of what the cache counts they tell."""

    by: Workload
    told: Evidence
    part: float


def walked(view: View, cache: Workload) -> Walked | None:
    """Return that a cache looks through all its keys most of late, and did not before."""
    for label in labels_of(view, cache.ref, "cache_walks"):
        lately = view.figures.peak("cache_walks", view.now - LATELY, component=label) or 0.0
        each = view.figures.peak("cache_walk_time", view.now - LATELY, component=label) or 0.0
        since = _began(view, label)
        if lately >= BLOCKED and each >= LONG_S and since is not None:
            fact = f"it looks through all its keys {lately:.0%} of the time, {each:.2g} s each, and answers nobody then"
            new = not any(value > 0 for t, value in _points(view, label) if t < (since + BEFORE).timestamp())
            return Walked(since, each, lately, new, Evidence("metrics", cache.ref, fact, since))
    return None


def _began(view: View, label: str) -> datetime | None:
    """Return since when a cache looks through its keys, where its figures tell that it did not for minutes before."""
    first = next((t for t, value in _points(view, label) if value > QUIET), None)
    told = min((t for s in view.figures.series("cache_up", component=label) for t, _ in s.points), default=None)
    if first is None or told is None or first - told < KNOWN.total_seconds():
        return None
    return datetime.fromtimestamp(first, view.now.tzinfo)


def _points(view: View, label: str) -> list[tuple[float, float]]:
    return sorted(p for s in view.figures.series("cache_walks", component=label) for p in s.points)


def walker(view: View, cache: Workload, found: Walked) -> Walker | None:
    """Return the one program that tells of keys by a pattern for as long as the cache, since it does, and its words."""
    told: dict[str, list[tuple[str, str]]] = {}
    for log in view.snapshot.logs:
        for line in _lines(log, found):
            told.setdefault(_of_schedule(view, view.owner_of(log.pod)), []).append((log.pod, line))
    of = {ref: lines for ref, lines in told.items() if _may_ask(view, ref, cache)}
    if len(of) != 1:
        return None
    ref, lines = next(iter(of.items()))
    if len(lines) < FEW or any(_before(line, found) for _, line in lines):
        return None
    pod, line = lines[-1]
    fact = f"log ({len(lines)} lines, each as long as the cache): {line}"
    shown = Evidence("logs", f"Pod/{pod}", fact, oldest(stamp(each) for _, each in lines))
    return Walker(view.workloads[ref], shown, _share(view, lines, found.each) / found.share)


def _may_ask(view: View, ref: str, cache: Workload) -> bool:
    """Tell whether a program asks a cache, or may: who runs by the clock is seldom told whom it asks."""
    workload = view.workloads.get(ref)
    if workload is None or role(workload) in DATA:
        return False
    return workload.kind in BATCH or cache.ref in view.graph.calls.get(ref, ())


def _before(line: str, found: Walked) -> bool:
    """Tell whether a line is of the time when the cache counted nothing of the kind: what it tells of is not that."""
    at = stamp(line)
    return at is not None and at < found.since + BEFORE


def _share(view: View, lines: Sequence[tuple[str, str]], each: float) -> float:
    """Return for which share of the time the pods of a program have the cache walk, as far back as each tells when."""
    times: dict[str, list[datetime]] = {}
    for pod, line in lines:
        if (at := stamp(line)) is not None:
            times.setdefault(pod, []).append(at)
    return sum(len(own) * each / max(view.now - min(own), SPAN).total_seconds() for own in times.values())


def _lines(log: Log, found: Walked) -> Iterator[str]:
    """Yield what a log tells of keys by a pattern that takes as long as the cache takes."""
    for line in log.lines:
        if "*" not in line or not _OF_KEYS.search(line) or _IN_STEPS.search(line):
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
