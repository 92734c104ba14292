"""Errors by a program's own mark: lines that it calls an error itself, whatever they say."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from tuheg_ir.diagnosis.view.logs import stamp
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_MARK = re.compile(
    r"\b(?:ERROR|FATAL|CRITICAL|SEVERE|PANIC|EMERG|ERR)\b"
    r"|\[(?:\w+:)?(?:error|fatal|critical|crit|alert|emerg|panic)\]"
    r"|\b(?:level|severity|lvl|loglevel|log\.level)[\"']?\s*[=:]\s*[\"']?(?:error|err|eror|fatal|crit|panic|5\d\b|60\b)"
    r"|\bpanicked at\b|\bpanic serving |^(?:\d{4}-\d\d-\d\dT\S+ )?"
    r"(?:(?:fail|crit|panic): |E\d{4} \d\d:|Traceback \(most recent call last\)|Exception in thread"
    r"|(?:[\w.]+\.)?[A-Z]\w+(?:Error|Exception)\b)"
)
"""How loggers of many languages mark an error: a level, a letter, a heading."""
_WARNS = re.compile(
    r"\bWARN(?:ING)?\b|\[warn(?:ing)?\]|\b(?:level|severity|lvl)[\"']?\s*[=:]\s*[\"']?(?:warn|4\d\b)"
    r"|^(?:\d{4}-\d\d-\d\dT\S+ )?(?:warn: |W\d{4} \d\d:)"
)
"""How they mark a warning."""
_HINTS = re.compile(r"level|sever|err|fatal|crit|panic|fail|emerg|alert|traceback|exception|^e\d{4} ", re.IGNORECASE)
"""Without one of these a line has no mark: cheaper to see."""
_VARYING = re.compile(r"\b0x[0-9a-f]+\b|\b[0-9a-f]{8,}\b|\d+|\"[^\"]*\"|'[^']*'", re.IGNORECASE)
_SHAPE = 200
"""So much of a line, without what varies, tells which message it is."""
LATELY = timedelta(minutes=30)
"""What was last told longer ago than this is over."""
OFTEN = 5
"""An error that is repeated less often is one of those that every system has."""
NEW = timedelta(hours=1)
MANY = 20
"""A warning that is new has to be repeated so often before nobody may call the system well."""


@dataclass(frozen=True, slots=True)
class Marked:
    """Errors of one shape that the live pods of a workload told lately.

    pods: how many each told. since: when the first came; None where no log reaches back before it.
    """

    shape: str
    pods: dict[str, int]
    line: str
    since: datetime | None

    @property
    def count(self) -> int:
        """Return how many lines all pods told."""
        return sum(self.pods.values())


_KNOWN: WeakKeyDictionary[View, dict[tuple[str, bool], tuple[Marked, ...]]] = WeakKeyDictionary()
"""What was worked out of a view already, by workload."""


def marked(view: View, workload: Workload) -> tuple[Marked, ...]:
    """Return the errors that a workload's live pods repeat lately, most told first."""
    return _known(view, workload, warnings=False)


def new_warnings(view: View, workload: Workload) -> tuple[Marked, ...]:
    """Return the errors and warnings that a workload repeats very often since less than an hour."""
    found = _known(view, workload, warnings=True)
    return tuple(each for each in found if each.count >= MANY and each.since and view.recent(each.since, NEW))


def _known(view: View, workload: Workload, *, warnings: bool) -> tuple[Marked, ...]:
    known = _KNOWN.setdefault(view, {})
    key = (workload.ref, warnings)
    if key not in known:
        found = _found(view, workload, is_marked if not warnings else lambda line: is_marked(line) or _warns(line))
        known[key] = tuple(sorted(found, key=lambda m: (-m.count, m.shape)))
    return known[key]


def _found(view: View, workload: Workload, meant: Callable[[str], bool]) -> Iterable[Marked]:
    pods: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    firsts: dict[str, list[datetime | None]] = defaultdict(list)
    lines: dict[str, str] = {}
    late: set[str] = set()
    for log in view.logs_of(workload.live, previous=False):
        seen: set[str] = set()
        for number, (line, at, until) in enumerate(_timed(log.lines)):
            if not meant(line):
                continue
            shape = _VARYING.sub("#", line)[:_SHAPE]
            if shape not in seen:
                seen.add(shape)
                firsts[shape].append(at if number else None)
            pods[shape][log.pod] += 1
            lines[shape] = line.strip()
            if until is None or view.recent(until, LATELY):
                late.add(shape)
    for shape, told in pods.items():
        if shape in late and sum(told.values()) >= OFTEN:
            times = firsts[shape]
            since = None if None in times else min(t for t in times if t is not None)
            yield Marked(shape, dict(told), lines[shape], since)


def _timed(lines: Sequence[str]) -> list[tuple[str, datetime | None, datetime | None]]:
    """Return lines with the last time told up to each and the first one from it on; None where there is none."""
    own = [stamp(line) for line in lines]
    untils: list[datetime | None] = []
    for at in reversed(own):
        untils.append(at or (untils[-1] if untils else None))
    before: list[datetime | None] = []
    for at in own:
        before.append(at or (before[-1] if before else None))
    return list(zip(lines, before, reversed(untils), strict=True))


def is_marked(line: str) -> bool:
    """Tell whether a program calls a line an error itself."""
    text = line[:400]
    return _HINTS.search(text) is not None and _MARK.search(text) is not None


def _warns(line: str) -> bool:
    return _WARNS.search(line[:400]) is not None and "deprecat" not in line[:400].lower()
