"""A run that keeps one transaction open, while copies of its database look up the parents of sub-transactions.

A copy keeps few pages of them. While a transaction with savepoints is open on the primary for long, each statement
looks up what has left them, and all wait for one lock. Nothing waits for a row, and the primary is well.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._busy_with_runs import going_on
from tuheg_ir.diagnosis.rules._figures import rise
from tuheg_ir.diagnosis.rules._sessions import figure
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload
from tuheg_ir.named import NamedTuple

_WAITS = "db_waits_for_subtransactions"
MANY = 10.0
"""Fewer that wait come and go on any busy copy."""
SOON = timedelta(minutes=2)
"""So soon after its start a run that keeps one transaction opens it; its image may have to come first."""
CLOCKS = timedelta(seconds=60)
"""Clocks differ, and figures are read every so often."""


class Kept(NamedTuple):
    """A run that opened the oldest transaction of a database, when; what shows it, and who suffers since when."""

    holder: Workload
    database: Workload
    since: datetime
    shown: tuple[Evidence, ...]
    felt: tuple[tuple[Evidence, datetime], ...]


def kept_by_run(view: View, long: timedelta) -> Iterator[Kept]:
    """Yield the one run that began with the oldest transaction, where waits for sub-transactions rose since it is open.

    ``long``: how long a transaction has to be open.
    """
    databases = of_role(view.workloads, "database")
    for database in databases:
        age = figure(view, "db_transaction_age", database.ref)
        waits = _waits(view, database)
        if age is None or age < long.total_seconds() or waits is None or waits.time is None:
            continue
        since = view.now - timedelta(seconds=age)
        clients = [each for each in view.workloads.values() if _asks(view, each, database, alone=len(databases) == 1)]
        holders = [each for each in clients if each.kind in BATCH and _began_with(each, since)]
        if len(holders) != 1 or waits.time <= since:
            continue
        felt = tuple(
            (seen, began)
            for client in clients
            for seen, began in troubles(view, client.ref)
            if began is not None and began > since
        )
        fact = f"a transaction is open for {age / 60:.0f} minutes, since {holders[0].ref} began"
        if felt:
            yield Kept(holders[0], database, since, (waits, Evidence("metrics", database.ref, fact, since)), felt)


def _waits(view: View, database: Workload) -> Evidence | None:
    """Return that many sessions of a database wait for sub-transactions, and since when; None if as many ever did."""
    for series in view.figures.series(_WAITS):
        label = series.labels.get("component", "")
        turn = rise(view, series, _WAITS, 3.0, MANY) if (view.component(label) or label) == database.ref else None
        if turn is not None:
            fact = f"{turn.now:.0f} sessions wait to look up sub-transactions, before {turn.before:.0f}"
            return Evidence("metrics", database.ref, fact, turn.since)
    return None


def _began_with(run: Workload, since: datetime) -> bool:
    """Tell whether a run that goes on began when a transaction was opened, or just before."""
    began = oldest(pod.created for pod in going_on(run))
    return began is not None and began - CLOCKS <= since <= began + SOON + CLOCKS


def _asks(view: View, client: Workload, database: Workload, *, alone: bool) -> bool:
    """Tell whether somebody asks a database; a pooler whose settings nobody sees leads to the only one."""
    needed = view.graph.needs(client.ref)
    poolers = {each.ref for each in of_role(view.workloads, "pooler")}
    return database.ref in needed or (alone and bool(needed & poolers))
