"""A pool tells that its own program keeps connections and does not give them back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._booked_out import booked_out
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, not_for
from tuheg_ir.diagnosis.rules._holders import databases_of
from tuheg_ir.diagnosis.rules._kept_by_age import kept_by_age
from tuheg_ir.diagnosis.rules._kept_by_calls import kept_by_calls
from tuheg_ir.diagnosis.rules._left_in_transactions import kept_from_by, left_in_transactions
from tuheg_ir.diagnosis.rules._left_unfelt import left_unfelt
from tuheg_ir.diagnosis.rules._pools import never_given_back, only_late
from tuheg_ir.diagnosis.rules._sessions import full, released_before
from tuheg_ir.diagnosis.rules._waits_for_itself import waits_for_itself
from tuheg_ir.diagnosis.view.complaints import OFTEN, STILL, fresh
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import cause_of_release, release_evidence
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_ON_STORE = ("scale_database", "restart_workload", "rollback_workload")


def when(view: View) -> Iterator[Match]:
    """Logs tell of leaks, or an empty pool counts up, is left in transactions or waits for itself, or is unused."""
    crowded = {each.ref for each in full(view)}
    for workload in view.serving:
        if crowded & view.graph.needs(workload.ref):
            continue
        waits = [h for h in view.hits_of(workload.ref, "pool_exhausted") if fresh(view, h)]
        told_of = view.hits_of(workload.ref, "connection_leak")
        leaks = [h for h in told_of if fresh(view, h) or any(_emptied(h, wait) for wait in waits)]
        felt = list(troubles(view, workload.ref))
        missed = oldest(h.first for h in (*leaks, *waits))
        late = bool(leaks) and (only_late(view, workload, leaks) or kept_by_calls(view, workload, missed))
        if leaks and (waits or felt) and not late:
            began = oldest((*(h.first for h in (*leaks, *waits)), *(since for _, since in felt)))
            told = (*(view.hit_evidence(h) for h in (*leaks[:2], *waits[:1])), *(s for s, _ in felt))
            yield _match(workload, told, began, ours=released_before(view, workload, began))
            continue
        brought = left_in_transactions(view, workload) if waits and felt else None
        if waits and felt and (left := brought or left_unfelt(view, workload)):
            told = (left.shown, view.hit_evidence(waits[0]), *(s for s, _ in felt))
            found = _match(workload, told, left.began, ours=brought is not None)
            yield _of_left(view, workload, left.database, found)
            continue
        counted = never_given_back(view, workload) if waits else None
        # A program that is as old as ever may always have counted so: then nobody knows what changed.
        if counted is not None and released_before(view, workload, counted.began):
            told = (counted.shown, view.hit_evidence(waits[0]), *(s for s, _ in felt))
            yield _match(workload, told, counted.began, ours=True)
            continue
        if waits and (aged := kept_by_age(view, workload)):
            told = (aged.shown, view.hit_evidence(waits[0]), *(s for s, _ in felt))
            yield _match(workload, told, oldest(hit.first for hit in waits), ours=True)
            continue
        if waits and felt and (nested := waits_for_itself(view, workload, waits)):
            told = (*nested, view.hit_evidence(waits[0]), *(s for s, _ in felt))
            found = _match(workload, told, oldest(hit.first for hit in waits), ours=True)
            stores = (each.ref for each in databases_of(view, workload))
            yield found._replace(excludes=not_for(stores, "it idles: what is asked of it is to wait", _ON_STORE))
            continue
        booked = booked_out(view, workload) if waits and felt else None
        if booked is not None and not released_before(view, workload, booked.began):
            told = (*booked.evidence, view.hit_evidence(waits[0]), *(s for s, _ in felt))
            yield _match(workload, told, booked.began, ours=False)


def _of_left(view: View, workload: Workload, database: str, found: Match) -> Match:
    """Return what was found of transactions that are left open, with who waits for what these have locked."""
    kept = kept_from_by(view, workload, database)
    why = f"{workload.ref} leaves transactions open whose locks it waits for: by any template it waits"
    return found._replace(
        explains=kept,
        excludes=(
            *found.excludes,
            *not_for([database], "it has room: more sessions are left open too", _ON_STORE),
            *not_for(kept, why, ON_CALLERS),
        ),
    )


def _emptied(leak: Hit, wait: Hit) -> bool:
    """Tell whether a pool told of leaks until nothing was left in it: what has lost everything loses no more.

    Who is late with a connection while none is left, or with one before a rush, may give it back unheard.
    """
    if (leak.pod, leak.container, leak.previous) != (wait.pod, wait.container, wait.previous) or leak.count < OFTEN:
        return False
    if leak.first is None or leak.last is None or wait.first is None or leak.first > wait.first:
        return False
    return abs(wait.first - leak.last) <= STILL


def _match(workload: Workload, told: tuple[Evidence, ...], began: datetime | None, *, ours: bool) -> Match:
    return Match(
        component=workload.ref,
        evidence=(*told, *(release_evidence(workload) if ours else ())),
        certainty=0.65,
        root_cause=cause_of_release(workload) if ours else "",
        remedy="rollback_workload" if ours else "",
        since=began,
        excludes=() if ours else excluding(workload.ref, "no release came with it", "rollback_workload"),
    )


RULE = Rule(
    name="connections_not_returned",
    title="A service keeps the connections of its own pool",
    root_cause="database_connection",
    remedy="restart_connection_pool",
    tier=Tier.STATED,
    when=when,
    why_not="no pool tells that its connections are not given back, or has taken all while the database idles",
)
