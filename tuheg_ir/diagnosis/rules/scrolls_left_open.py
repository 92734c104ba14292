"""A search server opens no more scrolls for anybody: somebody leaves as many open as it may hold.

Who is refused is not who holds them. Where one client's release has its own kept far longer, and all that others may
hold is little beside that, taking it back ends it; else a person has to look for the holder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Excluded
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._scrolls import kept_longer, may_hold_as_much
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.logs import times_around
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.releases import release_evidence
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

OFTEN = 3
"""Who is refused once or twice has met a peak."""
STILL = timedelta(minutes=15)
SEVERAL = 2
"""One client that is refused alone may ask for too many by itself; several are short of what somebody else holds."""
_REFUSED = late(r"too many (?:scroll|point in time) contexts")
"""Elasticsearch, and OpenSearch of its points in time as well; clients pass the words on."""


class _Full(NamedTuple):
    """What tells that a server opens no more: the lines of its clients and its own, and which clients are refused."""

    evidence: tuple[Evidence, ...]
    clients: tuple[Workload, ...]


def when(view: View) -> Iterator[Match]:
    """Clients of the one search server are refused scrolls; one's release has its own kept far longer, or not."""
    stores = of_role(view.workloads, "search")
    full = _full(view, stores[0]) if len(stores) == 1 else None
    first = oldest(each.time for each in full.evidence) if full else None
    if full is None or first is None:
        return
    store = stores[0]
    users = [each for each in view.serving if each.ref in view.graph.callers(store.ref) or each in full.clients]
    raised = [(each, changes) for each in users if (changes := kept_longer(each, first))]
    if len(raised) == 1:
        by, changes = raised[0]
        others = [each for each in users if each.ref != by.ref]
        doubt = may_hold_as_much(others, by, first)
        yield _held_by(view, store, by, changes, full, remedy="page_human" if doubt else "")
    elif len(full.clients) >= SEVERAL:
        yield _match(view, store, full)


def _full(view: View, store: Workload) -> _Full | None:
    """Return that clients of a server are refused scrolls still, several times each; None: nobody is."""
    found = [(workload, told) for workload in view.serving if (told := _told(view, workload)) is not None]
    clients = tuple(workload for workload, _ in found if workload.ref != store.ref)
    return _Full(tuple(told for _, told in found), clients) if clients else None


def _told(view: View, workload: Workload) -> Evidence | None:
    """Return the lines by which a workload tells that no more scrolls are opened, lately and several times."""
    count, times, shown, pod = 0, [], "", ""
    for log in view.logs_of(workload.live, previous=False):
        places = [n for n, line in enumerate(log.lines) if "too many" in line and _REFUSED.search(line.lower())]
        if places:
            upto, until = times_around(log.lines)
            times += [upto[n] or until[n] for n in places]
            count, shown, pod = count + len(places), log.lines[places[-1]].strip(), log.pod
    last = newest(times)
    if count < OFTEN or not view.recent(last, STILL):
        return None
    return Evidence("logs", f"Pod/{pod}", f"log ({count} lines): {shown[:240]}", oldest(times))


def _held_by(
    view: View, store: Workload, by: Workload, changes: Sequence[Change], full: _Full, *, remedy: str
) -> Match:
    """Return that the release of one client has its scrolls kept so much longer that nobody gets one."""
    longer = (Evidence("objects", by.ref, f"its scrolls are kept longer: {c.told()}", by.released_at) for c in changes)
    others = tuple(
        ref for ref in behind(view, store.ref, *(c.ref for c in full.clients), but=by.ref) if ref != store.ref
    )
    return Match(
        component=by.ref,
        evidence=(*longer, *release_evidence(by, "image"), *full.evidence[:4]),
        certainty=0.8,
        root_cause="code_defect" if by.changed("image") else "configuration_error",
        remedy=remedy or "rollback_workload",
        since=oldest(each.time for each in full.evidence),
        explains=tuple(sorted({*others, store.ref})),
        excludes=(
            *excluding(by.ref, "new pods leave as many open", *RESTARTS, "scale_workload"),
            *not_for(others, f"{by.ref} holds what {store.ref} may keep open: nothing done to others gives it back"),
            *_of_store(store),
        ),
    )


def _match(view: View, store: Workload, full: _Full) -> Match:
    """Return that nobody gets a scroll any more, and it does not show who leaves them open."""
    others = tuple(ref for ref in behind(view, store.ref, *(c.ref for c in full.clients)) if ref != store.ref)
    reason = f"{store.ref} opens none before others are closed or end: a new process gets none either"
    return Match(
        component=store.ref,
        evidence=full.evidence[:5],
        certainty=0.7,
        since=oldest(each.time for each in full.evidence),
        explains=others,
        excludes=(*not_for(others, reason, (*RESTARTS, "scale_workload")), *_of_store(store)),
    )


def _of_store(store: Workload) -> tuple[Excluded, ...]:
    reason = "each open scroll ends by itself in the time that its client asked for; its data needs all its members"
    return not_for((store.ref,), reason, ("restart_workload", "rollback_workload", "scale_workload"))


RULE = Rule(
    name="scrolls_left_open",
    title="A search server opens no more scrolls, as somebody leaves as many open as it may hold",
    root_cause="resource_exhaustion",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="nobody is refused a scroll by a search server again and again",
)
