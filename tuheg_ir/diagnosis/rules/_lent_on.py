"""Who keeps the sessions of a pooler that has none left for others: the database behind it counts whose they are.

A pooler lends a session for a transaction, and has it back when that ends. It does not tell whom it lends them to; the
database does, which has room for more all the while.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._holders import Holder, holders, measured_holders
from tuheg_ir.diagnosis.rules._left_lying import LONG, leaks
from tuheg_ir.diagnosis.rules._poolers import databases_behind, may_open, pools_of
from tuheg_ir.diagnosis.rules._pools import kept_waiting
from tuheg_ir.diagnosis.rules._sessions import Full, figure, role_of
from tuheg_ir.diagnosis.view.complaints import complaints
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload
from tuheg_ir.named import NamedTuple


class Kept(NamedTuple):
    """A program that leaves transactions open on a pooler's sessions: at which database, what shows it, since when."""

    workload: Workload
    database: str
    shown: Evidence
    began: datetime


class _Pools(NamedTuple):
    """As which users a client comes to which databases; none that is not known."""

    users: set[str]
    bases: set[str]


def lent_on(view: View, each: Full) -> Iterator[Kept]:
    """Yield who sits on the sessions of a full pooler, in transactions to which nobody comes back.

    Not who waits within them: for a lock, for another service, or for a processor.
    """
    pooler = view.workloads.get(each.ref)
    if pooler is None or role_of(view, each.ref) != "pooler" or complaints(view, "lock_wait"):
        return
    most = int(figure(view, "db_connections", each.ref) or 0) or may_open(view, pooler) * len(pooler.live)
    database = behind_pooler(view, pooler)
    if database is None or not most:
        return
    listed = next((d for d in view.databases if d.ref == database.ref), None)
    source = "database" if listed else "metrics"
    known = holders(listed) if listed else measured_holders(view, database.ref)
    for holder in known:
        client = view.workloads.get(holder.ref)
        if client is None or client.kind in (*BATCH, "Pod") or role_of(view, holder.ref):
            continue
        if not leaks(holder, most) or holder.oldest_s < LONG.total_seconds():
            continue
        if not _comes_through(view, holder, known, pooler, database, most):
            continue
        if not _in_one_pool(view, holder, known, pooler, {c.caller for c in each.refused}):
            continue
        began = view.now - timedelta(seconds=holder.oldest_s)
        if not kept_waiting(view, client, began):
            fact = f"{holder.name} leaves {holder.forgotten} sessions idle in transactions, the oldest for "
            fact += f"{holder.oldest_s / 60:.0f} min; {pooler.name} has {most} to lend"
            yield Kept(client, database.ref, Evidence(source, database.ref, fact, began), began)


def behind_pooler(view: View, pooler: Workload) -> Workload | None:
    """Return the one database that a pooler leads to: the only one there is, where its settings do not tell."""
    found = databases_behind(view, pooler) or list(of_role(view.workloads, "database"))
    return found[0] if len(found) == 1 else None


def _comes_through(
    view: View, holder: Holder, known: tuple[Holder, ...], pooler: Workload, database: Workload, most: int
) -> bool:
    """Tell whether the sessions of a client are those of a pooler: who comes to the database past it takes none.

    Its settings tell, or what is counted: all others together have too few sessions to be all that the pooler has lent.
    """
    said = view.graph.settings(view.workloads[holder.ref])
    led = {view.graph.resolve(host) for key, value in said for host in hosts_in(key, value)}
    if any(role_of(view, ref) == "pooler" for ref in led - {pooler.ref}):
        return False  # another one lends it what it keeps
    if (pooler.ref in led) is not (database.ref in led):
        return pooler.ref in led
    counted = int(figure(view, "db_connections", database.ref) or 0)
    others = max(counted, sum(each.count for each in known)) - holder.count
    return 2 * (most - others) >= holder.forgotten


def _in_one_pool(
    view: View, holder: Holder, known: tuple[Holder, ...], pooler: Workload, waiting: Collection[str]
) -> bool:
    """Tell whether who waits and who leaves transactions open may share a pool, which each user of each base has.

    As whom they come is told by the database of their sessions, or by their settings. True where nobody tells it.
    """
    others = {ref: view.workloads[ref] for ref in waiting if ref in view.workloads and ref != holder.ref}
    if not others:
        return True
    mine = _as_whom(view, view.workloads[holder.ref], known, pooler)
    theirs = [_as_whom(view, each, known, pooler) for each in others.values()]
    return any(_alike(mine.users, each.users) and _alike(mine.bases, each.bases) for each in theirs)


def _as_whom(view: View, client: Workload, known: tuple[Holder, ...], pooler: Workload) -> _Pools:
    pools = pools_of(view, client, pooler)
    told = {s.user for each in known if each.ref == client.ref for s in each.sessions if s.user}
    return _Pools(told or {user for _, user in pools if user}, {base for base, _ in pools})


def _alike(one: set[str], other: set[str]) -> bool:
    return not one or not other or not one.isdisjoint(other)
