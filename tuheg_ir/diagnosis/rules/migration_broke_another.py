"""A migration changed a database under the feet of a program that was not released with it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import moment, oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload

_MISSED = ("schema", "row_refused")
"""Troubles of a program that knows another form of a database."""
SOON = timedelta(minutes=10)
"""A program meets a table that was changed that soon."""
RAN = timedelta(minutes=-30)
"""A migration may run so long before it ends, and hurts before that."""


def when(view: View) -> Iterator[Match]:
    """A program misses what a database had, since a run that works on the same database, and had no release then."""
    runs = [w for w in view.workloads.values() if w.kind in BATCH]
    for workload in view.serving:
        shared = view.graph.needs(workload.ref)
        missed = () if role(workload) in DATA else view.hits_of(workload.ref, *_MISSED)
        refused = [hit for ref in sorted(shared) for hit in view.hits_of(ref, *_MISSED)] if missed else []
        since = oldest(hit.first for hit in (*missed, *refused))
        if since is None or since_release(workload, since):
            continue
        ran = [r for r in runs if view.graph.needs(r.ref) & shared and _then(r, since)]
        if len(ran) == 1:
            yield _match(view, workload, ran[0], (*missed, *refused), since)


def _then(run: Workload, since: datetime) -> bool:
    """Tell whether a run went on, or ended, when something began."""
    ended = moment(run.obj, "status", "completionTime")
    return ended is not None and RAN <= since - ended <= SOON


def _match(view: View, workload: Workload, run: Workload, missed: tuple[Hit, ...], since: datetime) -> Match:
    released = tuple(w.ref for w in view.serving if w is not workload and since_release(w, since))
    ended = moment(run.obj, "status", "completionTime")
    why = f"{run.ref} changed the database: older code of it would miss what is new there"
    return Match(
        component=run.ref,
        evidence=(
            Evidence("objects", run.ref, "it ran on the same database", ended),
            *(view.hit_evidence(hit) for hit in missed[:3]),
        ),
        certainty=0.65,
        since=since,
        explains=behind(view, workload.ref),
        excludes=(
            *not_for((workload.ref,), f"{run.ref} changed the database: every version of it misses the same", RESTARTS),
            *not_for((*released, workload.ref), why, ("rollback_workload",)),
        ),
    )


RULE = Rule(
    name="migration_broke_another",
    title="A migration changed a database that a program of another release uses",
    root_cause="code_defect",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no program misses what a database had before a run on it",
)
