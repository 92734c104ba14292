"""A service forgets transactions or sessions: each keeps one of the database's sessions until none is left."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence, Excluded
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._holders import UNUSED, Holder, holders, is_ours, measured_holders
from tuheg_ir.diagnosis.rules._left_lying import LEAST, SHARE, leaks, left_lying
from tuheg_ir.diagnosis.rules._lent_on import lent_on
from tuheg_ir.diagnosis.rules._listed_pools import lent_by_list
from tuheg_ir.diagnosis.rules._opened_by_log import kept_by_log, made_by_log
from tuheg_ir.diagnosis.rules._opened_since import opened_since_release
from tuheg_ir.diagnosis.rules._pools import AT_ONCE, kept_waiting, never_given_back, only_late
from tuheg_ir.diagnosis.rules._sessions import Full, clients, full, label_of, released_before, serves
from tuheg_ir.diagnosis.view.complaints import complaints, told
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

SOON = timedelta(minutes=15)
"""Who takes all sessions within this time of a release takes them again as soon: a restart would buy too little."""

_ON_STORE = ("scale_database", "restart_workload", "rollback_workload")


def when(view: View) -> Iterator[Match]:
    """A program's sessions idle in transactions or are unused, or its pool, log, pods or database count ever more."""
    seen = set()
    for each in full(view):
        known = [*_leaking(view, each)]
        opened = [] if known or each.database is not None else _by_release(view, each)
        for workload, evidence in known or opened:
            seen.add(workload.ref)
            found = (*evidence, *each.evidence)
            yield _match(view, workload, each.ref, found, each.since, by_release=bool(opened))
        for kept in () if known or opened else [*lent_on(view, each)] or lent_by_list(view, each):
            seen.add(kept.workload.ref)
            made = _match(view, kept.workload, each.ref, (kept.shown, *each.evidence), kept.began)
            spared = not_for((kept.database,), "it has room: its pooler has none", _ON_STORE)
            yield made._replace(excludes=(*made.excludes, *spared))
    for database in view.databases:
        for holder in holders(database):
            waiting = [c for c in complaints(view, "pool_exhausted") if c.caller == holder.ref]
            client = view.workloads.get(holder.ref)
            if waiting and client is not None and holder.ref not in seen and leaks(holder, holder.count):
                evidence = (_told(database.ref, holder), *told(view, waiting))
                yield _match(view, client, database.ref, evidence, waiting[0].hit.first)


def _by_release(view: View, each: Full) -> list[tuple[Workload, tuple[Evidence, ...]]]:
    """Return who opens ever more of what a store has since its release, as its pods hold open or its log tells."""
    return opened_since_release(view, each) or made_by_log(view, each)


def _leaking(view: View, each: Full) -> Iterator[tuple[Workload, tuple[Evidence, ...]]]:
    if each.database is not None:
        for holder in holders(each.database):
            if leaks(holder, each.usable) and is_ours(view, holder, each.since):
                yield view.workloads[holder.ref], (_told(each.ref, holder),)
            elif lying := left_lying(view, each, holder):
                yield view.workloads[holder.ref], lying
            elif _abandons(view, each, holder):
                yield view.workloads[holder.ref], (_told_unused(each.ref, holder),)
        return
    counted = _measured(view, each) or _counted_by_a_pool(view, each)
    yield from counted or tuple(_told_by_a_pool(view, each)) or kept_by_log(view, each)


def _measured(view: View, each: Full) -> list[tuple[Workload, tuple[Evidence, ...]]]:
    """Return who leaves most of its sessions idle in transactions, as figures tell.

    Where they tell the state alone it is the one client that may, the one that was released before all others. Those
    whose own sessions are measured, and are others, are innocent, whatever was released of them.
    """
    known = [holder for holder in measured_holders(view, each.ref) if holder.ref]
    if leaking := [h for h in known if leaks(h, each.usable) and is_ours(view, h, each.since)]:
        return [(view.workloads[h.ref], (_told(each.ref, h, "metrics"),)) for h in leaking]
    if lying := [(view.workloads[h.ref], told) for h in known if (told := left_lying(view, each, h, "metrics"))]:
        return lying
    label = label_of(view, "db_connections_by_state", each.ref)
    idle = view.figures.now("db_connections_by_state", component=label, state="idle in transaction")
    if not label or idle is None or idle < max(LEAST, SHARE * each.usable):
        return []
    innocent = {holder.ref for holder in known}
    able = [view.workloads[ref] for ref in clients(view, each.ref) if serves(view, ref) and ref not in innocent]
    since = view.figures.crossed("db_connections_by_state", idle / 2, component=label, state="idle in transaction")
    suspects = [w for w in able if released_before(view, w, each.since) and _grew_with(view, w, label, idle)] or able
    fact = f"{idle:.0f} sessions are idle in transactions"
    return [(suspects[0], (Evidence("metrics", each.ref, fact, since),))] if len(suspects) == 1 else []


def _grew_with(view: View, workload: Workload, label: str, idle: float) -> bool:
    """Tell whether idle transactions may have grown since a release: not where they were few for long after it."""
    signal, state, few = "db_connections_by_state", "idle in transaction", max(LEAST, idle / 10)
    if view.figures.beyond_from_the_start(signal, few, component=label, state=state):
        return True
    began = view.figures.crossed(signal, few, component=label, state=state)
    return began is None or since_release(workload, began)


def _counted_by_a_pool(view: View, each: Full) -> list[tuple[Workload, tuple[Evidence, ...]]]:
    """Return the one client whose pool counts up only since its release, to a large part of all sessions."""
    found: list[tuple[Workload, tuple[Evidence, ...]]] = []
    for client in (view.workloads[ref] for ref in clients(view, each.ref) if serves(view, ref)):
        climb = never_given_back(view, client, each.since)
        if climb is None or climb.taken < max(LEAST, SHARE * each.usable) or not each.usable:
            continue
        if released_before(view, client, climb.began) and (each.since is None or climb.began < each.since):
            found.append((client, (climb.shown,)))
    return found if len(found) == 1 else []


def _told_by_a_pool(view: View, each: Full) -> Iterator[tuple[Workload, tuple[Evidence, ...]]]:
    """Yield the one client whose pool tells of leaks since its release, and did so before the database was full.

    Not where something keeps all connections for long that are given back in the end: a lock, a rush, a slow host.
    """
    told = {ref: hits for ref in clients(view, each.ref) if (hits := view.hits_of(ref, "connection_leak"))}
    if len(told) != 1 or each.since is None:
        return
    ((ref, hits),) = told.items()
    first, last = oldest(hit.first for hit in hits), newest(hit.last for hit in hits)
    if first is None or last is None or first >= each.since or each.since - last > SOON:
        return
    client = view.workloads[ref]
    if only_late(view, client, hits) or kept_waiting(view, client, first + AT_ONCE):
        return
    if serves(view, ref) and since_release(client, first):
        yield client, (view.hit_evidence(hits[0]),)


def _abandons(view: View, each: Full, holder: Holder) -> bool:
    """Tell whether a service is refused sessions while it leaves most of its own unused, and none of its pods is new.

    A pool uses an idle session before it opens another: those that it opens others beside are lost to it. A pod that
    has just come has none yet, however many idle ones the older pods hold.
    """
    client = view.workloads.get(holder.ref)
    if client is None or not serves(view, holder.ref) or holder.ref not in {c.caller for c in each.refused}:
        return False
    if any(pod.created is None or view.recent(pod.created, UNUSED) for pod in client.live):
        return False
    return holder.unused >= max(LEAST, SHARE * each.usable) and 2 * holder.unused >= holder.count


def _told_unused(ref: str, holder: Holder) -> Evidence:
    idle = f"{holder.unused} of them idle, one for {holder.unused_s / 3600:.0f} h"
    fact = f"{holder.name} holds {holder.count} sessions, {idle}, and is refused others"
    return Evidence("database", ref, fact)


def _told(ref: str, holder: Holder, source: str = "database") -> Evidence:
    age = f", the oldest for {holder.oldest_s:.0f} s" if holder.oldest_s else ""
    fact = f"{holder.name} holds {holder.count} sessions, {holder.forgotten} of them idle in transactions{age}"
    return Evidence(source, ref, fact)


def _match(
    view: View,
    workload: Workload,
    database: str,
    evidence: tuple[Evidence, ...],
    since: datetime | None,
    *,
    by_release: bool = False,
) -> Match:
    began = since or next((e.time for e in evidence if e.time is not None), None)
    ours = by_release or released_before(view, workload, began)
    released = tuple(Evidence("objects", workload.ref, c.told(), workload.released_at) for c in workload.changes[:2])
    others = tuple(ref for ref in clients(view, database) if ref != workload.ref)
    return Match(
        component=workload.ref,
        evidence=(*evidence, *(released if ours else ())),
        certainty=0.8,
        root_cause="code_defect" if ours and workload.changed("image") else "database_connection",
        remedy="rollback_workload" if ours else "restart_connection_pool",
        since=began,
        explains=behind(view, database, workload.ref, *others, but=workload.ref),
        excludes=(
            *(_in_vain(workload, began or view.now) if ours else ()),
            *not_for((workload.ref,), "more instances open and forget more sessions", ("scale_workload",)),
            *not_for(others, f"{workload.name} holds the sessions: nothing done to this client gives them back"),
            *not_for(
                (database,),
                "what forgets the sessions would fill any room again, and a restart ends everybody's work",
                ("restart_workload", "scale_workload"),
            ),
        ),
    )


def _in_vain(workload: Workload, gone: datetime) -> tuple[Excluded, ...]:
    """Return what gives sessions back for moments only, after a release that took them all in no time."""
    if workload.released_at is None or (took := gone - workload.released_at) > SOON:
        return ()
    minutes = max(1, math.ceil(took.total_seconds() / 60))
    reason = f"the release took all sessions within {minutes} min, and would take them again as soon"
    return not_for((workload.ref,), reason, ("restart_connection_pool", "restart_workload"))


RULE = Rule(
    name="sessions_leaked",
    title="A service forgets transactions or sessions until the database has no session left",
    root_cause="database_connection",
    remedy="restart_connection_pool",
    tier=Tier.STATED,
    when=when,
    why_not="no service holds many sessions idle in a transaction or unused, or tells of leaks before none was left",
)
