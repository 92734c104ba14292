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
_AILS = r"err|fail|retr|drop|lag|pend|wait|queue|backlog|skip|reject|cancel|timeout|lost|dead"
AILS = late(_AILS, re.IGNORECASE)
"""Names of what goes wrong or waits: none of it is well."""
_ASKED = late(r"conn|requ|reqs|clients|sessions|streams|sockets|subscri", re.IGNORECASE)
"""Names of who comes and asks: without any of them nobody does."""
_IN_HAND = late(r"in.?flight|active|in.?use|busy|running|current|idle|open", re.IGNORECASE)
"""Names of what is at work in the moment: who is well is mostly done with it when he counts."""
_SPARED = late(
    r"evict|expir|throttl|limit|den(?:y|ied)|(?<![a-z])miss|warn|slow|blocked|remain|(?<![a-z])left|stale",
    re.IGNORECASE,
)
"""Names of what nobody wants more of, or what is left over: a setting may be there to end it."""
_BEGINS, _ENDS = r"(?-i:(?<![A-Za-z])|(?<=[a-z])(?=[A-Z]))", r"(?-i:(?![a-z]))"
"""Where a word of a name does, also of one that is written in one: `badRows`."""
_ILL = (
    rf"dup{_ENDS}|duplic|anomal|outlier|conflict|collision|violat|mis(?:match|sing|rout|fire)|discrepan|deviat"
    rf"|orphan|invalid|malform|corrupt|broken|bad{_ENDS}|damage|defect|bugs?{_ENDS}|issues?{_ENDS}|problem|incident"
    r"|crash|panic|alert|alarm|overdue|overrun|overflow|fraud|leak|un(?:match|paid|assign|deliver|resolv|known|usual)"
    rf"|infect|virus|malware|threat|spam|phish|attack|intrus|suspicio|suspect|quarantin|flagged|abuse|gaps?{_ENDS}|hole"
    rf"|debt|arrears|short(?:age|fall)|(?:stock|sold)[\W_]?outs?{_ENDS}|out[\W_]of[\W_]stock|dispute|complain|chargeback"
    rf"|held[\W_]?(?:for|back|up)|(?:for|to|need\w{{0,3}})[\W_]?review"
)
_FOUND_ILL = late(rf"{_BEGINS}(?:{_ILL})", re.IGNORECASE)
"""Names of what somebody looks for since it is ill: to find none is good news."""
_ILL_WORDS = late(rf"\b(?!(?-i:ERROR\b))(?:{_AILS}|{_ILL})", re.IGNORECASE)
"""The same as words of a sentence, and what goes wrong or waits; the level of a line is neither."""
_NO_AMOUNT = late(
    r"(?:(?<![a-z])(?:ms|s|id|no|port)|secs?|seconds?|minutes?|hours?|days?|nanos|micros|millis|code|(?-i:[a-z](?:Ms|Id)))$"
    r"|durat|(?<![a-z])dur(?![a-z])|took|elapsed|latenc|time(?!n)|status|offset|shard|partition|page|(?<!con)version",
    re.IGNORECASE,
)
"""Names of how long something took, and of which one it was."""
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


def of_work(name: str) -> bool:
    """Tell whether a name may be that of what a program is there to find or do: none of it is no good sign."""
    return not any(each.search(name) for each in (AILS, _IN_HAND, _SPARED, _FOUND_ILL, _NO_AMOUNT))


def tells_of_ill(words: str) -> bool:
    """Tell whether words name what goes wrong, waits, or is found ill: none of it is well."""
    return _ILL_WORDS.search(words) is not None


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
