"""One transaction is open for as long as it takes to hurt others, and whoever holds it is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Database, Evidence, Session
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import not_for
from tuheg_ir.diagnosis.rules._subtransactions import kept_by_run
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LONG = timedelta(minutes=20)
TIMES = 10
"""So many times as old as the next oldest, a transaction stands out."""


def when(view: View) -> Iterator[Match]:
    """Users of a database's other clients suffer since a transaction is open that is much older than all others."""
    databases = {database.ref for database in view.snapshot.databases}
    for database in view.snapshot.databases:
        held = _held(database)
        owner = view.workloads.get(held.owner or view.component(held.client)) if held else None
        if held is None or owner is None or owner.ref == database.ref:
            continue
        since = view.now - timedelta(seconds=held.age_s)
        felt = [
            (seen, began)
            for client in view.serving
            if client is not owner and view.graph.needs(client.ref) & databases
            for seen, began in troubles(view, client.ref)
            if began is not None and began > since
        ]
        if felt:
            open_for = f"{held.state} for {held.age_s / 60:.0f} minutes"
            fact = f"{open_for}, opened by {owner.ref}; the next oldest is much younger"
            yield _match(owner, (Evidence("database", database.ref, fact, since),), felt)
    for kept in kept_by_run(view, LONG):
        yield _match(kept.holder, kept.shown, kept.felt, kept.database.ref)


def _held(database: Database) -> Session | None:
    """Return the session whose transaction is much older than any other one."""
    aged = sorted((s for s in database.sessions if s.state != "idle"), key=lambda s: -s.age_s)
    if not aged or aged[0].age_s < LONG.total_seconds():
        return None
    return aged[0] if len(aged) == 1 or aged[0].age_s >= TIMES * aged[1].age_s else None


def _match(
    owner: Workload, shown: Sequence[Evidence], felt: Sequence[tuple[Evidence, datetime]], *databases: str
) -> Match:
    """Return who holds a transaction open; ``databases``: those that only wait by it, where they are known to."""
    sufferers = tuple(sorted({*(seen.object for seen, _ in felt), *databases} - {owner.ref}))
    return Match(
        component=owner.ref,
        evidence=(*shown, *(seen for seen, _ in felt[:2])),
        certainty=0.6 if databases else 0.5,
        since=oldest(began for _, began in felt),
        explains=sufferers,
        excludes=not_for(sufferers, f"what hurts is the transaction that {owner.ref} holds open"),
    )


RULE = Rule(
    name="transaction_open_for_long",
    title="A transaction is open for long, and others suffer since",
    root_cause="database_connection",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not="no transaction is much older than all others while clients of the database suffer",
)
