"""A database was started again and is well; a client still uses the sessions that it had before."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._cut_off import SETTLED, cuts_off, used_since
from tuheg_ir.diagnosis.rules._dead_handle import Dead, dead, may_be_of
from tuheg_ir.diagnosis.rules._deaf import Deaf, deaf
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.view.complaints import complaints, told
from tuheg_ir.diagnosis.view.programs import DATA, of_role, role
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload

STILL = timedelta(minutes=3)
SLACK = timedelta(minutes=2)


def when(view: View) -> Iterator[Match]:
    """A client older than a server's process tells of closed sessions long after that is ready, or gets no more."""
    lost = tuple(_lose(view))
    yield from lost
    yield from _use_closed(view, {match.component for match in lost})
    yield from _hear_nothing(view)


def _lose(view: View) -> Iterator[Match]:
    """Yield who tells of sessions that are closed."""
    for each in complaints(view, "connection_reset"):
        server, client = view.workloads.get(each.about), view.workloads.get(each.caller)
        if server is None or client is None or role(server) not in ("database", "cache", "broker", "pooler"):
            continue
        started = _started(server)
        if started is None or not view.now - started >= SETTLED or not view.recent(started):
            continue
        first, last = each.hit.first, each.hit.last
        if first is None or last is None or first < started - SLACK or not view.recent(last, STILL):
            continue
        felt = [seen for seen, _ in troubles(view, client.ref)]
        if each.hit.count < OFTEN or not felt or not _older(client, started):
            continue
        if cuts_off(view, server) or used_since(view, client, started):
            continue  # the sessions of a new process would be lost as well
        yield Match(
            component=client.ref,
            evidence=(
                Evidence("objects", server.ref, "it was started again, and is ready since", started),
                *told(view, [each]),
                *felt,
            ),
            certainty=0.6,
            since=first,
            explains=behind(view, client.ref, but=client.ref),
            excludes=not_for((client.ref,), "no release came with it", ("rollback_workload",)),
        )


def _use_closed(view: View, known: Collection[str]) -> Iterator[Match]:
    """Yield who uses on and on the one connection that was closed as a server's former process went, however long ago.

    Several servers that went at once, as with their node, leave open whose it was, and so does one that is not back.
    """
    servers = [(each, _started(each)) for each in of_role(view.workloads, *DATA, "pooler")]
    for client in (each for each in view.serving if each.ref not in known and role(each) not in (*DATA, "pooler")):
        for found in (each for each in dead(view, client) if view.recent(each.last, STILL)):
            able = [(each, at) for each, at in servers if may_be_of(view, found, client, each)]
            went = [(each, at) for each, at in able if at is None or found.came_with(at)]
            if len(went) == 1 and went[0][1] is not None:
                yield from _closed_by(view, client, went[0][0], went[0][1], found)


def _closed_by(view: View, client: Workload, server: Workload, started: datetime, found: Dead) -> Iterator[Match]:
    """Yield that a client needs a new connection to a server that was started again and is well."""
    known = list(troubles(view, client.ref))
    felt, ailed = [seen for seen, _ in known], oldest(since for _, since in known)
    alarmed = any(each.starts_at is None or each.starts_at >= found.first for each in view.alerts)
    if ailed is not None and ailed < found.first - SLACK:
        return  # what it suffered from before that it suffers from still
    if not view.now - started >= SETTLED or not _older(client, started) or not (felt or alarmed):
        return
    if cuts_off(view, server) or used_since(view, client, started):
        return
    well = f"{server.ref} is well: whatever is done to it opens no connection of {client.name} anew"
    ours = () if since_release(client, found.first) else ("rollback_workload",)
    yield Match(
        component=client.ref,
        evidence=(
            Evidence("objects", server.ref, "it was started again, and is ready since", started),
            found.shown(),
            *felt,
        ),
        certainty=0.7,
        since=found.first,
        explains=behind(view, client.ref, but=client.ref),
        excludes=(
            *not_for((client.ref,), "no release came with it", ours),
            *not_for((server.ref,), well, (*RESTARTS, "scale_database")),
        ),
    )


def _hear_nothing(view: View) -> Iterator[Match]:
    """Yield whose older pods get nothing any more since a server's former process went, and tell of no error."""
    if not view.alerts:
        return
    for server in of_role(view.workloads, *DATA):
        started = _started(server)
        if started is None or not view.now - started >= SETTLED or not view.recent(started):
            continue
        callers = (view.workloads[ref] for ref in sorted(view.graph.callers(server.ref)) if ref in view.workloads)
        for client in (each for each in callers if each.kind not in BATCH and server in view.called(each.ref)):
            found = deaf(view, client, started)
            if found is not None:
                yield _deaf_to(view, client, server, started, found)


def _deaf_to(view: View, client: Workload, server: Workload, started: datetime, found: Deaf) -> Match:
    """Return that older pods of a client wait on connections to a process that is gone."""
    well = f"{server.ref} is well: whatever is done to it sends nothing to connections of its former process"
    new = f"it is since {server.ref} was started anew, and pods of the same template with fresh connections are well"
    return Match(
        component=client.ref,
        evidence=(
            *found.evidence,
            Evidence("objects", server.ref, "it was started again, and is ready since", started),
        ),
        certainty=0.7,
        since=found.since,
        explains=behind(view, client.ref, but=client.ref),
        excludes=(
            *not_for((client.ref,), new, ("rollback_workload",)),
            *not_for((server.ref,), well, RESTARTS),
        ),
    )


def _started(server: Workload) -> datetime | None:
    """Return when the last of its processes was started, if all are well and none keeps ending."""
    containers = [c for pod in server.live for c in pod.containers]
    if not containers or any(not c.ready or c.restarts > 2 for c in containers) or server.ready < server.wanted:
        return None
    return newest(c.started_at for c in containers)


def _older(client: Workload, started: datetime) -> bool:
    times = [c.started_at or pod.created for pod in client.live for c in pod.containers]
    return bool(times) and all(time is not None and time < started for time in times)


RULE = Rule(
    name="sessions_to_a_former_process",
    title="A client uses sessions of a server's process that is gone",
    root_cause="database_connection",
    remedy="restart_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no client tells of closed sessions, or gets nothing more, long after its server was started again",
)
