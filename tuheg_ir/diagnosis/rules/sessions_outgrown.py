"""More replicas, each with its pool, or larger pools want more sessions than the database has."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._demand import SLACK, multiplied
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._poolers import outrun
from tuheg_ir.diagnosis.rules._pools import LARGE, given_back
from tuheg_ir.diagnosis.rules._raised_pool import raised
from tuheg_ir.diagnosis.rules._sessions import Full, Holder, clients, full, holders, measured_holders
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.growth import Growth, grown
from tuheg_ir.diagnosis.view.reading import newest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.workloads import Workload

BY_AND_BY = timedelta(minutes=3)
"""Pools that open what is asked for fill a database later than so long after their pods came."""


def when(view: View) -> Iterator[Match]:
    """A database is full since one of its clients has more replicas, or larger pools by its release."""
    for each in full(view):
        if each.ref in view.workloads and outrun(view, view.workloads[each.ref]):
            continue  # its clients queue for what they do, however many they are
        if (client := _larger_pool(view, each)) is not None:
            yield _of_pool(view, each, client)
            continue
        for ref in clients(view, each.ref):
            workload = view.workloads.get(ref)
            growth = grown(view, workload) if workload else None
            if workload is None or growth is None or not _because(each, workload, growth):
                continue
            if _sent_for(view, ref, growth):
                continue
            idle = _left_open(view, each, workload)
            yield Match(
                component=workload.ref,
                evidence=(*_shown(each, workload, growth), *idle, *each.evidence),
                certainty=0.75,
                remedy="restart_connection_pool" if idle else "",
                since=growth.at or each.since,
                explains=behind(view, each.ref, but=workload.ref),
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


def _larger_pool(view: View, each: Full) -> Workload | None:
    """Return the one client whose release made its pools larger, and since when the database is full.

    Where it is known who has the sessions it has most of them; what it forgets in transactions is another trouble.
    """
    known = [view.workloads[ref] for ref in clients(view, each.ref) if ref in view.workloads]
    found = [client for client in known if raised(client) and since_release(client, each.since)]
    if len(found) != 1 or any(client is not found[0] and since_release(client, each.since) for client in known):
        return None  # which of several releases it was nobody can tell
    held = holders(each.database) if each.database else measured_holders(view, each.ref)
    mine = next((h for h in held if h.ref == found[0].ref), None)
    if held and (mine is None or mine is not held[0] or 2 * mine.forgotten >= mine.count):
        return None
    return None if _told_of_leaks(view, found[0]) else found[0]


def _told_of_leaks(view: View, client: Workload) -> bool:
    return bool(view.hits_of(client.ref, "connection_leak"))


def _of_pool(view: View, each: Full, client: Workload) -> Match:
    """Return that a release lets each pod open more sessions: what was before leaves room for all."""
    others = tuple(ref for ref in (*clients(view, each.ref), *(c.caller for c in each.refused)) if ref != client.ref)
    shown = (Evidence("objects", client.ref, c.told(), client.released_at) for c in raised(client)[:2])
    pods = Evidence("objects", client.ref, f"{len(client.live)} pods of it run, each with a pool of its own")
    return Match(
        component=client.ref,
        evidence=(*shown, pods, *each.evidence),
        certainty=0.75,
        root_cause="configuration_error",
        remedy="rollback_workload",
        since=each.since,
        explains=behind(view, each.ref, *others, but=client.ref),
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


def _because(each: Full, workload: Workload, growth: Growth) -> bool:
    if each.since is not None and growth.at is not None and (growth.at - each.since).total_seconds() > 180:
        return False
    mine = _mine(each, workload)
    if mine is None:
        return each.database is None
    return mine.count >= LARGE * each.usable and 2 * mine.forgotten < mine.count


def _mine(each: Full, workload: Workload) -> Holder | None:
    found = holders(each.database) if each.database else ()
    return next((h for h in found if h.ref == workload.ref), None)


def _left_open(view: View, each: Full, workload: Workload) -> tuple[Evidence, ...]:
    """Return that a rush filled the pools, is over, and has left them open: new ones open no more than is asked for.

    A pool that opens all its connections at its start fills the database as its pod comes.
    """
    youngest = newest(pod.created for pod in workload.live)
    if each.since is None or youngest is None or each.since - youngest < BY_AND_BY:
        return ()
    return given_back(view, workload, each.usable) if each.usable else ()


def _shown(each: Full, workload: Workload, growth: Growth) -> Iterator[Evidence]:
    yield Evidence(growth.source, workload.ref, growth.fact, growth.at)
    if mine := _mine(each, workload):
        pods = max(1, len(workload.live))
        fact = f"{workload.name} holds {mine.count} of {each.usable} sessions, {mine.count / pods:.0f} for each pod"
        yield Evidence("database", each.ref, fact)


RULE = Rule(
    name="sessions_outgrown",
    title="More replicas, or larger pools, want more sessions than the database has",
    root_cause="database_connection",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no full database has a client whose replicas or pools grew before",
)
