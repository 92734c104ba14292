"""A trigger of a table names a column that the table has no more: each write there fails, whoever writes.

What a change of the form of a table, or a copy of it that was broken off, left behind lies in the database, not in the
programs: a person has to mend the trigger, or to drop it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._missed import felt_by
from tuheg_ir.diagnosis.view.logs import times_near
from tuheg_ir.diagnosis.view.programs import of_role, role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_TOLD = late(
    r"Unknown column '[^']{1,80}' in '(?:NEW|OLD)'|record \\?\"(?:new|old)\\?\" has no field \\?\"\w"
    r"|ORA-04098: |error in trigger \w+: no such column"
)
"""How MySQL and MariaDB, PostgreSQL, Oracle and SQLite tell it: only a trigger knows the row as it was or will be."""
OFTEN = 3
STILL = timedelta(minutes=15)


class Told(NamedTuple):
    """What a workload tells of such a trigger: in how many lines, one of them, when first and last."""

    workload: Workload
    lines: int
    line: str
    pod: str
    first: datetime
    last: datetime


def when(view: View) -> Iterator[Match]:
    """Who writes is told so again and again, or the database tells it in its own log, and somebody suffers since."""
    told = [found for workload in view.serving if (found := _told(view, workload)) is not None]
    if not told:
        return
    writers = [each for each in told if role(each.workload) != "database"] or told
    began = min(each.first for each in told)
    tellers = tuple(each.workload.ref for each in told)
    felt = tuple(felt_by(view, behind(view, *tellers), began))
    if not any(sign.source != "logs" for sign in felt):
        return
    component = _store(view, tellers) or max(writers, key=lambda each: each.lines).workload.ref
    concerned = behind(view, *tellers, but=component)
    yield Match(
        component=component,
        evidence=(*(_evidence(each) for each in sorted(told, key=lambda each: each.first)[:3]), *felt[:2]),
        certainty=0.75,
        since=began,
        explains=concerned,
        excludes=(
            *not_for(concerned, "the trigger is in the database: no program that writes there brings the column back"),
            *excluding(component, "a trigger outlives its server's process", *RESTARTS, "rollback_workload"),
        ),
    )


def _told(view: View, workload: Workload) -> Told | None:
    """Return that the pods of a workload tell so still, and often."""
    found: list[tuple[datetime, str, str]] = []
    for log in view.logs_of(workload.live, previous=False):
        if any(map(_TOLD.search, log.lines)):
            times = zip(log.lines, times_near(log.lines), strict=True)
            found += [(at, line.strip(), log.pod) for line, at in times if at is not None and _TOLD.search(line)]
    if len(found) < OFTEN:
        return None
    first, last = min(found), max(found)
    if not view.recent(last[0], STILL):
        return None
    return Told(workload, len(found), last[1], last[2], first[0], last[0])


def _store(view: View, tellers: tuple[str, ...]) -> str:
    """Return the one database that tells it itself, or that those have who tell it; "" if it may be none, or another.

    A Secret may hide which one they use: then it is the only one that is there.
    """
    databases = {each.ref for each in of_role(view.workloads, "database")}
    used = set[str]().union(*(view.graph.needs(ref) for ref in tellers))
    for able in (databases & set(tellers), databases & used, databases):
        if able:
            return next(iter(able)) if len(able) == 1 else ""
    return ""


def _evidence(told: Told) -> Evidence:
    return Evidence("logs", f"Pod/{told.pod}", f"{told.lines} lines tell it: {told.line[:300]}", told.first)


RULE = Rule(
    name="trigger_lacks_a_column",
    title="A trigger in the database names a column that is not there any more",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="nobody is told again and again that a trigger misses a column while somebody suffers",
)
