"""More replicas, each with its pool, larger pools, or more requests to all want more sessions than the database has."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._demand import SLACK, multiplied
from tuheg_ir.diagnosis.rules._filled_late import filled_late
from tuheg_ir.diagnosis.rules._helping import not_for
from tuheg_ir.diagnosis.rules._holders import Holder, held_by
from tuheg_ir.diagnosis.rules._lock_holder import queued_before
from tuheg_ir.diagnosis.rules._opened_by_log import kept_by_log
from tuheg_ir.diagnosis.rules._outgrown_by_all import outgrown_by_all
from tuheg_ir.diagnosis.rules._overbooked import overbooked
from tuheg_ir.diagnosis.rules._poolers import outrun
from tuheg_ir.diagnosis.rules._pools import LARGE, given_back
from tuheg_ir.diagnosis.rules._raised_pool import of_one_process, pool_of, raised
from tuheg_ir.diagnosis.rules._sessions import Full, clients, full, sufferers
from tuheg_ir.diagnosis.rules.session_limit_lowered import limit_of
from tuheg_ir.diagnosis.view.growth import Growth, grown
from tuheg_ir.diagnosis.view.reading import newest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

ROOM = timedelta(minutes=5)
"""A database that had room for so long after a client had grown was not filled by that."""
BY_AND_BY = timedelta(minutes=3)
"""Pools that open what is asked for fill a database later than so long after their pods came."""

AS_IT_FILLED = timedelta(minutes=3)
"""What pools have taken so long before a database is seen to be full filled it: both are counted now and then."""


def when(view: View) -> Iterator[Match]:
    """A database is full since one of its clients has more replicas, or larger pools by its release.

    Or all of its clients together get more requests, it works at most of its sessions, and has room for more.
    """
    for each in full(view):
        if each.ref in view.workloads and outrun(view, view.workloads[each.ref]):
            continue  # its clients queue for what they do, however many they are
        if (client := _larger_pool(view, each)) is not None:
            yield _of_pool(view, each, client)
            continue
        late = filled_late(view, each) or overbooked(view, each)
        if late and not queued_before(view, each, late[0].released_at) and not _told_of_leaks(view, late[0]):
            yield _of_pool(view, each, late[0], late[1])
            continue
        grew = tuple(_grew(view, each))
        yield from (_of_replicas(view, each, workload, growth) for workload, growth in grew)
        together = () if grew else outgrown_by_all(view, each)
        yield from (_of_all(view, each, together),) if together else ()


def _of_replicas(view: View, each: Full, workload: Workload, growth: Growth) -> Match:
    """Return that a client has more replicas, each with its pool; if a rush is over, what it has left open is freed."""
    idle = _left_open(view, each, workload)
    return Match(
        component=workload.ref,
        evidence=(*_shown(view, each, workload, growth), *idle, *each.evidence),
        certainty=0.75,
        remedy="restart_connection_pool" if idle else "",
        since=growth.at or each.since,
        explains=sufferers(view, each, but=workload.ref),
        excludes=(
            *not_for(
                (workload.ref,),
                f"each further replica opens its own pool, and {each.ref} has no session left",
                ("scale_workload",),
            ),
            *not_for(
                (workload.ref,),
                "the same replicas open the same pools again",
                () if idle else ("restart_workload", "restart_connection_pool"),
            ),
        ),
    )


def _of_all(view: View, each: Full, shown: tuple[Evidence, ...]) -> Match:
    """Return that all clients together want more sessions than a database grants that could work at more."""
    whom = clients(view, each.ref)
    why = f"it has the sessions that its requests need, and {each.ref} grants too few for all"
    return Match(
        component=each.ref,
        evidence=(*shown, *each.evidence),
        certainty=0.75,
        root_cause="capacity",
        remedy="scale_database",
        since=each.since,
        explains=sufferers(view, each, but=each.ref),
        excludes=(
            *not_for(whom, why, (*RESTARTS, "rollback_workload")),
            *not_for(
                whom, f"each further replica wants sessions of {each.ref}, which has none left", ("scale_workload",)
            ),
            *not_for((each.ref,), "a restart ends everybody's work, and grants as many again", ("restart_workload",)),
        ),
    )


def _grew(view: View, each: Full) -> Iterator[tuple[Workload, Growth]]:
    """Yield the clients whose further replicas filled a database: what grew before the last one had left it room."""
    known = [view.workloads[ref] for ref in clients(view, each.ref) if ref in view.workloads]
    found = [(client, growth) for client in known if (growth := grown(view, client)) is not None]
    found = [(client, growth) for client, growth in found if not queued_before(view, each, growth.at)]
    found = [(client, growth) for client, growth in found if _because(view, each, client, growth)]
    # What grew when the database was full already, for that perhaps, did not fill it, nor had it room until then.
    before = [growth.at for _, growth in found if growth.at and (each.since is None or growth.at <= each.since)]
    last = max(before, default=None)
    for client, growth in found:
        another = last is not None and growth.at is not None and not last - ROOM <= growth.at <= last
        if not (another and _mine(view, each, client) is None) and not _sent_for(view, client.ref, growth):
            yield client, growth


def _larger_pool(view: View, each: Full) -> Workload | None:
    """Return the one client whose release made its pools larger, and since when the database is full.

    Where it is known who has the sessions it has most of them; what it forgets in transactions is another trouble, also
    in the first seconds of it. Who only may be a client has to have most of them: nothing else ties it to the database.
    """
    held = held_by(view, each)
    refs = sorted({*clients(view, each.ref), *(h.ref for h in held[:1])})
    known = [view.workloads[ref] for ref in refs if ref in view.workloads]
    found = [client for client in known if raised(client) and since_release(client, each.since)]
    found = [client for client in found if not queued_before(view, each, client.released_at)]
    if len(found) != 1 or any(client is not found[0] and since_release(client, each.since) for client in known):
        return None  # which of several releases it was nobody can tell
    mine = next((h for h in held if h.ref == found[0].ref), None)
    if held and (mine is None or mine is not held[0] or 2 * mine.of_state("idle in transaction") >= mine.count):
        return None
    return None if _told_of_leaks(view, found[0]) else found[0]


def _told_of_leaks(view: View, client: Workload) -> bool:
    return bool(view.hits_of(client.ref, "connection_leak"))


def _of_pool(view: View, each: Full, client: Workload, *counted: Evidence) -> Match:
    """Return that a release lets each pod open more sessions: what was before leaves room for all."""
    others = tuple(ref for ref in clients(view, each.ref) if ref != client.ref)
    shown = (Evidence("objects", client.ref, c.told(), client.released_at) for c in raised(client)[:2])
    pods = Evidence("objects", client.ref, f"{len(client.live)} pods of it run, each with a pool of its own")
    return Match(
        component=client.ref,
        evidence=(*shown, pods, *counted, *each.evidence),
        certainty=0.75,
        root_cause="configuration_error",
        remedy="rollback_workload",
        since=each.since,
        explains=sufferers(view, each, but=client.ref),
        excludes=(
            *not_for((client.ref,), "the same release opens as many sessions again", (*RESTARTS, "scale_workload")),
            *not_for(others, f"{client.name} holds the sessions: nothing done to this client gives them back"),
            *not_for(
                (each.ref,), "a restart ends everybody's work, and the pools fill it again", ("restart_workload",)
            ),
        ),
    )


def _sent_for(view: View, ref: str, growth: Growth) -> bool:
    """Tell whether more replicas came only for the requests that a caller's release multiplied before."""
    found = multiplied(view, ref)
    if found is None or found.by is None or not found.measured or found.grew.since is None:
        return False
    return growth.at is not None and found.grew.since <= growth.at + SLACK


def _because(view: View, each: Full, workload: Workload, growth: Growth) -> bool:
    if each.since is not None and growth.at is not None and (growth.at - each.since).total_seconds() > 180:
        return False
    mine = _mine(view, each, workload)
    if mine is None:  # whose most sessions are may be not known, but not that they are another's
        others = any(h.ref and _is_large(view, each, h) for h in held_by(view, each)) or kept_by_log(view, each)
        return each.database is None and not others and not _of_few(view, each, workload)
    return _is_large(view, each, mine) and 2 * mine.forgotten < mine.count


def _is_large(view: View, each: Full, holder: Holder) -> bool:
    """Tell whether a client has many of the sessions; of those that are counted, where nobody tells how many may be."""
    return holder.count >= LARGE * (each.usable or sum(h.count for h in held_by(view, each)))


def _of_few(view: View, each: Full, workload: Workload) -> bool:
    """Tell whether all pods of a client may have few of the sessions together, as the size of their pool is set."""
    pool = pool_of(view, workload) if of_one_process(view, workload) else None
    return pool is not None and pool * len(workload.live) < LARGE * limit_of(view, each)


def _mine(view: View, each: Full, workload: Workload) -> Holder | None:
    return next((h for h in held_by(view, each) if h.ref == workload.ref), None)


def _left_open(view: View, each: Full, workload: Workload) -> tuple[Evidence, ...]:
    """Return that a rush filled the pools, is over, and has left them open: new ones open no more than is asked for.

    A pool that opens all its connections at its start fills the database as its pod comes. Where nobody tells whose
    the sessions are, its pools have to have had many of them as the database filled, or later.
    """
    youngest = newest(pod.created for pod in workload.live)
    if each.since is None or youngest is None or each.since - youngest < BY_AND_BY:
        return ()
    since = each.since - AS_IT_FILLED if _mine(view, each, workload) is None else None
    return given_back(view, workload, each.usable, since) if each.usable else ()


def _shown(view: View, each: Full, workload: Workload, growth: Growth) -> Iterator[Evidence]:
    yield Evidence(growth.source, workload.ref, growth.fact, growth.at)
    if mine := _mine(view, each, workload):
        pods = max(1, len(workload.live))
        most = each.usable or sum(h.count for h in held_by(view, each))
        fact = f"{workload.name} holds {mine.count} of {most} sessions, {mine.count / pods:.0f} for each pod"
        yield Evidence("database" if each.database else "metrics", each.ref, fact)


RULE = Rule(
    name="sessions_outgrown",
    title="More replicas, larger pools, or more requests to all want more sessions than the database has",
    root_cause="database_connection",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no full database has a client whose replicas or pools grew before, or has room for all",
)
