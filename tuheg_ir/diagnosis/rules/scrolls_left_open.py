"""A search server opens no more scrolls for anybody: somebody leaves as many open as it may hold.

Who is refused is not who holds them. Where one client's release has its own kept far longer, and all that others may
hold is little beside that, taking it back ends it; else a person has to look for the holder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Excluded
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for, not_their_own
from tuheg_ir.diagnosis.rules._scrolls import kept_longer, may_hold_as_much, runs_may_hold
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.logs import begun, lines_told, times_near
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import release_evidence
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

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
    users = [each for each in view.serving if _asks(view, each, store) or each in full.clients]
    raised = [(each, changes) for each in users if (changes := kept_longer(each, first))]
    if len(raised) == 1:
        by, changes = raised[0]
        others = [each for each in users if each.ref != by.ref]
        doubt = may_hold_as_much((*others, store), by, first) or runs_may_hold(view, store, by, first)
        yield _held_by(view, store, by, changes, full, remedy="page_human" if doubt else "")
    elif len(full.clients) >= SEVERAL:
        yield _match(view, store, full)


def _full(view: View, store: Workload) -> _Full | None:
    """Return that clients of a server are refused scrolls still, several times each; None: nobody is.

    One of them at least is known to ask it: what another server elsewhere refuses is not its matter.
    """
    found = [(workload, told) for workload in view.serving if (told := _told(view, workload)) is not None]
    clients = tuple(workload for workload, _ in found if workload.ref != store.ref)
    known = any(workload.ref == store.ref or _asks(view, workload, store) for workload, _ in found)
    return _Full(tuple(told for _, told in found), clients) if clients and known else None


def _asks(view: View, client: Workload, store: Workload) -> bool:
    return store.ref in view.graph.calls.get(client.ref, ())


def _told(view: View, workload: Workload) -> Evidence | None:
    """Return the lines by which a workload tells that no more scrolls are opened, lately and several times."""
    count, shown, pod = 0, "", ""
    times: list[datetime | None] = []
    for log in view.logs_of(workload.live, previous=False):
        places = [n for n, line in enumerate(log.lines) if "oo many" in line and _REFUSED.search(line.lower())]
        if places:
            near = times_near(log.lines)
            times += [near[n] for n in places]
            count, shown, pod = count + len(places), log.lines[places[-1]].strip(), log.pod
    if sum(view.recent(each, STILL) for each in times) < OFTEN:
        return None
    return lines_told(pod, count, shown, _since(times))


def _since(times: Sequence[datetime | None]) -> datetime | None:
    """Return since when scrolls are refused: a peak that was met once before is another matter."""
    known = [each for each in times if each is not None]
    first = begun(known)
    return first if sum(first is not None and each < first for each in known) < OFTEN else oldest(known)


def _held_by(
    view: View, store: Workload, by: Workload, changes: Sequence[Change], full: _Full, *, remedy: str
) -> Match:
    """Return that the release of one client has its scrolls kept so much longer that nobody gets one."""
    longer = (Evidence("objects", by.ref, f"its scrolls are kept longer: {c.told()}", by.released_at) for c in changes)
    others = tuple(ref for ref in _short_of(view, store, full) if ref != by.ref)
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


def _short_of(view: View, store: Workload, full: _Full) -> tuple[str, ...]:
    """Return who suffers as no scroll is opened: not who fails since a later release of its own and is refused none."""
    clients = {client.ref for client in full.clients}
    others = [ref for ref in behind(view, store.ref, *clients, but=store.ref) if ref not in clients]
    began = oldest(each.time for each in full.evidence)
    return tuple(sorted({*clients, *not_their_own(view, others, began)}))


def _match(view: View, store: Workload, full: _Full) -> Match:
    """Return that nobody gets a scroll any more, and it does not show who leaves them open."""
    others = _short_of(view, store, full)
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
