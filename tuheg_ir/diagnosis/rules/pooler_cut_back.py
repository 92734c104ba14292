"""A pooler opens fewer sessions at its database since its release, and its clients queue for them since then.

The same demand that fitted into the former number waits now. How many sessions suffice is easily taken from an average,
or divided among instances twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from math import inf

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._poolers import (
    ENOUGH,
    FRESH,
    MORE,
    QUEUE_US,
    SIZE,
    databases_behind,
    is_busy,
    minutes_told,
)
from tuheg_ir.diagnosis.rules._sessions import FEW, clients, full, refusals, released_before
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.complaints import complaints, fresh
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import name, oldest, text
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited, hand

_OPEN = late(r"max", re.IGNORECASE)
"""Of these none, or zero, is as many as are asked for."""
_POOL = late(r"pool", re.IGNORECASE)
_NEAR = timedelta(minutes=5)
"""An operator writes a pooler's template so soon after somebody wrote what it reads."""
_BEFORE = timedelta(minutes=2)


def when(view: View) -> Iterator[Match]:
    """A pooler's release lowered how many sessions it opens, clients wait for one since, and the database has room."""
    for pooler in of_role(view.workloads, "pooler"):
        cut = _cut(pooler)
        since, queue = _queue(view, pooler) if cut else (None, ())
        if not queue or not released_before(view, pooler, since) or _otherwise(view, pooler):
            continue
        yield _match(view, pooler, cut, since, queue)


def _cut(pooler: Workload) -> tuple[Change, ...]:
    """Return by which changes a release lowered how many sessions a pooler opens; () if it raised any other number.

    Of a number that was not told before nobody knows how high it was, but for one that is then as high as is asked.
    """
    lower = []
    for change in pooler.changed("env", "command"):
        before, after = _sizes(change, change.before), _sizes(change, change.after)
        told = [(before.get(what, inf if _OPEN.match(what) else many), many) for what, many in after.items()]
        if any(many > was for was, many in told):
            return ()
        if any(many < was for was, many in told):
            lower.append(change)
    return tuple(lower)


def _sizes(change: Change, value: str) -> dict[str, float]:
    """Return how many sessions of which kind a value allows."""
    said = SIZE.finditer(change.said(value))
    found = {m["what"].lower().replace("-", "_"): float(m["many"]) for m in said}
    return {what: inf if not many and _OPEN.match(what) else many for what, many in found.items()}


def _queue(view: View, pooler: Workload) -> tuple[datetime | None, tuple[Evidence, ...]]:
    """Return since when clients wait for a pooler's sessions, and what shows it: it, its clients or its figures."""
    refused = [
        c for c in refusals(view) if pooler.ref in (c.about, c.caller) and fresh(view, c.hit) and not c.hit.previous
    ]
    shown: list[Evidence] = list(_told(view, pooler))
    if sum(hit.count for hit in {c.hit for c in refused}) >= FEW:
        shown.append(view.hit_evidence(refused[0].hit))
    shown += _measured(view, pooler)
    # Figures of a pod that is gone end with it: what is counted first may be of its successor.
    return oldest((*(e.time for e in shown), *(c.hit.first for c in refused))), tuple(shown)


def _told(view: View, pooler: Workload) -> Iterator[Evidence]:
    """Yield that a pooler tells of a queue that stands."""
    for log in view.logs_of(pooler.live, previous=False):
        minutes = minutes_told(log)
        waits = [each for each in minutes if each.wait >= QUEUE_US]
        if len(minutes) < ENOUGH or minutes[-ENOUGH:] != waits[-ENOUGH:] or view.now - minutes[-1].at > FRESH:
            continue
        fact = f"clients wait {minutes[-1].wait / 1e6:.1f} s for a session"
        yield Evidence("logs", f"Pod/{log.pod}", fact, waits[0].at)
        return


def _measured(view: View, pooler: Workload) -> Iterator[Evidence]:
    """Yield that figures count who waits for a session, and counted nobody before the release."""
    at = pooler.released_at
    for label in view.labelled("pool_waiting").get(pooler.ref, ()):
        now = view.figures.now("pool_waiting", component=label) or 0
        points = [p for series in view.figures.series("pool_waiting", component=label) for p in series.points]
        before = [many for time, many in points if at is not None and time < (at - _BEFORE).timestamp()]
        if now >= FEW and not any(many * 2 > now for many in before):
            since = view.figures.crossed("pool_waiting", now / 2, component=label)
            yield Evidence("metrics", pooler.ref, f"{now:.0f} clients wait for a session", since or at)


def _otherwise(view: View, pooler: Workload) -> bool:
    """Tell whether the database is short itself, which fewer sessions may be there to spare, or more is asked."""
    databases = databases_behind(view, pooler)
    short = {each.ref for each in full(view) if each.used} | {
        hit.component for hit in view.hits if _says_short(view, hit)
    }
    if any(each.ref in short or is_busy(view, each) for each in databases):
        return True
    asking = [pooler.ref, *clients(view, pooler.ref)]
    return any((traffic_growth(view, ref) or 1.0) >= MORE for ref in asking)


def _says_short(view: View, hit: Hit) -> bool:
    return hit.trouble == "database_full" and fresh(view, hit)


def _match(
    view: View, pooler: Workload, cut: tuple[Change, ...], since: datetime | None, queue: tuple[Evidence, ...]
) -> Match:
    others = behind(view, pooler.ref, but=pooler.ref)
    stores = tuple(each.ref for each in databases_behind(view, pooler))
    asking = (view.workloads[ref] for ref in clients(view, pooler.ref) if ref in view.workloads)
    # A client that was released then may ask for more, or keep its sessions for longer.
    mixed = any(since_release(each, since) for each in asking) or bool(pooler.changed("image"))
    mixed = mixed or bool(complaints(view, "lock_wait"))
    return Match(
        component=pooler.ref,
        evidence=(
            *(Evidence("objects", pooler.ref, f"released: {c.told()}", pooler.released_at) for c in cut[:3]),
            *_by_hand(view, pooler),
            *queue,
        ),
        certainty=0.6 if mixed else 0.8 if stores else 0.7,
        remedy="page_human" if mixed else "rollback_workload",
        since=since,
        explains=(*others, *stores),
        excludes=(
            *not_for(others, f"they queue at {pooler.ref}: nothing done to them shortens the queue"),
            *not_for((pooler.ref,), "new pods of it open as few sessions", RESTARTS),
            *not_for(
                stores,
                f"it has room: {pooler.ref} does not open the sessions",
                ("restart_workload", "rollback_workload", "scale_database"),
            ),
        ),
    )


def _by_hand(view: View, pooler: Workload) -> Iterator[Evidence]:
    """Yield the object of another kind that was written just before, by whose words an operator makes the pooler.

    Whoever takes the template back has to set that back as well, or the operator writes the same again.
    """
    at = pooler.released_at
    for obj in (each for kind in sorted(view.snapshot.objects) for each in view.snapshot.of(kind)):
        time = edited(obj)
        if at is None or time is None or not timedelta(0) <= at - time <= _NEAR:
            continue
        ref = f"{text(obj, 'kind')}/{name(obj)}"
        if ref != pooler.ref and _POOL.search(hand(obj)):
            yield Evidence("objects", ref, "by it the pooler is set up: it has to be set back as well", time)


RULE = Rule(
    name="pooler_cut_back",
    title="A pooler opens fewer sessions since its release, and its clients queue for them",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no pooler's release lowered how many sessions it opens, or nobody waits for one since",
)
