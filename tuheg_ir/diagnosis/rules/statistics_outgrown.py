"""Many rows came into a table, and the database plans its statements as if they were not there.

A load that leaves out ANALYZE, or whose ANALYZE is broken off, leaves the planner with what it knew before. No template
of those who ask brings statistics, and none of their pods: somebody has to have them made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._asks_it import who_asks
from tuheg_ir.diagnosis.rules._figures import busy_pods, felt_from, said_by_callers
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, not_for
from tuheg_ir.diagnosis.rules._plans_off import plans_off
from tuheg_ir.diagnosis.view.batch import ended, started, tries
from tuheg_ir.diagnosis.view.logs import times_near
from tuheg_ir.diagnosis.view.pods import controller
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import oldest, ref
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN, labels_of, suffering
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

SIGNAL = "db_rows_unanalyzed"
MUCH = 0.2
"""Autovacuum makes statistics anew where a tenth of a table was written, if nobody keeps it from that."""
BUSY = 0.7
SOON = timedelta(minutes=15)
"""So soon after a load its rows are asked for."""
CLOCKS = timedelta(minutes=2)
_LEAST = 4
"""A shorter name is found in any line."""
_LOADS = late(
    r"\b(?:\w*load\w*|import\w*|cop(?:y|ied)|insert\w*|upsert\w*|ingest\w*|restor\w*|backfill\w*|vacuum\w*|analy[sz]\w*"
    r"|autovacuum_enabled)\b",
    re.IGNORECASE,
)
"""Words of who fills a table, and cares for it afterwards."""


class Unknown(NamedTuple):
    """Tables of which a database does not know what they hold, and what shows it.

    ``grew``: since when figures tell that much of them is new; ``plans``: what is planned without knowing it.
    """

    tables: frozenset[str]
    seen: tuple[Evidence, ...]
    grew: datetime | None
    plans: tuple[Evidence, ...]


def when(view: View) -> Iterator[Match]:
    """Plans are far off, or a table has many rows since its statistics were made, since a load of it; users suffer."""
    for server in of_role(view.workloads, "database"):
        unknown = _unknown(view, server)
        if unknown is None:
            continue
        callers = who_asks(view, server.ref)
        hurts = tuple(felt_from(view, server.ref, callers)) or tuple(suffering(view, server.ref))
        began = oldest(e.time for e in hurts)
        if began is None:
            continue
        load = next(_loads(view, unknown, began), None)
        grew = unknown.grew is not None and began - SOON <= unknown.grew <= began + CLOCKS
        if (load or grew) and (unknown.plans or _slow_itself(view, server, callers, began)):
            yield _match(server, unknown, load, hurts, callers, began)


def _unknown(view: View, server: Workload) -> Unknown | None:
    """Return of which tables a database does not know what they hold, by its plans and by figures."""
    written = _written(view, server)
    off = plans_off(view, server)
    if not off and not written:
        return None
    plans = tuple(
        Evidence("logs", server.ref, f"{len(off)} plans are far off: {last.node[:240]}", off[0].at) for last in off[-1:]
    )
    read = frozenset[str]().union(*(each.tables for each in off))
    counted = tuple(
        Evidence("metrics", server.ref, f"{share:.0%} of the rows of {table} were written since it was analyzed", since)
        for table, (share, since) in written.items()
        if not read or table in read
    )
    grew = oldest(each.time for each in counted)
    return Unknown(read or frozenset(written), (*plans, *counted[:2]), grew, plans)


def _written(view: View, server: Workload) -> dict[str, tuple[float, datetime | None]]:
    """Return table -> which share of it is not in its statistics, and since when that is much."""
    found: dict[str, tuple[float, datetime | None]] = {}
    for label in labels_of(view, server.ref, SIGNAL):
        for series in view.figures.series(SIGNAL, component=label):
            table = series.labels.get("table", "")
            now = view.figures.now(SIGNAL, component=label, table=table)
            if now is not None and now >= MUCH:
                found[table] = now, view.figures.crossed(SIGNAL, MUCH, component=label, table=table)
    return found


def _loads(view: View, unknown: Unknown, began: datetime) -> Iterator[Evidence]:
    """Yield the line of a run that fills such a table, where users began to suffer amid that run or soon after it."""
    names = [re.escape(table) for table in unknown.tables if len(table) >= _LEAST]
    named = re.compile(rf"(?<![a-z0-9_])(?:{'|'.join(names) or '(?!)'})(?![a-z0-9_])", re.IGNORECASE)
    for job in view.snapshot.of("Job"):
        run, since, until = view.workloads.get(controller(job) or ref(job)), started(job), ended(job)
        if run is None or since is None or not since <= began <= (until or view.now) + SOON:
            continue
        if any(each.time is not None and each.time < since for each in unknown.plans):
            continue  # it did not know the table before that either
        for log in view.logs_of(tries(job, run.pods)):
            told = [n for n, line in enumerate(log.lines) if named.search(line) and _LOADS.search(line)]
            if told:
                at = times_near(log.lines)[told[-1]]
                yield Evidence("logs", ref(job), f"it fills {_one(unknown)}: {log.lines[told[-1]].strip()}", at)


def _one(unknown: Unknown) -> str:
    return ", ".join(sorted(unknown.tables)[:3])


def _slow_itself(view: View, server: Workload, callers: tuple[str, ...], began: datetime) -> bool:
    """Tell whether it is the database that is slow, and none of those who ask it was released as that began."""
    if any(since_release(view.workloads[each], began) for each in callers if each in view.workloads):
        return False  # it may ask in another way than before
    slow = (hit for hit in view.hits_of(server.ref, "slow_statement") if hit.count >= OFTEN)
    return any(slow) or any(busy_pods(view, server, BUSY)) or any(said_by_callers(view, server.ref))


def _match(
    server: Workload,
    unknown: Unknown,
    load: Evidence | None,
    hurts: tuple[Evidence, ...],
    callers: tuple[str, ...],
    began: datetime,
) -> Match:
    reason = f"{server.ref} plans as if {_one(unknown)} were as before, until its statistics are made"
    return Match(
        component=server.ref,
        evidence=(*unknown.seen, *((load,) if load else ()), *hurts[:3]),
        certainty=0.7 if unknown.plans and load else 0.6 if unknown.plans else 0.5,
        since=began,
        explains=callers,
        excludes=not_for((server.ref, *callers), reason, (*ON_CALLERS, "scale_database")),
    )


RULE = Rule(
    name="statistics_outgrown",
    title="A table was filled, and the database plans its statements as if it were as before",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no database plans far from what a load has left in a table",
)
