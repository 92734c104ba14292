"""A pooler whose clients queue for its sessions since there is more to do, each of them as quick as before."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from statistics import median

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rules._pools_apart import kept_apart
from tuheg_ir.diagnosis.rules._sessions import FEW, clients, figure, refusals
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_STATS = late(
    r"\bstats: (?P<rate>\d+) (?:xacts|req)/s\b.{0,200}?\bxact (?P<xact>\d+) us(?:, query (?P<query>\d+) us)?\b"
    r".{0,80}?\bwait (?P<wait>\d+) us\b",
    re.IGNORECASE,
)
"""What PgBouncer tells of itself each minute: transactions a second, how long one lasts and waits, on average.

Beside that, how long one of its statements takes.
"""
SIZE = late(
    r"(?P<what>(?:(?:default|reserve)[_-]?(?:pool[_-]?)?|(?<!min_)(?<!min-)pool[_-]?)size"
    r"|max[_-]?(?:db|user|server)[_-]?conn(?:ection)?s?|num[_-]init[_-]children)\b[^\w\n]{0,6}(?P<many>\d+)",
    re.IGNORECASE,
)
"""Settings of how many sessions a pooler may open; not how many clients it lets in, nor how many it keeps at least."""
_AS = late(
    r"://(?:(?P<user>[^:@/\s]{1,80})(?::[^@/\s]{0,200})?@)?(?P<host>[\w.-]{1,253})(?::\d{2,5})?/(?P<base>[\w-]{1,80})"
)
"""As whom a client comes to which database, in an address."""
QUEUE_US = 500_000
"""Who waits so long for a session, on average, stands in a queue."""
SHORT_US, TIMES = 100_000, 2.0
"""Some wait for so long where most do not, if all wait for that many times as long as they then work, on average.

It is a queue where clients are counted in it, or given up on.
"""
LITTLE = 0.1
"""Share of that which was waited before, at most."""
MORE = 1.5
"""So many times as many transactions are done as before: nobody sits on the sessions."""
FURTHER = 1.1
"""Where it became so by and by it does, since the queue, so many times as many as just before it at least."""
SLOWER = 1.3
"""Sessions that are taken for longer than this before are held by something else than more demand."""
ENOUGH = 3
"""So many minutes have to tell of before, and of since."""
FRESH = timedelta(minutes=5)
BUSY = 0.7
"""A database that is busier than this, or fuller, gains nothing by more sessions."""


class Minute(NamedTuple):
    """One line of a pooler about itself."""

    at: datetime
    rate: float
    xact: float
    wait: float
    query: float


class Outrun(NamedTuple):
    """Since when the clients of a pooler queue for more demand, what shows it, and that the database has room."""

    since: datetime
    evidence: tuple[Evidence, ...]
    room: tuple[Evidence, ...]


@once
def outrun(view: View, pooler: Workload) -> Outrun | None:
    """Return that a pooler's sessions no longer suffice for what is asked of it; None if something else takes them.

    Each of its logs that tells anything has to tell the same.
    """
    told = [minutes for log in view.logs_of(pooler.live, previous=False) if (minutes := minutes_told(log))]
    turns = [_turn(minutes, view.now, queued=_queued(view, pooler)) for minutes in told]
    since = oldest(turn[1][0].at for turn in turns if turn)
    if not turns or since is None or not all(turns):
        return None
    # Who has a pool apart does not compete for these sessions, where it is known how pools are set up.
    spared = kept_apart(view, pooler) if may_open(view, pooler) else frozenset[str]()
    if otherwise(view, pooler, since, spared):
        return None
    before, after = next(turn for turn in turns if turn)
    fact = (
        f"clients wait {_of(after, 'wait') / 1e6:.1f} s for a session ({_of(before, 'wait') / 1e6:.2g} s before), "
        f"while {_of(after, 'rate'):.0f} transactions a second are done ({_of(before, 'rate'):.0f} before), "
        "each as quick as before"
    )
    if any(is_busy(view, each) for each in databases_behind(view, pooler)):
        return None
    return Outrun(since, (Evidence("logs", pooler.ref, fact, since),), room(view, pooler))


def minutes_told(log: Log) -> list[Minute]:
    found = ((stamp(line), match) for line in log.lines if (match := _STATS.search(line)))
    return [
        Minute(at, *(float(m[key] or 0) for key in ("rate", "xact", "wait", "query")))
        for at, m in found
        if at is not None
    ]


def _queued(view: View, pooler: Workload) -> bool:
    """Tell whether a pooler's clients are counted as they wait, or are told that they have waited for too long."""
    counts = (
        view.figures.now("pool_waiting", component=each) or 0
        for each in view.labelled("pool_waiting").get(pooler.ref, ())
    )
    told = {c.hit for c in refusals(view) if pooler.ref in (c.about, c.caller) and fresh(view, c.hit)}
    return sum(counts) >= FEW or sum(hit.count for hit in told) >= FEW


def _turn(minutes: Sequence[Minute], now: datetime, *, queued: bool) -> tuple[list[Minute], list[Minute]] | None:
    """Return the minutes before and since a queue that still stands; None if it is none, or the sessions are slower.

    ``queued``: others tell of a queue too.
    """
    least = SHORT_US if queued and all(map(_waits_long, minutes[-ENOUGH:])) else QUEUE_US
    at = next((n for n, each in enumerate(minutes) if each.wait >= least), 0)
    before, after = list(minutes[:at]), list(minutes[at:])
    if len(before) < ENOUGH or len(after) < ENOUGH or now - after[-1].at > FRESH:
        return None
    queue = all(each.wait >= least for each in after[-ENOUGH:])
    new = _of(before, "wait") <= LITTLE * least
    quick = 0 < _of(after, "xact") <= SLOWER * _of(before, "xact")
    return (before, after) if queue and new and quick and _does_more(before, after) else None


def _waits_long(minute: Minute) -> bool:
    """Tell whether transactions waited for far longer than they took, on average."""
    return minute.wait >= TIMES * minute.xact


def _does_more(before: Sequence[Minute], after: Sequence[Minute]) -> bool:
    """Tell whether far more is done than before a queue: than on average, or than at first, and more and more."""
    done, at_first, at_last = _of(after, "rate"), _of(before[:ENOUGH], "rate"), _of(before[-ENOUGH:], "rate")
    by_and_by = done >= MORE * max(1.0, at_first) and done >= FURTHER * at_last
    return by_and_by or done >= MORE * max(1.0, _of(before, "rate"))


def _of(minutes: Sequence[Minute], what: str) -> float:
    return float(median(getattr(each, what) for each in minutes))


def otherwise(view: View, pooler: Workload, since: datetime, spared: Collection[str] = ()) -> bool:
    """Tell whether fewer poolers share the same demand, or a release of a client may ask for more than before.

    ``spared``: clients of which it is known that they do not.
    """
    young = any(pod.created is None or pod.created > since for pod in pooler.live)
    fewer = pooler.ready < pooler.wanted or any(
        "Scaled down" in event.message for event in view.events_of(pooler.ref, "ScalingReplicaSet")
    )
    asking = (view.workloads[ref] for ref in clients(view, pooler.ref) if ref in view.workloads and ref not in spared)
    return young or fewer or any(since_release(each, since) for each in (pooler, *asking))


def databases_behind(view: View, pooler: Workload) -> list[Workload]:
    return [each for each in view.called(pooler.ref) if role(each) == "database"]


def is_busy(view: View, database: Workload) -> bool:
    shares = [view.figures.now("cpu_share", pod=pod.name) for pod in database.live]
    taken, most = figure(view, "db_connections", database.ref), figure(view, "db_max_connections", database.ref)
    full = taken is not None and most and taken >= BUSY * most
    return bool(full) or any(share is not None and share >= BUSY for share in shares)


def room(view: View, pooler: Workload) -> tuple[Evidence, ...]:
    """Return that each database behind a pooler has room for the sessions of another instance; () if one may not."""
    found = [tuple(_room(view, pooler, each)) for each in databases_behind(view, pooler)]
    known = all(found) and not leads_away(view, pooler)
    return tuple(evidence for each in found for evidence in each) if known else ()


def leads_away(view: View, workload: Workload, by: re.Pattern[str] | None = None) -> bool:
    """Tell whether a setting, of those ``by`` which one asks, names a host that is no workload here.

    Nobody sees how full a database there is.
    """
    said = ((key, value) for key, value in view.graph.settings(workload) if by is None or by.search(f"{key}={value}"))
    hosts = {host for key, value in said for host in hosts_in(key, value)}
    return any(view.graph.is_away(host) or (host in view.services and not view.graph.resolve(host)) for host in hosts)


def _room(view: View, pooler: Workload, database: Workload) -> Iterator[Evidence]:
    """Yield that a database has as many sessions again to give, and all that one more instance may open.

    Who opens sessions as they are asked for may have few of them now, and has all that it may in the next rush.
    """
    taken, most = figure(view, "db_connections", database.ref), figure(view, "db_max_connections", database.ref)
    each = may_open(view, pooler)
    if taken is not None and most and 2 * taken <= most and max(taken, each * len(pooler.live)) + each <= most:
        yield Evidence("metrics", database.ref, f"{taken:.0f} of {most:.0f} connections are taken")


def may_open(view: View, pooler: Workload) -> int:
    """Return how many sessions one instance of a pooler may open, as its settings tell; 0 if unknown.

    Each user of each database has a pool of its own, with what is kept in reserve; a limit of all sessions of a
    database caps them. That alone is told where no pool has a size: it is often set far beyond what is ever opened.
    """
    said = (f"{key}={value}" for key, value in view.graph.settings(pooler))
    told = [(match["what"].lower(), int(match["many"])) for each in said for match in SIZE.finditer(each)]
    found = [(what, many) for what, many in told if many]  # zero is no limit
    whole = [many for what, many in found if what.startswith("num")]
    if whole:
        return max(whole)  # so many clients are let in, of any kind
    sizes, spare, caps = (
        [many for what, many in found if what.startswith(begins)] for begins in (("default", "pool"), "reserve", "max")
    )
    each = max(sizes, default=0) + max(spare, default=0)
    if not each:
        return max(caps, default=0)
    pools, databases = _pools(view, pooler)
    capped = [many for what, many in found if what.startswith("max") and "db" in what]
    return min([each * pools, *([max(capped) * databases] if capped else [])])


def _pools(view: View, pooler: Workload) -> tuple[int, int]:
    """Return how many pools, of how many databases, the clients of a pooler have at least, as far as they tell."""
    told = {
        pool
        for client in (view.workloads[ref] for ref in clients(view, pooler.ref) if ref in view.workloads)
        for pool in pools_of(view, client, pooler)
    }
    users, bases = {pool for pool in told if pool[1]}, {base for base, _ in told}
    return max(1, len(users), len(bases)), max(1, len(bases))


def pools_of(view: View, client: Workload, pooler: Workload) -> set[tuple[str, str]]:
    """Return (database, user) of the pools of a pooler to which settings lead a client; user "" unknown."""
    return {
        (said["base"], said["user"] or "")
        for _, value in view.graph.settings(client)
        for said in _AS.finditer(value)
        if view.graph.resolve(said["host"]) == pooler.ref
    }
