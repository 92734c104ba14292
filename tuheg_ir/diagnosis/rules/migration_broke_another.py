"""A migration changed a database under the feet of a program that was not released with it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._migrated import ended, of_form, then
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload

_MISSED = ("schema", "row_refused")
"""Troubles of a program that knows another form of a database."""
_NAME = r"[\"'`\[]*(?:\w+[\"'`\]]*\.[\"'`\[]*)*(\w+)"
_NOT_THERE = late(
    rf"\b(?:column|relation|table) {_NAME}[\"'`\]]*(?: of relation \S+)? (?:does not|doesn't) exist"
    rf"|\bunknown column {_NAME}|\bno such (?:column|table): {_NAME}|\binvalid (?:column|object) name {_NAME}"
    rf"|\bORA-0090?4: {_NAME}|\bnull value in column {_NAME}|\bfield {_NAME}['`]? doesn't have a default value",
    re.IGNORECASE,
)
"""How databases name the column or table that a statement misses, or leaves empty."""


def when(view: View) -> Iterator[Match]:
    """A program misses what a database had, since a run on it, or one that tells of it, and had no release then."""
    runs = [w for w in view.workloads.values() if w.kind in BATCH]
    stores = [ref for ref, workload in view.workloads.items() if role(workload) in DATA]
    for workload in view.serving:
        shared = view.graph.needs(workload.ref)
        missed = () if workload.ref in stores else view.hits_of(workload.ref, *_MISSED)
        if not missed:
            continue
        lacks = _lacks(missed)
        refused = [
            hit
            for ref in sorted({*shared, *stores})
            for hit in view.hits_of(ref, *_MISSED)
            if ref in shared or lacks & _lacks([hit])
        ]
        since = oldest(hit.first for hit in (*missed, *refused))
        if since is None or since_release(workload, since):
            continue
        ran = [r for r in runs if then(r, since) and (view.graph.needs(r.ref) & shared or _tells(view, r, lacks))]
        if len(ran) == 1:
            yield _match(view, workload, ran[0], (*missed, *refused), since)


def _lacks(missed: Iterable[Hit]) -> set[str]:
    """Return the names of columns and tables that are missed."""
    found = (name for hit in missed for told in _NOT_THERE.finditer(hit.line) for name in told.groups() if name)
    return {name.lower() for name in found}


def _tells(view: View, run: Workload, lacks: Collection[str]) -> bool:
    """Tell whether a run's log tells that it changes what is missed: a Secret may hide on which database it works."""
    if not lacks:
        return False
    named = re.compile(rf"(?<![a-z0-9])(?:{'|'.join(map(re.escape, sorted(lacks)))})(?![a-z0-9])", re.IGNORECASE)
    lines = (line for log in view.logs_of(run.pods) for line in log.lines if of_form(line))
    return any(map(named.search, lines))


def _match(view: View, workload: Workload, run: Workload, missed: tuple[Hit, ...], since: datetime) -> Match:
    released = tuple(w.ref for w in view.serving if w is not workload and since_release(w, since))
    why = f"{run.ref} changed the database: older code of it would miss what is new there"
    return Match(
        component=run.ref,
        evidence=(
            Evidence("objects", run.ref, "it ran on the same database", ended(run)),
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
