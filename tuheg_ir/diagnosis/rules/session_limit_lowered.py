"""The database allows fewer sessions than before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import not_for
from tuheg_ir.diagnosis.rules._sessions import Full, clients, full, label_of, sufferers
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import mapping, newest, written
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

WORDS = (
    *("max_connections", "max-connections", "maxconnections", "max_user_connections"),
    *("maxconns", "maxincomingconnections"),
    *("max_client_conn", "max-client-conn", "maxclients", "max_clients", "max-clients"),
)
"""Settings of databases, of the poolers before them, and of caches."""
OF_POOLERS = ("pool_size", "pool-size", "max_db_connections", "max_user_connections")
"""Settings of how many sessions a pooler opens for its clients."""
LATELY = timedelta(hours=24)
"""A release longer ago has seen the busiest hour of a day."""
FELL = 0.95
"""A limit that is measured as what is taken and what is left swings by a little, and is the same."""
STEPPED = 0.98
"""One that was measured as two numbers only was set to the second, and may have fallen by less."""
_LIMIT = late(rf"(?:{'|'.join(WORDS)})\W{{0,6}}(\d+)", re.IGNORECASE)


class _Fall(NamedTuple):
    """To how many sessions a limit fell, when, how far from that it may be measured, and what shows it."""

    now: float
    within: float
    at: datetime
    shown: Evidence


def when(view: View) -> Iterator[Match]:
    """A database is full, and its limit fell or was set anew."""
    for each in full(view):
        workload = view.workloads.get(each.ref)
        fell = _fell(view, each.ref)
        # Before the limit fell, as many sessions were not too many.
        since = newest((each.since, fell.at if fell else None))
        changed = _changed(view, workload) if workload else ()
        maps = tuple(_maps(view, workload, fell)) if workload else ()
        if not fell and not changed and not maps:
            continue
        released = workload.released_at if workload else None
        source = maps[0].object if maps and not changed else ""
        evidence = (
            *((fell.shown,) if fell else ()),
            *(Evidence("objects", each.ref, c.told(), released) for c in changed),
            *maps,
            *each.evidence,
        )
        yield Match(
            component=source or each.ref,
            evidence=evidence,
            certainty=0.8 if fell or changed else 0.55,
            remedy="rollback_workload" if changed else "page_human",
            since=since or released,
            explains=sufferers(view, each._replace(since=since), but="" if source else each.ref),
            excludes=not_for(
                clients(view, each.ref), f"the limit of {each.ref} is what changed: no client can raise it"
            ),
        )


def _fell(view: View, ref: str) -> _Fall | None:
    label = label_of(view, "db_max_connections", ref)
    for series in view.figures.series("db_max_connections", component=label) if label else ():
        values = {value for _, value in series.points}
        most, now = max(values, default=0.0), series.last
        swings = len(values) > 2
        least = (FELL if swings else STEPPED) * most
        at = view.figures.crossed("db_max_connections", least, below=True, component=label)
        if now is not None and 0 < now < least and at is not None:
            shown = Evidence("metrics", ref, f"max_connections fell from {most:.0f} to {now:.0f}", at)
            return _Fall(now, (1 - FELL) * now if swings else 0.5, at, shown)
    return None


def _changed(view: View, workload: Workload) -> tuple[Change, ...]:
    """Return what a release has changed of the limit, unless it raised it; where it is unset now a default holds."""
    found = (c for c in workload.changes if any(w in f"{c.field} {c.before} {c.after}".lower() for w in WORDS))
    return tuple(c for c in found if not _raised(c)) if view.recent(workload.released_at, LATELY) else ()


def _raised(change: Change) -> bool:
    before, after = (_LIMIT.search(f"{change.field}={value}") for value in (change.before, change.after))
    return before is not None and after is not None and int(after[1]) >= int(before[1])


def limit_of(view: View, each: Full) -> int:
    """Return how many sessions a full database allows, as figures, it itself or its settings tell; 0 unknown.

    Beside the limit of all there may be lower ones of single users.
    """
    workload = view.workloads.get(each.ref)
    if each.usable or workload is None:
        return each.usable
    said = [" ".join(word for _, word in view.graph.commands(workload))]
    said += [f"{key}={value}" for key, value in view.graph.settings(workload)]
    return max((int(found[1]) for text in said for found in _LIMIT.finditer(text)), default=0)


def _maps(view: View, workload: Workload, fell: _Fall | None) -> Iterator[Evidence]:
    """Yield the database's ConfigMaps that set the limit: written in the last hour, or to just what it fell to.

    A database reads it when it starts, which may be days after somebody wrote it.
    """
    for name, found in view.maps_read(workload.template):
        told = " ".join(f"{key} {value}" for key, value in mapping(found, "data").items()).lower()
        words = (*WORDS, *OF_POOLERS) if role(workload) == "pooler" else WORDS
        set_there = next((word for word in words if word in told), "")
        if view.recent(written(found)) and set_there:
            yield Evidence("objects", f"ConfigMap/{name}", f"it sets {set_there} and was changed", written(found))
        elif fell and (to := [n[1] for n in _LIMIT.finditer(told) if abs(int(n[1]) - fell.now) <= fell.within]):
            yield Evidence("objects", f"ConfigMap/{name}", f"it sets max_connections to {to[0]}", written(found))


RULE = Rule(
    name="session_limit_lowered",
    title="The database allows fewer sessions than before",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no full database's limit fell or was changed",
)
