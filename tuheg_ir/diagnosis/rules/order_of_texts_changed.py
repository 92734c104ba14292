"""A database's indexes of texts are in the order of a former library, and are read in that of another.

PostgreSQL sorts texts as the C library of its image, or ICU, does. With another one it no longer finds what it has, and
a unique index lets the same value in twice. Going back leaves what was written since in the wrong order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for
from tuheg_ir.diagnosis.state import signs_of_trouble
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.logs import speaks_of, times_around
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import BEFORE
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
DAY = timedelta(days=1)
"""Who has warned of nothing for so long has another order by now, or the old one again."""


def when(view: View) -> Iterator[Match]:
    """A database warns of another order of texts since its start, an index is not in order, and something is wrong."""
    for server in of_role(view.workloads, "database"):
        warnings = list(_warned(view, server))
        warned = warnings[0] if warnings and view.recent(warnings[-1].time or view.now, DAY) else None
        shown = list(_shown(view, server)) if warned else []
        signs = list(signs_of_trouble(view)) if shown else []
        if warned is None or not signs:
            continue
        callers = behind(view, server.ref, but=server.ref)
        images = [c for c in server.changed("image") if c.before and c.after]
        changed = (Evidence("objects", server.ref, f"released: {c.told()}", server.released_at) for c in images[:1])
        yield Match(
            component=server.ref,
            evidence=(warned, *shown[:2], *changed, *signs[:1]),
            certainty=0.75,
            since=warned.time,
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


def _shown(view: View, server: Workload) -> Iterator[Evidence]:
    """Yield what shows that an index is not in order: a check since the server's start, or a value found twice."""
    for log in view.logs_of(server.live, previous=False):
        yield from _lines(log, _BROKEN, server.ref)
        if all(any(each.search(line) for line in log.lines) for each in (_SAME, _ANEW)):
            yield from _lines(log, _TWICE, server.ref)
    start = oldest(pod.started for pod in server.live)
    for run in (w for w in view.workloads.values() if w.kind in BATCH):
        made = {pod.name: pod.created for pod in run.pods}
        for log in view.logs_of(run.pods):
            if speaks_of(log, ("invariant violated", "lacks matching")) and _since(made[log.pod], start):
                yield from _lines(log, _BROKEN, run.ref)


def _since(made: datetime | None, start: datetime | None) -> bool:
    """Tell whether a check was made since the server was started; what is not known may be."""
    return made is None or start is None or made >= start + BEFORE


def _lines(log: Log, pattern: re.Pattern[str], ref: str) -> Iterator[Evidence]:
    upto, _ = times_around(log.lines)
    for at, line in zip(upto, log.lines, strict=True):
        if pattern.search(line):
            yield Evidence("logs", ref, line.strip()[:240], at)


RULE = Rule(
    name="order_of_texts_changed",
    title="A database reads indexes of texts in another order than they were written in",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no database that warns of another version of its order of texts has an index that is not in order",
)
