"""A trigger of a table names a column that the table has no more: each write there fails, whoever writes.

What a change of the form of a table, or a copy of it that was broken off, left behind lies in the database, not in the
programs: a person has to mend the trigger, or to drop it.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._missed import felt_by
from tuheg_ir.diagnosis.rules._repeated import repeated
from tuheg_ir.diagnosis.view.programs import of_role, role
from tuheg_ir.diagnosis.view.view import View

_TOLD = late(
    r"Unknown column '[^']{1,80}' in '(?:NEW|OLD)'|record \\?\"(?:new|old)\\?\" has no field \\?\"\w"
    r"|ORA-04098: |error in trigger \w+: no such column"
)
"""How MySQL and MariaDB, PostgreSQL, Oracle and SQLite tell it: only a trigger knows the row as it was or will be."""
_WORDS = ("unknown column", "has no field", "ora-04098", "error in trigger")
OFTEN = 3


def when(view: View) -> Iterator[Match]:
    """Who writes is told so again and again, or the database tells it in its own log, and somebody suffers since."""
    asked = ((workload.ref, repeated(view, workload, _TOLD, _WORDS, OFTEN)) for workload in view.serving)
    told = {ref: seen for ref, seen in asked if seen is not None}
    if not told:
        return
    writers = [ref for ref in told if role(view.workloads[ref]) != "database"] or [*told]
    began = min(seen.since for seen in told.values())
    tellers = tuple(told)
    felt = tuple(felt_by(view, behind(view, *tellers), began))
    if not any(sign.source != "logs" for sign in felt):
        return
    component = _store(view, tellers) or max(writers, key=lambda ref: told[ref].number)
    concerned = behind(view, *tellers, but=component)
    yield Match(
        component=component,
        evidence=(*(seen.told() for seen in sorted(told.values(), key=lambda seen: seen.since)[:3]), *felt[:2]),
        certainty=0.75,
        since=began,
        explains=concerned,
        excludes=(
            *not_for(concerned, "the trigger is in the database: no program that writes there brings the column back"),
            *excluding(component, "a trigger outlives its server's process", *RESTARTS, "rollback_workload"),
        ),
    )


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


RULE = Rule(
    name="trigger_lacks_a_column",
    title="A trigger in the database names a column that is not there any more",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="nobody is told again and again that a trigger misses a column while somebody suffers",
)
