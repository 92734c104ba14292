"""A release of one client keeps the database busy with slow statements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Database, Evidence, Session
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._figures import busy_pods
from tuheg_ir.diagnosis.rules._filled_less import stands_in
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._in_between import PROVEN
from tuheg_ir.diagnosis.rules._own_words import slow_before
from tuheg_ir.diagnosis.rules._senders import sends
from tuheg_ir.diagnosis.rules._served_well import served_well
from tuheg_ir.diagnosis.rules._sessions import clients
from tuheg_ir.diagnosis.rules._whole_reads import SOON as REACH
from tuheg_ir.diagnosis.rules._whole_reads import whole_reads
from tuheg_ir.diagnosis.rules.index_dropped import TIMES
from tuheg_ir.diagnosis.view.logs import tells
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.statements import statements, statements_by_log
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

SLOW_S = 3.0
"""A statement of a service that runs longer than this is slow."""
BUSY = 0.85
SOON = timedelta(minutes=45)
_TIMED = "duration: "
"""A log tells how long a statement took that took longer than its owners care for."""


def when(view: View) -> Iterator[Match]:
    """The database is busy since a release of one of its clients, or its log tells that this one reads whole tables."""
    for server in of_role(view.workloads, "search"):
        yield from _told_by_log(view, server)
    for server in of_role(view.workloads, "database"):
        known = next((d for d in view.databases if d.ref == server.ref), None)
        slow = _slow(known) if known else ()
        busy = tuple(busy_pods(view, server, BUSY))
        lines = tuple(h for h in view.hits_of(server.ref, "slow_statement") if view.recent(h.last) or h.last is None)
        told = () if slow else tuple(_told_by_log(view, server))
        if told or (not slow and not (busy and lines)):
            yield from told
            continue
        began = min((e.time for e in busy if e.time), default=None) or min(
            (h.first for h in lines if h.first), default=None
        )
        blamed = _blamed(view, server, slow, began)
        if blamed is None:
            continue
        evidence = (
            *(Evidence("objects", blamed.ref, c.told(), blamed.released_at) for c in blamed.changes[:2]),
            *(Evidence("database", server.ref, _told(s)) for s in slow[:2]),
            *busy,
            *(view.hit_evidence(h) for h in lines[:2]),
        )
        yield _match(view, server, blamed, evidence, began or blamed.released_at)


def _told_by_log(view: View, server: Workload) -> Iterator[Match]:
    """Yield the client of which the log of a store tells that it reads whole tables since its release."""
    if (found := whole_reads(view, server)) is not None:
        client, first, last = found.client, found.told[0], found.told[-1]
        fact = f"{len(found.told)} statements read whole tables since: {last.text[:240]}"
        changes = (Evidence("objects", client.ref, c.told(), client.released_at) for c in client.changes[:2])
        yield _match(
            view, server, client, (*changes, Evidence("logs", server.ref, fact, first.at), *found.felt[:2]), first.at
        )


def _match(
    view: View, server: Workload, blamed: Workload, evidence: tuple[Evidence, ...], since: datetime | None
) -> Match:
    return Match(
        component=blamed.ref,
        evidence=evidence,
        certainty=0.65,
        root_cause="code_defect" if blamed.changed("image") else "configuration_error",
        since=since,
        explains=behind(view, server.ref, but=blamed.ref),
        excludes=not_for(
            (blamed.ref,), "the same statements would be sent again, by more instances even more", ("scale_workload",)
        ),
    )


def _slow(database: Database) -> tuple[Session, ...]:
    found = [s for s in database.sessions if s.state == "active" and s.age_s >= SLOW_S and not s.locked_out]
    found = [s for s in found if s.count >= 2]
    return tuple(sorted(found, key=lambda s: -s.count))


def _blamed(view: View, server: Workload, slow: tuple[Session, ...], began: datetime | None) -> Workload | None:
    """Return the one client that was released shortly before and, if that is known, sends the slow statements.

    Where several were released, the log of the database may tell which one sends them, or sent them before the others
    were released, and where most are others' it is none. Where nobody sees who sends them, a release that had served
    well for minutes is not blamed: its data or its database may have changed since. Nor is one before which the
    database told of slow statements already, nor any where the database stands in for a cache that another one fills
    no more.
    """
    senders = {s.owner for s in slow if s.owner}
    found = [
        w
        for ref in (senders or clients(view, server.ref))
        if (w := view.workloads.get(ref)) and w.changes and w.released_at is not None
        if timedelta(minutes=-2) <= (began or view.now) - w.released_at <= SOON
    ]
    if len(found) > 1:
        if first := _slow_first(view, server, found):
            return first
        found = [w for w in found if _sends_most(view, server, w)]
    if not senders:
        found = [w for w in found if not served_well(view, w, began) and not _sent_by_others(view, server, w)]
        found = [w for w in found if not slow_before(view, w)]
        found = [] if found and stands_in(view, server) else found
    return found[0] if len(found) == 1 else None


def _slow_first(view: View, server: Workload, released: Sequence[Workload]) -> Workload | None:
    """Return who alone sends statements worth a log's words since its release, before the others were; none before."""
    first, second, *_ = sorted(released, key=lambda w: w.released_at or view.now)
    at, then = first.released_at, second.released_at
    if at is None or then is None:
        return None
    logs = [log for log in statements_by_log(view, server) if log[0].at <= at - PROVEN]
    told = [each for log in logs for each in log if each.at < then and _TIMED in each.text]
    mine = [each.at for each in told if sends(view, each.text, first)]
    since = sum(each.at >= at for each in told)
    alone = bool(mine) and min(mine) >= at and 2 * len(mine) > since
    return first if alone and len(mine) >= OFTEN else None


def _sends_most(view: View, server: Workload, client: Workload) -> bool:
    """Tell whether most slow statements since a client's release are its own, and hardly any was before.

    How it was before, only a log can tell that reaches back so far; and of the time since, it counts no more than that.
    """
    at = client.released_at
    logs = [log for log in statements_by_log(view, server) if at is not None and log[0].at <= at - REACH]
    counted = (each for log in logs for each in log if at is not None and each.at - at <= at - log[0].at)
    told = [each for each in counted if tells("slow_statement", each.text)]
    mine = [each for each in told if sends(view, each.text, client)]
    since, new = ([each for each in found if at is not None and each.at >= at] for found in (told, mine))
    return len(new) >= max(OFTEN, TIMES * (len(mine) - len(new))) and 2 * len(new) > len(since)


def _sent_by_others(view: View, server: Workload, client: Workload) -> bool:
    """Tell whether the log of a database names others for most of the slow statements since a client's release."""
    at = client.released_at
    told = (each for each in statements(view, server) if at is not None and each.at >= at)
    new = [each for each in told if tells("slow_statement", each.text)]
    users = [w for ref in clients(view, server.ref) if ref != client.ref and (w := view.workloads.get(ref))]
    return 2 * sum(any(sends(view, each.text, w) for w in users) for each in new) > len(new)


def _told(session: Session) -> str:
    who = session.owner or session.application or session.user
    return f"{session.count} sessions of {who} run a statement for up to {session.age_s:.0f} s: {session.query[:120]}"


RULE = Rule(
    name="slow_queries_since_release",
    title="Since a release of one client the database is busy with slow statements",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no database is busy with slow statements of a client that was released shortly before",
)
