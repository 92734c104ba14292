"""What log lines say, by a table of patterns: which trouble, about which host, how often, since when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log, Snapshot
from tuheg_ir.diagnosis.stamps import stamp, without_time
from tuheg_ir.diagnosis.view.alike import asked_alike
from tuheg_ir.diagnosis.view.hosts import hosts_named
from tuheg_ir.diagnosis.view.literals import Pattern, pieces
from tuheg_ir.diagnosis.view.log_table import said, unless, words, words_of
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.spoken_of import Names
from tuheg_ir.diagnosis.view.workloads import Workload

MISREAD = ("answer_misread", "date_misread")
"""Troubles of who cannot read what another one gives or sends him."""
ADDRESS = late(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
"""An IPv4 address in a line."""
_LINE_CHARS = 2000
"""No pattern is asked about more of a line than this: a line of megabytes is no message."""
_KEPT = 1000
"""So much of a line is kept of a trouble: what it comes of often stands last, after the wrapping of many others."""
_LINES = 2000
"""No more of a log's newest lines are read."""

_SILENT = timedelta(minutes=2)
_LONG = 10
_AGAIN = 4
"""A trouble of so many lines began anew after a silence of minutes that is so many times as long as theirs."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A trouble that a container's log tells of: how many lines, one of them, the hosts named in them."""

    trouble: str
    component: str
    pod: str
    container: str
    count: int
    line: str
    hosts: tuple[str, ...]
    first: datetime | None
    last: datetime | None
    previous: bool


HEAD = 5
"""In so many first lines of a log one bears its time."""


def tells(trouble: str, text: str) -> bool:
    """Tell whether a text tells of a trouble; what else is in it does not matter."""
    return _within(words()[trouble], text, text.lower())


def _within(patterns: Iterable[Pattern], text: str, lowered: str) -> bool:
    return any(pattern.within(text, lowered) for pattern in patterns)


def speaks_of(log: Log, names: Iterable[str]) -> bool:
    """Tell whether a log holds any of some texts, given in lower case, in any case.

    It takes a hundredth of what a pattern takes that each line is asked for.
    """
    whole = "\n".join(log.lines).lower()
    return any(name in whole for name in names)


_TOLD: dict[str, frozenset[str]] = {}
"""What lines tell that differ in numbers only (view/alike): the same in every snapshot that is asked for."""
_MOST_TOLD = 20_000


def hits(snapshot: Snapshot, found: Mapping[str, Workload]) -> tuple[Hit, ...]:
    """Return every trouble that a log tells of."""
    above = {pod.name: ref for ref, workload in found.items() for pod in workload.pods}
    if len(_TOLD) > _MOST_TOLD:
        _TOLD.clear()
    names = Names(snapshot, found)
    every = (hit for log in snapshot.logs for hit in _of(log, above.get(log.pod, f"Pod/{log.pod}"), names))
    return tuple(sorted(every, key=lambda h: (h.component, h.pod, h.container, h.previous, h.trouble)))


def _of(log: Log, component: str, names: Names) -> Iterator[Hit]:
    lines = [line[:_LINE_CHARS] for line in log.lines[-_LINES:] if line and not line.isspace()]
    for trouble, bares in _sorted_out(lines).items():
        seen = [lines[at] for at, _ in bares]
        times = [time for line in seen if (time := stamp(line)) is not None]
        first, last = (begun(times), max(times)) if times else _between(lines, [at for at, _ in bares])
        said = {bare for _, bare in bares}
        yield Hit(
            trouble=trouble,
            component=component,
            pod=log.pod,
            container=log.container,
            count=len(seen),
            line=seen[-1].strip()[:_KEPT],
            hosts=tuple(sorted({*hosts_named(said), *names.spoken_of(trouble, said)})),
            first=first,
            last=last,
            previous=log.previous,
        )


def _between(lines: Sequence[str], seen: Sequence[int]) -> tuple[datetime | None, datetime | None]:
    """Return when lines without a time, as those of a trace, were told at the earliest and at the latest.

    It is after what stands before them and before what follows; at the beginning or the end of a log nobody knows.
    """
    upto, until = times_around(lines)
    first, last = upto[seen[0]], until[seen[-1]]
    known = [*dict.fromkeys(time for at in seen if (time := upto[at]) is not None)]  # lines of one trace tell it once
    return (begun(known) if first else None), last


def times_around(lines: Sequence[str]) -> tuple[list[datetime | None], list[datetime | None]]:
    """Return for each line the last time told up to it, and the first one from it on; None where there is none."""
    own = [stamp(line) for line in lines]
    upto, until = list(own), list(own)
    for at in range(1, len(own)):
        upto[at] = own[at] or upto[at - 1]
    for at in range(len(own) - 2, -1, -1):
        until[at] = own[at] or until[at + 1]
    return upto, until


def times_near(lines: Sequence[str]) -> list[datetime | None]:
    """Return for each line the last time told up to it, else the first one from it on; None where none is told."""
    return [before or after for before, after in zip(*times_around(lines), strict=True)]


def lines_told(pod: str, number: int, line: str, since: datetime | None) -> Evidence:
    """Return as evidence that a pod told so many lines like one, and since when."""
    return Evidence("logs", f"Pod/{pod}", f"log ({number} lines): {line}", since)


def heard_since(logs: Iterable[Log]) -> datetime | None:
    """Return when the earliest of some logs begins, by its first lines; None if none of them bears a time."""
    return oldest(stamp(line) for log in logs for line in log.lines[:HEAD])


def begun(times: Iterable[datetime], least: timedelta = _SILENT) -> datetime | None:
    """Return when what is told now began: what was silent for long, next to how often it is told since, came anew.

    ``least``: no shorter silence counts.
    """
    ordered = sorted(times)
    for at in range(len(ordered) - _AGAIN, 0, -1):
        silent = ordered[at] - ordered[at - 1]
        pace = (ordered[-1] - ordered[at]) / (len(ordered) - at - 1)
        if silent > max(least, _LONG * pace):
            return ordered[at]
    return ordered[0] if ordered else None


def _sorted_out(lines: list[str]) -> dict[str, list[tuple[int, str]]]:
    """Return trouble -> the places of its lines, each with what the line says without its time.

    Lines that differ in numbers only are asked once, new ones all at once first.
    """
    shaped: list[tuple[int, str, str]] = []
    new: dict[str, str] = {}
    for at, line in enumerate(lines):
        bare = without_time(line)
        shape = asked_alike(bare)
        shaped.append((at, bare, shape))
        if shape not in _TOLD:
            new.setdefault(shape, bare)
    whole = "\n".join(new.values())
    lowered = whole.lower()
    able = _able(whole, lowered) if new else {}
    for shape, bare in new.items():
        lowered = bare.lower()
        troubles = (trouble for trouble, each in able.items() if _within(each, bare, lowered))
        _TOLD[shape] = frozenset(trouble for trouble in troubles if not _excepted(trouble, bare))
    found: dict[str, list[tuple[int, str]]] = {}
    for at, bare, shape in shaped:
        for trouble in _TOLD[shape]:
            found.setdefault(trouble, []).append((at, bare))
    return {trouble: found[trouble] for trouble in words() if trouble in found}


def _able(whole: str, lowered: str) -> dict[str, tuple[Pattern, ...]]:
    """Return the troubles that a text tells of, with all their patterns; ``lowered``: it in lower case."""
    there = pieces(lowered)
    asked = ((trouble, each, [p for p in each if p.may_be_within(there)]) for trouble, each in words().items())
    return {trouble: each for trouble, each, some in asked if _within(some, whole, lowered)}


def _excepted(trouble: str, text: str) -> bool:
    """Tell whether a line that holds words of a trouble does not tell of it: of another one alone, or of none."""
    but, other = unless(trouble), words_of(trouble)
    if but is not None and but.search(text):
        return True
    return other is not None and not _excepted(other, text) and not tells(trouble, said(other).sub(" ", text))
