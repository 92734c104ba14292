"""Whose statements read whole tables since its release, as the database's own log tells by name or by address."""

from __future__ import annotations

from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._drops import DROPPED, by_runs
from tuheg_ir.diagnosis.rules._figures import felt
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._senders import sends
from tuheg_ir.diagnosis.rules._sessions import clients
from tuheg_ir.diagnosis.rules.index_dropped import MANY, STILL, TIMES
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.releases import BEFORE, releases
from tuheg_ir.diagnosis.view.statements import (
    Statement,
    reads_whole_tables,
    slow_statements,
    statements_by_log,
)
from tuheg_ir.diagnosis.view.stores import of_a_store
from tuheg_ir.diagnosis.view.trouble import OFTEN, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

FRESH = timedelta(hours=2)
FEW = 3
"""So many slow statements of a client that had none before show that it is held up."""
SOON = timedelta(minutes=15)
"""What a release asks in another way it asks soon."""


class WholeReads(NamedTuple):
    """A client whose release reads whole tables: which ones, and what its users feel of it."""

    client: Workload
    told: tuple[Statement, ...]
    felt: tuple[Evidence, ...]


def whole_reads(view: View, server: Workload) -> WholeReads | None:
    """Return the one client whose statements read whole tables since its release, and hardly anybody's did before.

    Its own users suffer by it, or those of others who share the server and are held up there. Where an index was
    dropped too, it is no release that made them do so.
    """
    logs = list(statements_by_log(view, server))
    dropped = any(DROPPED.search(each.text) for log in logs for each in log)
    by_log = [(log[0].at, told) for log in logs if (told := [s for s in log if reads_whole_tables(s.text)])]
    told = sorted((each for _, found in by_log for each in found), key=lambda each: each.at)
    # How it was before, only a log can tell that reaches back so far.
    reach = max((begins for begins, _ in by_log), default=None)
    users = (view.workloads[ref] for ref in clients(view, server.ref) if ref in view.workloads)
    found = [each for user in users if not dropped and (each := _of(view, server, user, told, reach)) is not None]
    return found[0] if len(found) == 1 and not _lost(view, server, found[0]) else None


def _lost(view: View, server: Workload, reads: WholeReads) -> bool:
    """Tell whether a run took an index away just before a client's statements began to read the whole of its table."""
    first = reads.told[0]
    return any(drop.meant(first.text) and drop.leads_to(first.at) for drop in by_runs(view, server))


def _of(
    view: View, server: Workload, user: Workload, told: list[Statement], reach: datetime | None
) -> WholeReads | None:
    at = user.released_at
    if at is None or not user.changes or not releases(view, user, FRESH) or reach is None or reach > at - SOON:
        return None
    since = [each for each in told if each.at >= at]
    mine = tuple(each for each in since if sends(view, each.text, user))
    before = [each for each in told if at - (view.now - at) <= each.at < at]
    if len(mine) < max(MANY, TIMES * len(before)) or 2 * len(mine) <= len(since):
        return None
    suffers = tuple(evidence for ref in behind(view, user.ref) for evidence in felt(view, ref))
    suffers = suffers or _others(view, server, user, at)
    if mine[0].at - at > SOON or view.now - mine[-1].at > STILL or not suffers:
        return None
    return WholeReads(user, mine, suffers)


def _others(view: View, server: Workload, user: Workload, released: datetime) -> tuple[Evidence, ...]:
    """Return what users of others feel since a client's release who share its server and are held up there.

    The server tells that it is slow for them too, or refuses for want of memory. Who was ill before is so without it.
    """
    held = {ref for ref in clients(view, server.ref) if ref != user.ref and _held_up(view, server, ref, released)}
    refs = behind(view, *held, but=user.ref) if held else ()
    seen = [(evidence, since) for ref in refs if ref != server.ref for evidence, since in troubles(view, ref)]
    if any(since is None or since < released + BEFORE for _, since in seen):
        return ()
    return tuple(evidence for evidence, _ in seen)


def _held_up(view: View, server: Workload, ref: str, since: datetime) -> bool:
    """Tell whether a server was slow for a client since a time, and not before, or refused it for want of memory."""
    refused = [hit for hit in view.hits_of(ref, "out_of_memory") if hit.count >= OFTEN and _by(view, server, hit)]
    if refused:
        return all(hit.first is not None and hit.first >= since for hit in refused)
    client = view.workloads.get(ref)
    if client is None:
        return False
    slow = [each.at for each in slow_statements(view, server) if sends(view, each.text, client)]
    before = [at for at in slow if since - (view.now - since) <= at < since]
    return not before and sum(at >= since for at in slow) >= FEW


def _by(view: View, server: Workload, hit: Hit) -> bool:
    """Tell whether it is this server's memory that a client misses, as far as its words tell whose."""
    named = {view.graph.resolve(host) for host in hit.hosts} - {""}
    return of_a_store(hit.line, role(server)) and named <= {server.ref}
