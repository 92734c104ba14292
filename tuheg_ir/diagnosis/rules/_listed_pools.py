"""Who keeps the sessions of a pooler that has none left for others, by the list of its pools in its own log.

A pooler of PostgreSQL tells of each user how many sessions it has lent him, and how many of his clients wait for one.
Somebody writes that down now and then, next to the pooler. What the sessions do there the database counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rules._database_users import client_of_user
from tuheg_ir.diagnosis.rules._left_lying import LEAST, LONG
from tuheg_ir.diagnosis.rules._lent_on import Kept, behind_pooler
from tuheg_ir.diagnosis.rules._pools import kept_waiting
from tuheg_ir.diagnosis.rules._sessions import FULL, Full, clients, label_of, role_of, serves
from tuheg_ir.diagnosis.view.complaints import complaints
from tuheg_ir.diagnosis.view.logs import speaks_of, times_near
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

MOSTLY = 2 / 3
"""Who has so large a part of all that is lent leaves too little for others."""
NEARLY = 0.8
"""So many of his sessions have to idle in transactions: the same are counted at two places, minutes apart."""
AT_WORK = 0.25
"""Where more than this part of them is at work somewhere, he may only have much to do."""
BY_AND_BY = timedelta(minutes=10)
"""What takes sessions faster than this may be a rush, or all that hang on one answer."""
_STATES, _OPEN = "db_connections_by_state", "idle in transaction"
_AGES = "db_transaction_age_by_state"
_AGE = late(
    r"\b(?:oldest|longest|max)_(?:xact|tx|txn|transaction)(?:_age)?(?:_s|_seconds)?\"?\s{0,2}[=:]\s{0,2}\"?(\d{1,9})s?\b"
)
"""How such a script tells how old the oldest transaction of a pool is, in seconds."""
_FIELD = late(r"\b(user|database|db|cl_waiting|sv_active)\"?\s{0,2}[=:]\s{0,2}\"?([\w.-]{1,80})")
"""Columns of PgBouncer's `SHOW POOLS`, as a script or an agent writes them down."""

Pool = tuple[str, str]
"""A database, and the user who comes to it."""


class _Row(NamedTuple):
    """What a list tells of one pool: how many sessions are lent, how many clients wait, the age of a transaction."""

    pool: Pool
    lent: int
    waiting: int
    age_s: int


class _Listing(NamedTuple):
    """One list of pools, and when it was written."""

    at: datetime
    rows: tuple[_Row, ...]


class _Greedy(NamedTuple):
    """The user who has most of what is lent, how many sessions, since when, and how old a transaction of his is."""

    user: str
    users: frozenset[str]
    lent: int
    since: datetime
    age_s: int


def lent_by_list(view: View, each: Full) -> Iterator[Kept]:
    """Yield who has had nearly all sessions of a full pooler for long, in transactions in which nothing is done.

    Nobody of his waits, others do. Not who waits within them for a lock, for another service, or for a processor.
    """
    pooler = view.workloads.get(each.ref)
    if pooler is None or role_of(view, each.ref) != "pooler" or complaints(view, "lock_wait"):
        return
    greedy, database = _greedy(view, pooler, each.usable), behind_pooler(view, pooler)
    if greedy is None or database is None:
        return
    known = [view.workloads[ref] for ref in clients(view, pooler.ref)]
    ref = client_of_user(view, pooler.ref, known, greedy.user, greedy.users)
    began = _filled_by_and_by(view, database, greedy) if serves(view, ref) and not role_of(view, ref) else None
    if began is None or kept_waiting(view, view.workloads[ref], began):
        return
    fact = f"{greedy.user} has {greedy.lent} of its sessions and waits for none, as others do; "
    fact += f"as many idle in transactions at {database.name}"
    yield Kept(view.workloads[ref], database.ref, Evidence("logs", pooler.ref, fact, began), began)


def _greedy(view: View, pooler: Workload, most: int) -> _Greedy | None:
    """Return the one user who has most of what all pods of a pooler lend of a database for long, while others wait.

    Each pod has lent all that it may, whoever asks: ``most``. Where each user has room of his own nobody takes others'.
    """
    logs = [log for log in view.logs_of(pooler.live, previous=False) if speaks_of(log, ("sv_active",))]
    told = [listings for log in logs if (listings := list(_listings(log)))]
    if not told or not most or not all(view.recent(listings[-1].at, LONG) for listings in told):
        return None
    lent, waiting = Counter[Pool](), Counter[Pool]()
    for row in (row for listings in told for row in listings[-1].rows):
        lent[row.pool] += row.lent
        waiting[row.pool] += row.waiting
    (base, user), count = max(lent.items(), key=lambda one: one[1])
    all_lent = [sum(row.lent for row in listings[-1].rows if row.pool[0] == base) for listings in told]
    if count < max(LEAST, MOSTLY * sum(all_lent)) or min(all_lent) < FULL * most:
        return None
    if waiting[base, user] or not any(waiting[pool] for pool in waiting if pool[0] == base):
        return None
    firsts = [_has_kept(listings, (base, user)) for listings in told]
    known = [at for at in firsts if at is not None]
    age = max(row.age_s for listings in told for row in listings[-1].rows if row.pool == (base, user))
    users = frozenset(each for _, each in lent)
    return _Greedy(user, users, count, max(known), age) if len(known) == len(firsts) else None


def _has_kept(listings: Sequence[_Listing], pool: Pool) -> datetime | None:
    """Return since when a pool has had hardly fewer sessions in any list than in the last, for long enough."""
    now = _lent(listings[-1], pool)
    since = None
    for each in reversed(listings):
        if _lent(each, pool) < NEARLY * now:
            break
        since = each.at
    return since if since is not None and listings[-1].at - since >= BY_AND_BY else None


def _lent(listing: _Listing, pool: Pool) -> int:
    return sum(row.lent for row in listing.rows if row.pool == pool)


def _filled_by_and_by(view: View, database: Workload, greedy: _Greedy) -> datetime | None:
    """Return since when most of as many sessions idle in transactions, if they became so by and by, and stay so."""
    label = label_of(view, _STATES, database.ref)
    series = view.figures.series(_STATES, component=label, state=_OPEN) if label else ()
    if len(series) != 1 or not series[0].points:
        return None
    working = view.figures.now(_STATES, component=label, state="active")
    since = [count for at, count in series[0].points if at >= greedy.since.timestamp()]
    aged = label_of(view, _AGES, database.ref)
    age = max(greedy.age_s, view.figures.now(_AGES, component=aged, state=_OPEN) or 0) if aged else greedy.age_s
    if age < LONG.total_seconds():
        return None  # they may all wait for somebody, and end
    if not since or min(since) < NEARLY * greedy.lent or working is None or working > AT_WORK * greedy.lent:
        return None
    full = view.figures.crossed(_STATES, NEARLY * greedy.lent, component=label, state=_OPEN)
    half = view.figures.crossed(_STATES, greedy.lent / 2, component=label, state=_OPEN)
    half = half or datetime.fromtimestamp(series[0].points[0][0], view.now.tzinfo)
    return half if full is not None and full - half >= BY_AND_BY else None


def _listings(log: Log) -> Iterator[_Listing]:
    """Yield the lists of pools in a log: one ends where a pool is told of again."""
    rows: dict[Pool, _Row] = {}
    began: datetime | None = None
    for row, at in _rows(log):
        if row.pool in rows and began is not None:
            yield _Listing(began, tuple(rows.values()))
            rows, began = {}, None
        rows[row.pool] = row
        began = began or at
    if rows and began is not None:
        yield _Listing(began, tuple(rows.values()))


def _rows(log: Log) -> Iterator[tuple[_Row, datetime | None]]:
    columns: list[str] = []
    for line, at in zip(log.lines, times_near(log.lines), strict=True):
        if "|" in line:
            cells = [cell.strip() for cell in line.split("|")]
            if "sv_active" in cells:
                columns = cells
                continue
            told: Mapping[str, str] = dict(zip(columns, cells, strict=True)) if len(cells) == len(columns) else {}
        else:
            told = dict(_FIELD.findall(line)) if "sv_active" in line else {}
        lent, waiting = told.get("sv_active", ""), told.get("cl_waiting", "")
        if lent.isdecimal() and waiting.isdecimal() and told.get("user"):
            base = told.get("database") or told.get("db", "")
            age = _AGE.search(line)
            yield _Row((base, told["user"]), int(lent), int(waiting), int(age[1]) if age else 0), at
