"""What programs count in their logs, time and again (`delivered=44`, `"conns":0`), and who counts only noughts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Log
from tuheg_ir.diagnosis.view.logs import times_around
from tuheg_ir.diagnosis.view.marked import STILL
from tuheg_ir.diagnosis.view.view import View

_FIELD = late(r"([A-Za-z_][\w.-]{2,40})[\"']?\s?[=:]\s?(\d{1,15})(?![\w.:-])")
"""A number that stands beside its name: `delivered=44`, `"delivered":44`, `delivered: 44`."""
_OF_LINE = frozenset(("level", "time", "timestamp", "pid", "tid", "thread", "line", "seq"))
"""Numbers that a logger gives each line."""
_OF_SPAN = late(r"interval|window|period|uptime", re.IGNORECASE)
"""Names of how long was counted."""
AILS = late(r"err|fail|retr|drop|lag|pend|wait|queue|backlog|skip|reject|cancel|timeout|lost|dead", re.IGNORECASE)
"""Names of what goes wrong or waits: none of it is well."""
_ASKED = late(r"conn|requ|reqs|clients|sessions|streams|sockets|subscri", re.IGNORECASE)
"""Names of who comes and asks: without any of them nobody does."""
_IN_HAND = late(r"in.?flight|active|in.?use|busy|running|current|idle|open", re.IGNORECASE)
"""Names of what is at work in the moment: who is well is mostly done with it when he counts."""
FEW = 3
"""So many lines of a quarter of an hour show what a program does now."""

Counts = Mapping[tuple[str, ...], Sequence[tuple[datetime, tuple[int, ...]]]]
"""The names that stand in a line together -> when such lines came, and with which numbers."""


def counts_of(line: str) -> dict[str, int]:
    """Return what a line counts, by its names."""
    return {
        key: int(value)
        for key, value in _FIELD.findall(line)
        if key.lower() not in _OF_LINE and not _OF_SPAN.search(key)
    }


def counted(log: Log) -> Counts:
    """Return what a log counts in lines of the same names."""
    found: dict[tuple[str, ...], list[tuple[datetime, tuple[int, ...]]]] = {}
    upto, _ = times_around(log.lines)
    for n, line in enumerate(log.lines):
        at = upto[n]
        if at is not None and (values := counts_of(line)):
            found.setdefault(tuple(values), []).append((at, tuple(values.values())))
    return found


def only_noughts(view: View, log: Log) -> set[tuple[str, ...]]:
    """Return the names of what a log counts if it tells of nothing else lately, and all of it is nought; else nothing.

    What goes wrong, or is in hand just now, may well be nought where all is well: it has to count who asks too.
    """
    lately = list(map(counts_of, _lately(view, log)))
    if len(lately) < FEW or not all(each and not any(each.values()) for each in lately):
        return set()
    return {tuple(each) for each in lately if any(map(_of_who_asks, each))}


def talks(view: View, log: Log) -> bool:
    """Tell whether a log has lines enough of lately to show what a program does now."""
    return len(_lately(view, log)) >= FEW


def _lately(view: View, log: Log) -> list[str]:
    upto, _ = times_around(log.lines)
    return [line for line, at in zip(log.lines, upto, strict=True) if at and view.recent(at, STILL)]


def _of_who_asks(name: str) -> bool:
    return bool(_ASKED.search(name)) and not AILS.search(name) and not _IN_HAND.search(name)


def counts_lately(view: View, told: Counts, names: tuple[str, ...]) -> bool:
    """Tell whether something is counted under these names, lately, in what a log counts."""
    return any(any(values) for at, values in told.get(names, ()) if view.recent(at, STILL))
