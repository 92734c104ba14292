"""PostgreSQL's own vacuum against the end of its transaction numbers: it takes hours, and has to be let finish."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.view.logs import times_near
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.named import NamedTuple

_OF_LONG = late(
    r"(?:transaction|\btxn?|\bxact|session|quer(?:y|ies)|statement|vacuum).{0,60}(?:long|old|age|duration|running|hour|>)"
    r"|(?:long|old)\w*[ _-]?(?:running[ _-]?)?(?:transaction|\btxn?|xact|session|quer)",
    re.IGNORECASE,
)
"""Words of an alert about what a session does for long."""
_OF_ELSE = late(
    r"idle|wrap|frozen|freez|\bxids?\b|txid|transaction.?ids?(?![a-z])|(?-i:Id[A-Z])|multixact", re.IGNORECASE
)
"""Who is idle in a transaction is no vacuum; and an alert of the numbers is of what comes if it is not done in time."""
_VACUUM = late(r"autovacuum: VACUUM (?:ANALYZE )?(?P<table>[\w.\"$]{1,128}) \(to prevent wraparound\)")
_RUNNING = late(r"(?:(?P<days>\d{1,3}) days? )?(?P<h>\d{1,3}):(?P<m>\d\d):(?P<s>\d\d)(?:\.\d{1,6})?(?![\d:.+-])")
"""For how long it runs, as PostgreSQL writes an interval."""
_SCANNED = late(r"\bheap_blks_scanned[\"']?\s{0,20}[|=:]\s{0,9}[\"']?(\d{1,12})\b")
_COLUMN = "heap_blks_scanned"
STILL = timedelta(minutes=20)
"""A watch looks every quarter of an hour, mostly."""
LONGEST_S = 365 * 24 * 3600.0
SAME = timedelta(minutes=5)
"""By so much may differ what two say of when one session began."""


class _Vacuum(NamedTuple):
    """A vacuum against wraparound: when it was seen last, when it began, on which table, the line that lists it."""

    seen: datetime
    began: datetime
    table: str
    line: str


def freezes(view: View, alert: Alert, ref: str) -> Evidence | None:
    """Return that the oldest transaction of a database is its own vacuum against wraparound, and that it gets on.

    Figures and a listing have to agree on when it began; nobody waits for a lock, and nobody is refused a number. Who
    ends it throws away what it has done, and it begins anew.
    """
    if not any(each.ref == ref for each in of_role(view.workloads, "database")):
        return None
    if not _OF_LONG.search(alert.said) or _OF_ELSE.search(alert.said) or _in_the_way(view):
        return None
    ages = [
        view.figures.now("db_transaction_age", component=each) for each in labels_of(view, ref, "db_transaction_age")
    ]
    known = [view.now - timedelta(seconds=min(age, LONGEST_S)) for age in ages if age]
    for found in _listed(view):
        oldest = bool(known) and abs(min(known) - found.began) <= SAME
        before, now = _scanned(view, found.table)
        if oldest and view.recent(found.seen, STILL) and now > before:
            told = f"{found.table} since {found.began:%Y-%m-%d %H:%M} UTC; it had read {before} blocks, now {now}"
            return Evidence(
                "logs", ref, f"{alert.name} fires; it is the vacuum against wraparound of {told}", found.began
            )
    return None


def _in_the_way(view: View) -> bool:
    """Tell whether somebody waits for a lock, or the numbers run out already."""
    if any(hit.trouble in ("lock_wait", "database_writes_refused") for hit in view.hits):
        return True
    return any(each.locked_out for database in view.snapshot.databases for each in database.sessions)


@once_a_view
def _listed(view: View) -> list[_Vacuum]:
    """Return the vacuums against wraparound that logs list, with how long each ran, the newest first."""
    found = []
    for log in view.snapshot.logs:
        if not any("to prevent wraparound)" in line for line in log.lines):
            continue
        for line, at in zip(log.lines, times_near(log.lines), strict=True):
            named = _VACUUM.search(line)
            ran = _interval(line[named.end() :]) if named else None
            if named and ran and at:
                found.append(_Vacuum(at, at - ran, named["table"], line))
    return sorted(found, key=lambda each: each.seen, reverse=True)


def _interval(said: str) -> timedelta | None:
    found: re.Match[str] | None = _RUNNING.search(said)
    if found is None:
        return None
    days, hours = int(found["days"] or 0), int(found["h"])
    return timedelta(days=days, hours=hours, minutes=int(found["m"]), seconds=int(found["s"]))


def _scanned(view: View, table: str) -> tuple[int, int]:
    """Return how many blocks of a table were read, as logs told first and last; twice the same: unknown, or none."""
    bare = table.replace('"', "").rpartition(".")[2]
    told = sorted(each for log in view.snapshot.logs for each in _counts(log.lines, bare))
    return (told[0][1], told[-1][1]) if told else (0, 0)


def _counts(lines: Sequence[str], table: str) -> Iterator[tuple[datetime, int]]:
    """Yield when a listing told how many blocks of a table were read: in a column of that name, or right beside it."""
    if not any(_COLUMN in line for line in lines):
        return
    mine = re.compile(rf"(?<!\w){re.escape(table)}(?!\w)")
    column, near = -1, False
    for line, at in zip(lines, times_near(lines), strict=True):
        cells = [each.strip() for each in line.split("|")]
        if len(cells) > 2 and _COLUMN in cells:
            column = cells.index(_COLUMN)
            continue
        here = mine.search(line) is not None
        beside: re.Match[str] | None = _SCANNED.search(line) if here or near else None
        number = beside[1] if beside else cells[column] if here and 0 < column < len(cells) else ""
        near = here or (near and bool(line.strip()))
        if number.isdigit() and at:
            yield at, int(number)
