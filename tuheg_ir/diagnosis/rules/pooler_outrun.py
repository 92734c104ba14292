"""Clients queue for the sessions of a pooler, or for its one core, since there is more to do; the database has room."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._capacity import remedy_for_load
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._one_core import OneCore, one_core
from tuheg_ir.diagnosis.rules._poolers import outrun, room
from tuheg_ir.diagnosis.view.complaints import complaints, told
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def when(view: View) -> Iterator[Match]:
    """A pooler's clients wait for its sessions, each as quick as before, or for its one thread, since it does more."""
    for pooler in of_role(view.workloads, "pooler"):
        found = outrun(view, pooler)
        if found is None:
            full = one_core(view, pooler)
            yield from (_of_one_core(view, pooler, full),) if full else ()
            continue
        others = behind(view, pooler.ref, but=pooler.ref)
        said = [c for c in complaints(view, "database_full", "pool_exhausted") if c.caller in others]
        # Each instance has its own sessions at the database: more instances are more sessions, if there is room.
        remedy, more, excludes = remedy_for_load(view, pooler) if found.room else ("page_human", (), ())
        yield Match(
            component=pooler.ref,
            evidence=(*found.evidence, *found.room, *told(view, said, 2), *_waiting(view, pooler.ref), *more),
            certainty=0.75,
            remedy=remedy,
            since=found.since,
            explains=others,
            excludes=(
                *excludes,
                *not_for(others, f"they queue at {pooler.ref}: nothing done to them shortens the queue"),
                *not_for((pooler.ref,), "the same sessions would be too few again", (*RESTARTS, "rollback_workload")),
            ),
        )


def _of_one_core(view: View, pooler: Workload, found: OneCore) -> Match:
    """Return that one thread is too little: each further instance has a core of its own, and the sessions suffice."""
    others = behind(view, pooler.ref, but=pooler.ref)
    # Each instance may take as many sessions again, and without room for them nobody gets any.
    spare = room(view, pooler)
    safe = found.sessions and spare and not complaints(view, "database_full")
    remedy, more, excludes = remedy_for_load(view, pooler) if safe else ("page_human", (), ())
    return Match(
        component=pooler.ref,
        evidence=(*found.evidence, *found.sessions, *spare, *told(view, found.refused, 2), *more),
        certainty=0.75,
        remedy=remedy,
        since=found.since,
        explains=others,
        excludes=(
            *excludes,
            *not_for(others, f"they wait for {pooler.ref}: nothing done to them gives it another core"),
            *not_for((pooler.ref,), "one thread would have as much to do again", (*RESTARTS, "rollback_workload")),
        ),
    )


def _waiting(view: View, pooler: str) -> Iterator[Evidence]:
    for label in view.labelled("pool_waiting").get(pooler, ()):
        count = view.figures.now("pool_waiting", component=label)
        if count:
            yield Evidence("metrics", pooler, f"{count:.0f} clients wait for a session")


RULE = Rule(
    name="pooler_outrun",
    title="A pooler has too few sessions, or too little of one core, for what is asked of it; the database has room",
    root_cause="capacity",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no pooler's clients queue for sessions that are as quick as before, or for its one thread",
)
