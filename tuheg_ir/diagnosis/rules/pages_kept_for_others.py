"""An edge keeps pages that are meant for one user, and hands them to others, since it got other settings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._called import called_before
from tuheg_ir.diagnosis.rules._helping import not_for
from tuheg_ir.diagnosis.rules._private_pages import (
    Kept,
    drops_cookies,
    keeps_answers,
    kept_pages,
    lets_keep_more,
    meets_others,
    stands_behind,
)
from tuheg_ir.diagnosis.view.releases import SOON, cause_of_release, release_evidence, releases, soon_after
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes

LATELY = timedelta(hours=6)
"""Settings that are older have proved themselves: nobody was shown what is another's."""


def when(view: View) -> Iterator[Match]:
    """Since its release lets an edge keep more, or settings of it were written, users meet what is of others.

    After an edit its log has to show both, private pages that came from behind before it and out of the cache since.
    New pods have new logs: of a release its settings have to say that it may keep more than before.
    """
    for edge in view.serving:
        if not keeps_answers(edge):
            continue
        kept = kept_pages(view, edge)
        if releases(view, edge, LATELY) and not edge.returned and (setting := lets_keep_more(view, edge)):
            yield from _of_release(view, edge, kept, setting)
        elif kept and kept.uncached:
            edits = [each for each in outside_changes(view, edge) if soon_after(kept.since, each[1])]
            yield from _of_edit(view, edge, kept, *edits[0]) if len(edits) == 1 else ()


def _of_release(view: View, edge: Workload, kept: Kept | None, setting: str) -> Iterator[Match]:
    came = edge.released_at
    if came is None or called_before(view, came) or (kept and kept.since and not soon_after(kept.since, came)):
        return
    if not drops_cookies(setting) and (kept is None or _behind_released(view, edge, came)):
        return  # to keep more is no fault where it is for all, and who answers may mix users up himself
    if said := tuple(meets_others(view, edge, came)):
        told = Evidence("objects", edge.ref, f"its release told it {setting}", came)
        yield _match(view, edge, edge.ref, cause_of_release(edge), (told, *release_evidence(edge)[:1]), kept, said)


def _behind_released(view: View, edge: Workload, came: datetime) -> bool:
    behind = (each.released_at for each in stands_behind(view, edge) if each.changes)
    return any(at is not None and at >= came - SOON for at in behind)


def _of_edit(view: View, edge: Workload, kept: Kept, ref: str, at: datetime) -> Iterator[Match]:
    if said := tuple(meets_others(view, edge, at)) if not called_before(view, at) else ():
        told = Evidence("objects", ref, "it was written", at)
        match = _match(view, edge, ref, "configuration_error", (told,), kept, said)
        yield match._replace(remedy="page_human", explains=(*match.explains, edge.ref))


def _match(
    view: View,
    edge: Workload,
    component: str,
    cause: str,
    changed: tuple[Evidence, ...],
    kept: Kept | None,
    said: tuple[Evidence, ...],
) -> Match:
    fact = f"{kept.pages} pages as {kept.path} came out of its cache, for several clients" if kept else ""
    asked = tuple(each.ref for each in stands_behind(view, edge))
    return Match(
        component=component,
        evidence=(*changed, *((Evidence("logs", edge.ref, fact, kept.since),) if kept else ()), *said[:3]),
        certainty=0.7 if kept else 0.6,
        root_cause=cause,
        since=kept.since if kept else changed[0].time,
        explains=tuple(dict.fromkeys((*asked, *view.graph.callers(edge.ref)))),
        excludes=(
            *excluding(edge.ref, "its cache is full of such pages again in moments", *RESTARTS, "scale_workload"),
            *not_for(asked, f"{edge.ref} hands out what it has answered to others"),
        ),
    )


RULE = Rule(
    name="pages_kept_for_others",
    title="An edge hands pages that are meant for one user out of its cache to others",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no edge keeps pages for others that are meant for one user since it got other settings",
)
