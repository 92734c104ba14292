"""A data service takes no more writes: to protect what it holds, or as it may hold no more of a kind.

That may be room: what one bucket or database may take of it, while all the rest has some. A cache that could not save
itself tells its clients no reason: its own log does, and it is as often memory as the disk.

It says so; its callers only suffer, but for one whose release or edited settings let it write in far smaller pieces
than it did, or that keeps most of what it may hold. A column whose numbers are used up says only that one is too big.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence, Excluded
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._edited_batches import edited_batches
from tuheg_ir.diagnosis.rules._figures import is_well
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._kept_statements import kept_open
from tuheg_ir.diagnosis.rules._past_its_type import Past, past_its_type
from tuheg_ir.diagnosis.rules._small_writes import of_pieces, small_writes
from tuheg_ir.diagnosis.view.complaints import Complaint, began, complaints, fresh, told
from tuheg_ir.diagnosis.view.programs import DATA, of_role
from tuheg_ir.diagnosis.view.releases import cause_of_release, release_evidence, releases
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

FEW = 3
LATELY = timedelta(hours=48)
"""A release may take so long until it has used up what a store allows."""
NEARLY_ALL = 0.7
"""Whoever keeps so large a part of what a store allows is the one, whoever else was released of late."""
_KINDS = ("store_limit", "store_quota", "database_statements_full")
_LACKS = ("out_of_memory", "disk_full")
_PROTECTS = "it comes back in the same state; who knows its data has to mend that first"
_PASSED = "no number that is new fits into the column afterwards: who knows the tables has to widen it"
_LIMITED = "it has as much of it afterwards: who knows its data has to say what may go, or raise the limit"


def when(view: View) -> Iterator[Match]:
    """It says so itself, or a caller passes its words on."""
    refused, limited = (
        complaints(view, "database_writes_refused"),
        complaints(view, *_KINDS),
    )
    for store in of_role(view.workloads, *DATA):
        mine = [c for c in refused if store.ref in (c.about, c.caller)]
        pieces = [each for each in mine if of_pieces(each.hit.line)]
        small = _in_pieces(view, store, pieces) or _by_an_edit(view, store, pieces) if pieces else None
        if small is not None:
            yield small
        elif mine:
            match = _match(view, store.ref, mine, "resource_exhaustion", _PROTECTS)
            yield match._replace(evidence=(*_reason(view, store), *match.evidence))
        elif mine := _of(view, store.ref, limited):
            yield _of_keeper(view, store, mine) or _limited(view, store, mine)
        elif (past := past_its_type(view, store.ref)) is not None:
            yield _of_numbers(view, store.ref, past)


def _reason(view: View, store: Workload) -> tuple[Evidence, ...]:
    """Return what a store itself says that it lacks, of what it needs to keep what is written."""
    own = (hit for hit in view.hits_of(store.ref, *_LACKS) if not hit.previous and fresh(view, hit))
    return tuple(view.hit_evidence(hit) for hit in own)[:1]


def _of(view: View, store: str, limited: tuple[Complaint, ...]) -> list[Complaint]:
    """Return who tells of a store's limit, unless it is a line or two that nobody feels."""
    mine = [c for c in limited if store in (c.about, c.caller)]
    few = sum(c.hit.count for c in mine) < FEW
    return [] if few and is_well(view, behind(view, store, *(c.caller for c in mine))) else mine


def _in_pieces(view: View, store: Workload, pieces: list[Complaint]) -> Match | None:
    """Return that a client's release has a store join more pieces than it can: without it the store catches up."""
    tellers = {each.caller for each in pieces}
    small = small_writes(view, store, began(pieces), [each.hit.line for each in pieces], tellers)
    if small is None:
        return None
    match, by = _match(view, store.ref, pieces, "", _PROTECTS), small.by
    return match._replace(
        component=by.ref,
        evidence=(*match.evidence, small.shown, *release_evidence(by, "image", "env")),
        certainty=0.75,
        root_cause="configuration_error" if small.set_so else cause_of_release(by),
        remedy="rollback_workload",
        explains=tuple(sorted({*match.explains, store.ref} - {by.ref})),
        excludes=(
            *(each for each in match.excludes if each.target != by.ref),
            *excluding(by.ref, "new pods write as small", *RESTARTS, "scale_workload"),
        ),
    )


def _by_an_edit(view: View, store: Workload, pieces: list[Complaint]) -> Match | None:
    """Return that a client writes in pieces since its settings were edited: who knows them puts them back."""
    lines, tellers = [each.hit.line for each in pieces], {each.caller for each in pieces}
    edited = edited_batches(view, store, began(pieces), lines, tellers)
    if edited is None:
        return None
    match, ref = _match(view, store.ref, pieces, "configuration_error", _PROTECTS), edited.by.ref
    return match._replace(
        component=edited.edit,
        evidence=(edited.shown, *match.evidence),
        certainty=edited.certainty,
        explains=tuple(sorted({*match.explains, store.ref, ref})),
        excludes=(
            *(each for each in match.excludes if each.target != ref),
            *excluding(ref, f"the template before reads {edited.edit} as well", "rollback_workload"),
            *excluding(ref, "new pods write as small", *RESTARTS, "scale_workload"),
        ),
    )


def _limited(view: View, store: Workload, found: list[Complaint]) -> Match:
    """Return that a store may hold no more; what it holds may be of a client that was released of late.

    Not where who was not released is refused as well: one release has not filled what both write into.
    """
    kinds = {each.hit.trouble for each in found}
    match = _match(view, store.ref, found, "resource_exhaustion" if kinds == {"store_quota"} else "capacity", _LIMITED)
    tellers = {each.caller for each in found} - {store.ref}
    released = _released(view, store) | _new(view, tellers)
    if "store_limit" in kinds or ("store_quota" in kinds and tellers - released):
        return match
    return match._replace(excludes=_sparing(match, released))


def _new(view: View, refs: Iterable[str]) -> set[str]:
    return {ref for ref in refs if (each := view.workloads.get(ref)) is not None and releases(view, each, LATELY)}


def _released(view: View, store: Workload) -> set[str]:
    """Return the clients of a store whose release may have used up what it allows."""
    return _new(view, view.graph.callers(store.ref))


def _sparing(match: Match, released: set[str]) -> tuple[Excluded, ...]:
    """Return what a match excludes, but for taking back what was released."""
    return tuple(e for e in match.excludes if e.remedy != "rollback_workload" or e.target not in released)


def _of_keeper(view: View, store: Workload, found: list[Complaint]) -> Match | None:
    """Return that one client keeps most of the statements that a store allows: its sessions' ends give them back.

    Not who was released of late: somebody has to look whether that brought it. Nor who may always have kept its part,
    where the release of another client may have brought the rest.
    """
    if any(each.hit.trouble != "database_statements_full" for each in found):
        return None  # it may hold no more of something else either: no client gives that back
    kept = kept_open(view, store, [each.hit.line for each in found])
    if kept is None:
        return None
    match, by = _match(view, store.ref, found, "", _LIMITED), kept.by
    came = _released(view, store) if kept.share < NEARLY_ALL else set()
    return match._replace(
        component=by.ref,
        evidence=(*match.evidence, kept.shown),
        certainty=0.75,
        root_cause="code_defect",
        remedy="page_human" if came or releases(view, by, LATELY) else "restart_workload",
        explains=tuple(sorted({*match.explains, store.ref} - {by.ref})),
        excludes=(
            *(each for each in _sparing(match, came) if each.target != by.ref),
            *excluding(by.ref, "further pods keep further statements", "scale_workload"),
        ),
    )


def _of_numbers(view: View, store: str, past: Past) -> Match:
    """Return that a column of a store holds no more numbers: what its callers write now did not come of a release."""
    match = _match(view, store, list(past.told), "resource_exhaustion", _PASSED)
    return match._replace(evidence=(*match.evidence, past.shown))


def _match(view: View, store: str, found: list[Complaint], cause: str, reason: str) -> Match:
    callers = tuple(ref for ref in behind(view, store, *(c.caller for c in found)) if ref != store)
    return Match(
        component=store,
        evidence=told(view, found),
        certainty=0.8,
        root_cause=cause,
        since=began(found),
        explains=callers,
        excludes=(
            *not_for(callers, f"{store} refuses them: nothing done to them makes it take writes"),
            *not_for((store,), reason, (*RESTARTS, "rollback_workload", "scale_workload", "scale_database")),
        ),
    )


RULE = Rule(
    name="writes_refused",
    title="A data service refuses writes: to protect its data, or as a limit of its own is reached",
    root_cause="resource_exhaustion",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no data service says that it takes no writes",
)
