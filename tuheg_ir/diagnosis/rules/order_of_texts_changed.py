"""A database's indexes of texts are in the order of a former library, and are read in that of another.

PostgreSQL sorts texts as the C library of its image, or ICU, does. With another one it no longer finds what it has, and
a unique index lets the same value in twice. Going back leaves what was written since in the wrong order.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for, not_their_own
from tuheg_ir.diagnosis.rules._missed import felt_by
from tuheg_ir.diagnosis.view.logs import speaks_of, times_around
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.releases import BEFORE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload

_MISMATCH = late(
    r'\bdatabase "[^"]{1,63}" has a collation version mismatch|\bcollation "[^"]{1,63}" has version mismatch'
)
_BROKEN = late(
    r"\b(?:item order|high key|cross page item order|down-link lower bound) invariant violated for index"
    r"|\blacks matching index tuple within index\b"
)
"""How a check of indexes (amcheck) tells that one is not in order, or misses a row."""
_TWICE = late(r'\bcould not create unique index "')
_SAME, _ANEW = late(r"\bis duplicated\."), late(r"\bREINDEX\b", re.IGNORECASE)
"""An index that was unique finds the same value twice as it is made anew."""
TOGETHER = 6
"""So many lines from an error on hold its detail and the statement that it is of."""
DAY = timedelta(days=1)
"""Who has warned of nothing for so long has another order by now, or the old one again."""


def when(view: View) -> Iterator[Match]:
    """A database warns of another order of texts since its start, an index is not in order, and something is wrong."""
    servers = of_role(view.workloads, "database")
    for server in servers:
        warnings = list(_warned(view, server))
        latest = newest(each.time for each in warnings)
        shown = list(_shown(view, server, servers)) if warnings and (latest is None or view.recent(latest, DAY)) else []
        began = oldest(each.time for each in warnings)
        near = not_their_own(view, behind(view, server.ref), began) if shown else ()
        signs = list(felt_by(view, ("", *near), began)) if shown else []
        if signs:
            yield _match(server, near, (warnings[0], *shown[:2]), signs)


def _match(server: Workload, near: Collection[str], seen: tuple[Evidence, ...], signs: list[Evidence]) -> Match:
    callers = tuple(ref for ref in near if ref != server.ref)
    images = [c for c in server.changed("image") if c.before and c.after]
    changed = (Evidence("objects", server.ref, f"released: {c.told()}", server.released_at) for c in images[:1])
    return Match(
        component=server.ref,
        evidence=(*seen, *changed, *signs[:1]),
        certainty=0.75,
        since=seen[0].time,
        explains=callers,
        excludes=not_for(
            (server.ref,),
            "what was written since is in the new order: its indexes must be made anew",
            (*RESTARTS, "rollback_workload", "scale_workload"),
        )
        + not_for(callers, f"{server.ref} does not find what it has until its indexes are made anew", ON_CALLERS),
    )


def _warned(view: View, server: Workload) -> Iterator[Evidence]:
    for log in view.logs_of(server.live, previous=False):
        if speaks_of(log, ("mismatch",)):
            yield from _lines(log, _MISMATCH, server.ref)


def _shown(view: View, server: Workload, servers: Collection[Workload]) -> Iterator[Evidence]:
    """Yield what shows that an index is not in order: a check since the server's start, or a value found twice."""
    for log in view.logs_of(server.live, previous=False):
        yield from _lines(log, _BROKEN, server.ref)
        if any(_found_twice(log.lines[n : n + TOGETHER]) for n in range(len(log.lines))):
            yield from _lines(log, _TWICE, server.ref)
    start = oldest(pod.started for pod in server.live)
    for run in (w for w in view.workloads.values() if w.kind in BATCH and _checks(view, w, server, servers)):
        logs, made = _latest(view, run)
        for log in logs if _since(made, start) else ():
            if speaks_of(log, ("invariant violated", "lacks matching")):
                yield from _lines(log, _BROKEN, run.ref)


def _found_twice(lines: Sequence[str]) -> bool:
    """Tell whether an index that is made anew finds a value twice, by what a server tells of one error."""
    return bool(_TWICE.search(lines[0])) and all(any(each.search(line) for line in lines) for each in (_SAME, _ANEW))


def _checks(view: View, run: Workload, server: Workload, servers: Collection[Workload]) -> bool:
    """Tell whether a run asks a database; if nobody knows whom it asks, the only one there is."""
    asked = {each.ref for each in servers} & view.graph.calls.get(run.ref, set())
    return server.ref in asked if asked else len(servers) == 1


def _latest(view: View, run: Workload) -> tuple[list[Log], datetime | None]:
    """Return the logs of the newest run, and when that was made: what an older one found may be mended."""
    made = {pod.name: pod.created for pod in run.pods}
    logs = [log for log in view.logs_of(run.pods) if log.lines]
    last = max((log.pod for log in logs), key=lambda pod: (str(made[pod] or ""), pod), default="")
    return [log for log in logs if log.pod == last], made.get(last)


def _since(made: datetime | None, start: datetime | None) -> bool:
    """Tell whether a check was made since the server was started; what is not known may be."""
    return made is None or start is None or made >= start + BEFORE


def _lines(log: Log, pattern: re.Pattern[str], ref: str) -> Iterator[Evidence]:
    upto, _ = times_around(log.lines)
    for at, line in zip(upto, log.lines, strict=True):
        if pattern.search(line):
            yield Evidence("logs", ref, line.strip(), at)


RULE = Rule(
    name="order_of_texts_changed",
    title="A database reads indexes of texts in another order than they were written in",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no database that warns of another version of its order of texts has an index that is not in order",
)
