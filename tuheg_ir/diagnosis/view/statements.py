"""Statements that a database tells of in its own log, and whether they read whole tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Log
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import tells
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_WHOLE = late(
    r"\bCOLLSCAN\b|\bSeq Scan on\b|\"Node Type\": ?\"Seq Scan\"|# .*\bFull_scan: Yes\b|-> +Table scan on\b",
    re.IGNORECASE,
)
"""How logs of slow statements and the plans in them tell that a whole table was read."""
_READ = late(r"\b(?:Rows_|docs)examined[\"']?[:=] ?(\d{1,18})", re.IGNORECASE)
_GAVE = late(r"\b(?:Rows_sent|nreturned)[\"']?[:=] ?(\d{1,18})", re.IGNORECASE)
MANY_ROWS = 10_000
"""Fewer rows are read in no time."""
FOR_ONE = 100
"""So many rows read for each that is given are looked through, and not looked up."""
_ASKS_MUCH = late(r"\"size\\*\"\s*:\s*(?!10000\b)[1-9]\d{4}")
"""A search that wants more groups than a server gives hits, unless it is told to, gathers over all that there is."""
_OF_SLOW_LOG = late(r"# Time: (\d{6}) {1,2}(\d{1,2}:\d\d:\d\d)\b")
"""How MariaDB, and MySQL of old, tell in their slow log when a statement ended."""
_TOLD_AT = late(r"SET (?:[\w=,]{1,80},)?timestamp=(\d{9,10})\b")
"""How the same log tells that time once more, whatever clock the server's is: its head has that of its zone."""
_ZONES = timedelta(hours=14, minutes=30)
"""No zone's clock is further from UTC."""
_AGAIN = late(r"# User@Host: ")
_HEADS = late(r"# Time: ")
_BEGINS = late(r"\{|[\[(]?\d{4}-\d\d-\d\d[T ]\d\d:")
"""A slow log's entry begins with its time or its user; another line that begins with a time is of another log."""
_LONGEST = 60
"""No more lines are read of one statement."""


class Statement(NamedTuple):
    """What a log tells at one time, all its lines as one."""

    at: datetime
    text: str


@once
def statements(view: View, server: Workload) -> tuple[Statement, ...]:
    """Return what a server's logs tell, in the order of each: a line with a time, and those after it that have none."""
    return tuple(each for log in view.logs_of(server.live) for each in _statements(log))


@once
def slow_statements(view: View, server: Workload) -> tuple[Statement, ...]:
    """Return the statements of which a server's logs tell that they took long."""
    return tuple(each for each in statements(view, server) if tells("slow_statement", each.text))


def statements_by_log(view: View, server: Workload) -> Iterator[list[Statement]]:
    """Yield what each log of a server tells in the order of time, but for empty ones and those of former runs."""
    for log in view.logs_of(server.live, previous=False):
        if found := sorted(_statements(log), key=lambda each: each.at):
            yield found


def _statements(log: Log) -> Iterator[Statement]:
    begun: datetime | None = None
    block: list[str] = []
    for line in log.lines:
        at = _time_of(line, block)
        if at is not None:
            if begun is not None:
                yield _told(begun, block)
            begun, block = at, [line]
        elif begun is not None and _AGAIN.match(line) and any(_AGAIN.match(each) for each in block):
            yield _told(begun, block)  # of the same second: the time is not told again
            block = [line]
        elif len(block) < _LONGEST:
            block.append(line.strip())
    if begun is not None:
        yield _told(begun, block)


def _told(begun: datetime, block: Sequence[str]) -> Statement:
    """Return what was told, at the time that is the same in each zone where an old slow log tells that as well."""
    again = next(filter(None, map(_TOLD_AT.match, block)), None)
    if again is not None and (_OF_SLOW_LOG.match(block[0]) or _AGAIN.match(block[0])):
        at = datetime.fromtimestamp(int(again[1]), UTC)
        begun = at if abs(at - begun) <= _ZONES else begun
    return Statement(begun, " ".join(block))


def _time_of(line: str, block: Sequence[str]) -> datetime | None:
    """Return the time with which a line begins what is told; a time within a statement of a slow log is none."""
    if found := _OF_SLOW_LOG.match(line):
        try:
            return datetime.strptime(f"{found[1]} {found[2]:0>8}", "%y%m%d %H:%M:%S").replace(tzinfo=UTC)
        except ValueError:
            return None
    at = stamp(line)
    within = at is not None and any(_AGAIN.match(each) for each in block) and not _HEADS.match(line)
    return None if within and _BEGINS.match(line) is None else at


def reads_whole_tables(text: str) -> bool:
    """Tell whether a statement read a whole table: its plan says so, or it read many rows for each that it gave.

    A search server tells of neither, but what was asked of it. How long it worked says nothing: all that it does is
    slow when it lacks memory or waits for its disk.
    """
    if is_search(text):
        return _ASKS_MUCH.search(text) is not None
    if _WHOLE.search(text):
        return True
    read, gave = _READ.search(text), _GAVE.search(text)
    return read is not None and int(read[1]) >= max(MANY_ROWS, FOR_ONE * max(1, int(gave[1]) if gave else 1))


def is_search(text: str) -> bool:
    """Tell whether a line is of a search server's log of slow searches."""
    return "took_millis" in text and "search_type" in text
