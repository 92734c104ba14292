"""A transaction that was left open for very long keeps all rows that died since: reads of a busy table crawl."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Session
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._figures import felt
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._holders import forgotten
from tuheg_ir.diagnosis.rules._sessions import clients, figure, label_of, serves
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_KEPT = late(
    r"(\d+) (?:are )?dead (?:but not yet removable|row versions cannot be removed yet)|History list length:? (\d+)"
)
"""How PostgreSQL and InnoDB tell how many old rows somebody may still want to see."""
_COPIES = late(r"START_REPLICATION|autovacuum:")
"""Sessions that last for days and hold nobody up."""
MANY = 100_000
"""Fewer dead rows than this are those of any busy minute."""
LONG = timedelta(hours=1)
"""No work of users leaves a transaction open for so long."""


def when(view: View) -> Iterator[Match]:
    """A database may not remove many dead rows, a transaction is very old, and statements are slow."""
    for database in of_role(view.workloads, "database"):
        kept = tuple(_kept(view, database))
        shown = tuple(_slow(view, database.ref)) if kept else ()
        oldest = _oldest(view, database.ref)
        aged = _aged(view, database.ref)
        if not shown or not (oldest or aged):
            continue
        holder = oldest.owner if oldest and oldest.owner in view.workloads else ""
        own = oldest is not None and _in_use(view, holder) and forgotten(oldest)
        others = tuple(ref for ref in clients(view, database.ref) if ref != holder)
        yield Match(
            component=holder or database.ref,
            evidence=(*kept, *(_told(database.ref, s) for s in [oldest] if s), *aged, *shown),
            certainty=0.75 if oldest else 0.6,
            remedy="restart_connection_pool" if own else "page_human",
            since=min((e.time for e in shown if e.time), default=None),
            explains=tuple(ref for ref in behind(view, database.ref, holder) if ref != (holder or database.ref)),
            excludes=(
                *not_for(
                    others, "another client's transaction keeps the dead rows: more or newer clients read them too"
                ),
                *not_for((holder,) if holder else (), "it is what it left open, not what runs", ("rollback_workload",)),
                *not_for(
                    (database.ref,),
                    "to end the one old transaction is enough; a restart ends everybody's work",
                    ("restart_workload", "scale_workload", "scale_database"),
                ),
            ),
        )


def _kept(view: View, database: Workload) -> Iterator[Evidence]:
    """Yield the newest line by which a database tells of many dead rows that it may not remove."""
    for log in view.logs_of(database.pods):
        found = ((line, _KEPT.search(line)) for line in reversed(log.lines))
        if line := next((line for line, kept in found if kept and int(kept[1] or kept[2]) >= MANY), ""):
            yield Evidence("logs", f"Pod/{log.pod}", line.strip())


def _slow(view: View, ref: str) -> Iterator[Evidence]:
    """Yield who suffers from it: slow statements, or what users of the database's clients feel."""
    yield from (view.hit_evidence(hit) for hit in view.hits_of(ref, "slow_statement")[:1] if hit.count >= OFTEN)
    for caller in behind(view, ref):
        yield from felt(view, caller)


def _oldest(view: View, ref: str) -> Session | None:
    """Return the session whose transaction is much older than those of all other clients."""
    sessions = [s for d in view.databases if d.ref == ref for s in d.sessions]
    opened = sorted((s for s in sessions if s.state != "idle" and not _COPIES.search(s.query)), key=lambda s: -s.age_s)
    if not opened or opened[0].age_s < LONG.total_seconds():
        return None
    others = [s.age_s for s in opened if (s.owner, s.client) != (opened[0].owner, opened[0].client)]
    return opened[0] if max(others, default=0.0) < opened[0].age_s / 2 else None


def _aged(view: View, ref: str) -> tuple[Evidence, ...]:
    age = figure(view, "db_transaction_age", ref)
    if age is None or age < LONG.total_seconds():
        return ()
    began = view.figures.crossed(
        "db_transaction_age", LONG.total_seconds(), component=label_of(view, "db_transaction_age", ref)
    )
    return (Evidence("metrics", ref, f"the oldest transaction is open for {age / 3600:.1f} h", began),)


def _in_use(view: View, ref: str) -> bool:
    """Tell whether others use a workload; whoever works in a notebook or console has to be asked first."""
    mine = {service.name for service in view.leading_to(ref)}
    return serves(view, ref) and bool(view.graph.callers(ref) or any(r.service in mine for r in view.routes))


def _told(ref: str, session: Session) -> Evidence:
    who = session.owner or session.application or session.user or session.client
    return Evidence(
        "database", ref, f"{who} is {session.state} for {session.age_s / 3600:.1f} h: {session.query[:120]}"
    )


RULE = Rule(
    name="dead_rows_kept",
    title="A transaction left open for hours keeps dead rows, and statements crawl over them",
    root_cause="database_connection",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no database tells of many dead rows that a very old transaction keeps",
)
