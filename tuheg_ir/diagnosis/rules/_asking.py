"""Whose long statements keep a database busy: those that run since it is, while nobody else asks for more."""

from __future__ import annotations

from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence, Session
from tuheg_ir.diagnosis.rules._sessions import clients
from tuheg_ir.diagnosis.rules._users import MORE
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LONG = timedelta(minutes=5)
"""No statement that a user waits for runs so long, however busy its database is."""
BEFORE, AFTER = timedelta(minutes=5), timedelta(minutes=2)
"""So long before its database is busy, or after by the samples, a statement begins that makes it so."""


def asker(view: View, store: Workload, busy: datetime | None) -> tuple[str, Evidence] | None:
    """Return the one client, itself not ill, whose statements run since a database has no processor left.

    None where users ask for more as well, or where statements of several clients began then: they may all just wait.
    """
    if busy is None or any((traffic_growth(view, ref) or 1.0) >= MORE for ref in clients(view, store.ref)):
        return None
    found = [
        session
        for database in view.databases
        for session in (database.sessions if database.ref == store.ref else ())
        if _runs_since(view, session, busy)
    ]
    owners = {session.owner for session in found}
    ref = next(iter(owners)) if len(owners) == 1 else ""
    if ref not in view.workloads or ref == store.ref or any(troubles(view, ref)):
        return None
    most = max(found, key=lambda session: session.count)
    minutes = max(session.age_s for session in found) / 60
    fact = f"{sum(s.count for s in found)} statements of {ref} run for {minutes:.0f} minutes: {most.query[:120]}"
    return ref, Evidence("database", store.ref, fact, view.now - timedelta(minutes=minutes))


def _runs_since(view: View, session: Session, busy: datetime) -> bool:
    """Tell whether a statement works, waits for no lock, and began in the minutes in which the database became busy."""
    if session.state != "active" or session.locked_out or session.age_s < LONG.total_seconds():
        return False
    began = view.now - timedelta(seconds=session.age_s)
    return -AFTER <= busy - began <= BEFORE
