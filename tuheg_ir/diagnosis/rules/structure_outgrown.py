"""A store takes no more fields, indices or topics, as one after another came since somebody's release.

What is refused is told long after that: the release that stands near the refusals is another one. Where the store began
to grow with no release it is for who knows its data to say what may not become a name of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._structure_growth import Growth, grown_by, growth
from tuheg_ir.diagnosis.view.complaints import Complaint, began, complaints, told
from tuheg_ir.diagnosis.view.programs import DATA, of_role
from tuheg_ir.diagnosis.view.releases import cause_of_release, release_evidence
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_NO_ROOM = "it has as many of them afterwards: who knows its data has to say what may go, or raise the limit"


def when(view: View) -> Iterator[Match]:
    """A store that grew one by one refuses what would be one more, and tells since when it grew."""
    refused = complaints(view, "structure_limit", "store_limit")
    growing = [(store, found) for store in of_role(view.workloads, *DATA) if (found := growth(view, store))]
    for store, found in growing if refused else ():
        mine = [c for c in refused if c.about == store.ref or (not c.about and len(growing) == 1)]
        first, tellers = began(mine), {c.caller for c in mine} - {store.ref}
        if first is None or first < found.first or sum(c.hit.count for c in mine) < OFTEN:
            continue
        by = grown_by(view, store.ref, found, tellers)
        if len(by) == 1 and not by[0].returned:
            yield _of_release(view, store, found, mine, by[0])
        elif found.known and any(c.hit.trouble == "structure_limit" for c in mine):
            yield _of_data(view, store, found, mine, by)


def _of_release(view: View, store: Workload, found: Growth, mine: list[Complaint], by: Workload) -> Match:
    """Return whose release writes under ever new names: what came before it wrote under those that there are."""
    match = _match(view, store, found, mine)
    return match._replace(
        component=by.ref,
        evidence=(*match.evidence, *release_evidence(by, "image", "env")),
        certainty=0.75 if found.known else 0.6,
        root_cause=cause_of_release(by),
        remedy="rollback_workload",
        explains=tuple(sorted({*match.explains, store.ref} - {by.ref})),
        excludes=(
            *(each for each in match.excludes if each.target != by.ref),
            *excluding(by.ref, "new pods write under as many names", *RESTARTS, "scale_workload"),
        ),
    )


def _of_data(view: View, store: Workload, found: Growth, mine: list[Complaint], by: tuple[Workload, ...]) -> Match:
    """Return that a store grew by what it was given; several releases that came with it leave open whose that is."""
    match, spared = _match(view, store, found, mine), {each.ref for each in by}
    kept = tuple(e for e in match.excludes if e.remedy != "rollback_workload" or e.target not in spared)
    return match._replace(excludes=kept)


def _match(view: View, store: Workload, found: Growth, mine: list[Complaint]) -> Match:
    suffer = tuple(ref for ref in behind(view, *(c.caller for c in mine)) if ref != store.ref)
    shown: tuple[Evidence, ...] = (*told(view, mine), found.shown())
    return Match(
        component=store.ref,
        evidence=shown,
        certainty=0.6,
        since=began(mine),
        explains=suffer,
        excludes=(
            *not_for(suffer, f"{store.ref} grew before that, and refuses what would be one more of new pods as well"),
            *not_for((store.ref,), _NO_ROOM, (*RESTARTS, "rollback_workload", "scale_workload", "scale_database")),
        ),
    )


RULE = Rule(
    name="structure_outgrown",
    title="A store takes no more fields, indices or topics, which came one after another since a release",
    root_cause="resource_exhaustion",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no store tells that it grew one by one up to a limit that it refuses at",
)
