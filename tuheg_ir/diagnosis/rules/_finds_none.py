"""What a program counts since it read its settings anew: nought of what it found until then, though it looks as before.

A bound in the wrong unit, a rule that nothing fits: it does as it is told, answers as quickly, and calls it no error.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rules._worked_before import worked_before
from tuheg_ir.diagnosis.view.counted import FEW, counts_of, of_work, tells_of_ill
from tuheg_ir.diagnosis.view.demand import requests_grew
from tuheg_ir.diagnosis.view.logs import times_around
from tuheg_ir.diagnosis.view.marked import STILL
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_OF_ALL = late(r"(?<![\w.:/-])(\d{1,9}) (?:out )?of (?:all )?(\d{1,9})(?![\w.:/-])")
"""How many of how many fit: `matched 0 of 134 couriers`."""
_BREAK = late(r"[,;:.(){}|]")
"""Between two such marks stands what a number is of."""
_THINGS = late(r"(?<![\w.:/-])(\d{1,9}) ([a-z][a-z_]{2,30}s)\b")
"""So many of something, in words: `found 0 couriers`."""
_LONGEST = 2000
OFTEN = 10
"""What comes less often may be chance."""
_SPREAD = timedelta(minutes=2)
"""A mounted file reaches one pod so much later than another."""
_HARDLY, _LEFT = 0.1, 0.5
"""Whoever looks in vain now and then is told so as well; and who has this share left of what it had goes on."""


class _Row(NamedTuple):
    """What a line counts, and when it was told."""

    at: datetime
    counts: dict[str, int]
    line: str


def finds_none(view: View, workload: Workload, read: datetime) -> Evidence | None:
    """Return what most pods of a workload hardly find any more since they read their settings, and did until then.

    They have as much to look through, or are asked as often as ever: else nobody asks, or there is nothing to be found.
    """
    found = defaultdict[str, list[tuple[datetime, str, str]]](list)
    heard: set[str] = set()
    for log in view.logs_of(workload.live, previous=False):
        heard |= {log.pod} if log.lines else set()
        rows = list(_rows(log))
        for name in {name for row in rows for name in row.counts if of_work(name)}:
            found[name] += ((row.at, log.pod, row.line) for row in _noughts(view, workload, rows, name, read))
    for name, told in sorted(found.items(), key=lambda each: (-len(each[1]), each[0])):
        pods = {pod for _, pod, _ in told}
        if len(told) >= OFTEN and 2 * len(pods) > len(heard):
            line = min(told)[2]
            fact = f"{len(told)} lines of {len(pods)} pods count none ({name}), and hardly any did before: {line[:160]}"
            return Evidence("logs", workload.ref, fact, read)
    return None


def _rows(log: Log) -> Iterator[_Row]:
    upto, _ = times_around(log.lines)
    for at, line in zip(upto, log.lines, strict=True):
        counts = _counts(line[:_LONGEST]) if at is not None else {}
        if at is not None and counts:
            yield _Row(at, counts, line.strip())


def _counts(line: str) -> dict[str, int]:
    """Return what a line counts: by names, in words, or as a part of all there is; a part that is ill is left out."""
    part = _OF_ALL.search(line)
    if part and tells_of_ill(_BREAK.split(line[: part.start()])[-1] + _BREAK.split(line[part.end() :])[0]):
        line, part = line[: part.start()] + line[part.end() :], None
    counts = {name: int(number) for number, name in _THINGS.findall(line)}
    if part:
        counts |= {"found": int(part[1]), "of all": int(part[2])}
    return counts | counts_of(line)


def _noughts(view: View, workload: Workload, rows: Sequence[_Row], name: str, read: datetime) -> list[_Row]:
    """Return the lines by which a pod counts nought of something since a moment, and hardly did before; none if not."""
    told = [row for row in rows if name in row.counts]
    was, now = [row for row in told if row.at < read], [row for row in told if row.at >= read + _SPREAD]
    known = worked_before([row.at for row in told], read)
    if not known or len(now) < FEW or not view.recent(now[-1].at, STILL):
        return []
    if len({row.counts[name] for row in was}) == 1:
        return []  # a setting that each line repeats, and that was written as nought
    none = [row for row in now if not row.counts[name]]
    before = [row for row in was[-OFTEN:] if not row.counts[name]]
    if len(before) > _HARDLY * OFTEN or len(none) < (1 - _HARDLY) * len(now):
        return []
    return none if _looks(was, now, name) or _is_asked(view, workload, read) else []


def _looks(was: Sequence[_Row], now: Sequence[_Row], name: str) -> bool:
    """Tell whether something else that a program counts beside it, and that differs, is about as much as before.

    What never differs is a setting.
    """
    for beside in set.intersection(*({*row.counts} for row in (*was, *now))) - {name}:
        before, since = [row.counts[beside] for row in was], [row.counts[beside] for row in now]
        differs = of_work(beside) and len({*before}) > 1 and len({*since}) > 1
        if differs and sum(since) * len(before) >= _LEFT * sum(before) * len(since):
            return True
    return False


def _is_asked(view: View, workload: Workload, read: datetime) -> bool:
    """Tell whether a workload is known to be asked about as often as before."""
    return (requests_grew(view, workload.ref, read) or 0.0) >= _LEFT
