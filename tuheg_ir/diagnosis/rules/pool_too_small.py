"""A service waits for its own pool while the database has room."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._figures import is_well
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._holders import owned
from tuheg_ir.diagnosis.rules._kept_by_calls import kept_by_calls
from tuheg_ir.diagnosis.rules._sessions import FEW, figure, full, released_before
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.complaints import Complaint, complaints, told
from tuheg_ir.diagnosis.view.reading import mapping, written
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import MINUTE
from tuheg_ir.diagnosis.view.usage import starving
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

POOL = late(r"pool|conn(?:ection)?s?[_.-]?(?:max|limit|size)|max[_.-]?conn|hikari", re.IGNORECASE)

CROWD = late(
    r"(?P<what>\w*(?:thread|worker|concurren|parallel|max[_.-]?children|in[_.-]?flight)\w*)[\s=:\"',]*(?P<many>\d+)",
    re.IGNORECASE,
)
"""Settings of how many do something at once, each with a connection of its own."""
_EMPTY = late(r"\(total=0\b")
"""By this a pool tells that it holds no connection at all: it cannot open any, whatever its size."""


def when(view: View) -> Iterator[Match]:
    """A service reports that its pool is exhausted; no database is full."""
    crowded = {each.ref for each in full(view)}
    seen: set[str] = set()
    locked = bool(complaints(view, "lock_wait"))
    for each in complaints(view, "pool_exhausted"):
        workload = view.workloads.get(each.caller)
        if workload is None or workload.ref in seen or each.about in crowded or (crowded and not each.about):
            continue
        if _over(view, each) or _EMPTY.search(each.hit.line):
            continue
        seen.add(workload.ref)
        if each.hit.count < FEW and is_well(view, behind(view, workload.ref)):
            continue
        changed = _changed(workload) if released_before(view, workload, each.hit.first) else ()
        changed = changed or (_crowded(workload) if since_release(workload, each.hit.first) else ())
        maps = tuple(_maps(view, workload))
        yield Match(
            component=maps[0].object if maps and not changed else workload.ref,
            evidence=(
                *told(view, [each]),
                *(Evidence("objects", workload.ref, c.told(), workload.released_at) for c in changed),
                *maps,
                *_room(view, each.about),
            ),
            # Who waits for a lock, processor time or others keeps its connections: then a full pool says little.
            certainty=0.8 if changed else 0.6 if maps else 0.25 if locked or _doubtful(view, workload, each) else 0.4,
            remedy="rollback_workload" if changed else "page_human",
            since=each.hit.first,
            explains=tuple(r for r in behind(view, workload.ref) if maps or r != workload.ref)
            if changed or maps
            else (),
        )


def _doubtful(view: View, workload: Workload, each: Complaint) -> bool:
    """Tell whether one of several pods complains alone, which has a pool like the others', or is kept from its work.

    It lacks processor time, or waited for others before it complained.
    """
    alone = len({hit.pod for hit in view.hits_of(workload.ref, "pool_exhausted")}) == 1 and len(workload.live) > 2
    return alone or starving(view, workload) or kept_by_calls(view, workload, each.hit.first)


def _over(view: View, each: Complaint) -> bool:
    """Tell whether a complaint is of an earlier trouble: who waits for a pool goes on complaining."""
    return each.hit.last is not None and each.hit.last < view.now - MINUTE


def _changed(workload: Workload) -> tuple[Change, ...]:
    return tuple(c for c in workload.changed("env", "command") if POOL.search(f"{c.field} {c.before} {c.after}"))


def _crowded(workload: Workload) -> tuple[Change, ...]:
    """Return how a release lets more do something at once, which then share as many connections as before."""
    return tuple(c for c in workload.changed("env", "command") if _more(_crowd(c, c.before), _crowd(c, c.after)))


def _crowd(change: Change, value: str) -> dict[str, int]:
    """Return how many of what a value allows at once."""
    said = value if CROWD.search(value) else change.said(value)
    return {found["what"].lower(): int(found["many"]) for found in CROWD.finditer(said)}


def _more(before: dict[str, int], after: dict[str, int]) -> bool:
    return any(many > before.get(what, 1) for what, many in after.items())


def _maps(view: View, workload: Workload) -> Iterator[Evidence]:
    for name, found in view.maps_read(workload.template):
        young = view.recent(written(found))
        if young and any(POOL.search(f"{key} {value}") for key, value in mapping(found, "data").items()):
            yield Evidence("objects", f"ConfigMap/{name}", "it sets the pool and was changed", written(found))


def _room(view: View, database: str) -> Iterator[Evidence]:
    for each in view.databases:
        if each.ref == database or not database:
            held = sum(s.count for s in each.sessions)
            clients = len({owned((s,)) or s.client for s in each.sessions})
            yield Evidence("database", each.ref, f"it has room: {held} of {each.usable} sessions, {clients} clients")
    taken, most = figure(view, "db_connections", database), figure(view, "db_max_connections", database)
    if taken is not None and most:
        yield Evidence("metrics", database, f"it has room: {taken:.0f} of {most:.0f} connections")


RULE = Rule(
    name="pool_too_small",
    title="A service's own connection pool is too small; the database has room",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not="no service waits for its own pool while the database has room",
    follows=True,
)
