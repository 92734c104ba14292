"""What a program ends since it read its settings anew: whoever is quiet, or there, for as long as one of them says.

It does as it is told and calls it no error. But each line tells for how long it let somebody be, and that is the very
figure that was written: below what clients are used to, so that it throws out who did nothing wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rules._last_written import in_words, last_written
from tuheg_ir.diagnosis.rules._onset import near
from tuheg_ir.diagnosis.rules._read_anew import ReadAnew, older_logs
from tuheg_ir.diagnosis.rules._worked_before import worked_before
from tuheg_ir.diagnosis.stamps import without_time
from tuheg_ir.diagnosis.view.logs import times_around
from tuheg_ir.diagnosis.view.marked import STILL
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_LASTS = (
    r"idle|inactiv\w*|quiet|silen\w+|time[ _-]?outs?|timed[ _-]out|ttl|expir\w*|life ?(?:time|span)|max[ _-]?age"
    r"|keep[ _-]?alive|heartbeats?|pings?|grace"
)
_SETTING = late(rf"\b(?:{_LASTS})\b")
"""Settings that are about for how long somebody may be there, or say nothing."""
_OWN = late(
    r"(?<![a-z])(?:pool(?:s|ed)?(?!-\d)|hikari\w*|jdbc|databases?|db|data ?sources?|upstreams?|backends?|cach\w+"
    r"|probes?|dns|quer(?:y|ies))(?![a-z])",
    re.IGNORECASE,
)
"""What a program holds for itself, or asks of others: nobody is thrown out where it lets go of that."""
_TOLD = late(rf"(?<![A-Za-z])(?:{_LASTS})(?![A-Za-z])", re.IGNORECASE)
_WHO = late(
    r"(?<![a-z])(?:sessions?|conn(?:ection)?s?|clients?|devices?|users?|peers?|subscri(?:ber|ption)s?|consumers?|sockets?"
    r"|streams?|members?|agents?|players?|viewers?|callers?|logins?|tokens?|carts?|baskets?|reservations?|leases?|holds?)"
    r"(?![a-z])",
    re.IGNORECASE,
)
_ENDED = late(
    r"(?<![a-z])(?:gone|clos(?:ed|ing)|dropp(?:ed|ing)|disconnect(?:ed|ing)?|evict(?:ed|ing)|expir(?:ed|ing)|kick(?:ed|ing)"
    r"|kill(?:ed|ing)|terminat(?:ed|ing)|reap(?:ed|ing)|remov(?:ed|ing)|purg(?:ed|ing)|cut|end(?:ed|ing)|time[ _-]?out"
    r"|timed[ _-]out|logged[ _-]out|thrown[ _-]out|releas(?:ed|ing)|los(?:t|ing))(?![a-z])",
    re.IGNORECASE,
)
"""How programs say that they let somebody go."""
_UNITS = {
    **dict.fromkeys(("ms", "msec", "millis", "milliseconds"), 0.001),
    **dict.fromkeys(("s", "sec", "secs", "seconds", "second"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minutes", "minute"), 60.0),
    **dict.fromkeys(("h", "hours", "hour"), 3600.0),
}
_UNIT = "|".join(sorted(_UNITS, key=len, reverse=True))
_VALUE = late(
    r"^\s*(?:- )?[\"']?([\w.-]{2,80})[\"']?\s*[=:]\s*[\"']?(\d{1,9}(?:\.\d{1,3})?)"
    rf"\s?({_UNIT})?[\"']?,?\s*(?:#.*)?$"
)
_FIGURE = late(rf"(?<![\w./-])(?<!\d:)(\d{{1,9}}(?:\.\d{{1,9}})?) ?({_UNIT})?(?![\w:/-]|\.\d)")
_SLACK = 1.1
"""Whoever looks every few seconds ends somebody so much later than he may."""
_LEAST = 5
"""A smaller bare number may be that of anything."""
_MOSTLY = 0.9
OFTEN = 10
"""What comes less often is no setting that all clients meet."""
_MORE = 3
"""So many times as often as before it ends somebody: who is really gone was let go before as well."""


class _Bound(NamedTuple):
    """A setting that says for how long, the number as it is written, and its unit in seconds; None if it tells none."""

    name: str
    number: float
    unit: float | None

    def is_it(self, number: float, unit: float | None) -> bool:
        """Tell whether a line names that very time, in whichever unit."""
        if self.unit is not None and unit is not None:
            ways = [(number * unit, self.number * self.unit)]
        elif number < _LEAST:
            return False
        elif self.unit is not None:
            ways = [(number * each, self.number * self.unit) for each in (1.0, 0.001)]
        else:
            ways = [(number * (unit or 1.0), self.number * each) for each in (1.0, 0.001, 60.0)]
        return any(bound <= told <= _SLACK * bound for told, bound in ways if bound)


class _End(NamedTuple):
    """A line that tells that somebody was let go, and whether for the time that was written."""

    at: datetime
    pod: str
    line: str
    by_it: bool


def ends_by_it(view: View, workload: Workload, found: ReadAnew) -> Evidence | None:
    """Return what most pods repeat that they end by the very time that was written, and none did before that."""
    lines = [*last_written(view, found.ref)]
    alone = (f"{key}={value}" for key, value in pairwise(lines))  # a key that holds a value and no file
    bounds = [bound for line in (*lines, *alone) if (bound := _bound(line)) is not None]
    logs = (log for log in view.logs_of(workload.live, previous=False) if bounds and log.lines)
    old = older_logs(workload, logs, found.written)
    heard = {log.pod for log in old}
    worked = {log.pod for log in old if worked_before(times_around(log.lines)[0], found.read)}
    if not heard or 2 * len(worked) <= len(heard):
        return None
    for bound in bounds:
        ends = [end for log in old for end in _ends(log, bound)]
        if (told := _thrown_out(view, ends, found.read)) and 2 * len({each.pod for each in told}) > len(heard):
            since, line = told[0].at, told[0].line
            fact = f"{len(told)} lines tell of an end by {bound.name}, and none before: {line[:160]}"
            return Evidence("logs", workload.ref, fact, since)
    return None


def _bound(line: str) -> _Bound | None:
    found = _VALUE.search(line)
    if found is None or not any(_SETTING.search(words) for words in in_words(found[1])):
        return None
    if any(_OWN.search(words) for words in in_words(found[1])) or not float(found[2]):
        return None
    named = next(iter(in_words(found[1]))).rpartition(" ")[2]
    return _Bound(found[1], float(found[2]), _UNITS.get(found[3] or named))


def _ends(log: Log, bound: _Bound) -> Iterator[_End]:
    for at, raw in zip(times_around(log.lines)[0], log.lines, strict=True):
        if at is None or not (_ENDED.search(raw) and _TOLD.search(raw) and _WHO.search(raw)) or _OWN.search(raw):
            continue
        figures = _FIGURE.findall(without_time(raw))
        yield _End(at, log.pod, raw.strip(), any(bound.is_it(float(n), _UNITS.get(u)) for n, u in figures))


def _thrown_out(view: View, ends: Sequence[_End], read: datetime) -> list[_End]:
    """Return the ends by a time that was written, oldest first; none where as many were let go before, or otherwise."""
    before, since = [each for each in ends if each.at < read], [each for each in ends if each.at >= read]
    told = sorted(each for each in since if each.by_it)
    if len(told) < OFTEN or len(told) < _MOSTLY * len(since) or any(each.by_it for each in before):
        return []
    if not near(read, told[0].at) or not view.recent(told[-1].at, STILL):
        return []
    was = sum(each.at >= read - (view.now - read) for each in before)
    return told if len(told) >= _MORE * was else []
