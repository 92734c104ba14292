"""A database draws ids that its rows have already: the counter that gives them stands behind.

Logical replication carries no sequences of PostgreSQL along, nor do copied rows or those that bring their own ids. Each
attempt draws the next one, whichever version of a client asks. A person sets the counters to what is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for, not_their_own
from tuheg_ir.diagnosis.view.complaints import STILL
from tuheg_ir.diagnosis.view.logs import speaks_of, times_near
from tuheg_ir.diagnosis.view.programs import of_role, role
from tuheg_ir.diagnosis.view.reading import created, last_write, oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

OFTEN = 5
"""Of one table so many ids in turn are taken: a counter that is a few behind has soon caught up."""
RISING = 0.8
"""So many of them follow a lower one: several clients draw at once."""
TOGETHER = 6
"""So many lines from an error on hold its detail and the statement that it is of, beside those of others."""
SOON = timedelta(hours=1)
"""A Service that was written so shortly before may lead to another server since."""
_TWICE = late(r'\bduplicate key value violates unique constraint \\?"(?P<name>\w{1,63})')
_TAKEN = late(r"\bKey \(\\?\"?(?P<column>\w{1,63})\\?\"?\)=\((?P<value>\d{1,19})\) already exists")
_INSERT = late(
    r'\binsert into (?:\\?"?\w{1,63}\\?"?\.)?\\?"?(?P<table>\w{1,63})\\?"? ?'
    r"\((?P<columns>[^()]{1,2000})\)(?: overriding user value)? values ?\((?P<values>.{1,2000})",
    re.IGNORECASE,
)
"""How PostgreSQL tells of it, and clients that pass its words on; a statement stands in its own line or beside."""
_DRAWN = ("default", "nextval(")
"""How a statement leaves a column to the database."""


class _Refused(NamedTuple):
    """One id that was taken, of which table, when, and the line."""

    table: str
    value: int
    at: datetime | None
    line: str


class _Behind(NamedTuple):
    """A counter that is behind: of which table, in whose log, what shows it, since when."""

    table: str
    of: Workload
    told: Evidence


def when(view: View) -> Iterator[Match]:
    """Inserts that leave the id to the database are refused as it is taken, again and again, with rising ids."""
    servers = {each.ref for each in of_role(view.workloads, "database")}
    found = [each for workload in view.serving for each in _told(view, workload)]
    by_servers = [each for each in found if each.of.ref in servers]
    if by_servers:
        for ref in dict.fromkeys(each.of.ref for each in by_servers):
            yield _of_server(view, view.workloads[ref], [each for each in by_servers if each.of.ref == ref])
        return
    for ref in dict.fromkeys(each.of.ref for each in found if not role(each.of)):
        yield _of_client(view, view.workloads[ref], [each for each in found if each.of.ref == ref])


def _told(view: View, workload: Workload) -> Iterator[_Behind]:
    """Yield the tables of which a log tells that their ids, drawn in turn, are taken still."""
    for log in view.logs_of(workload.live, previous=False):
        refused = list(_refused(log)) if speaks_of(log, (") already exists",)) else []
        for table in dict.fromkeys(each.table for each in refused):
            of_it = [each for each in refused if each.table == table]
            if _in_turn([each.value for each in of_it]) and view.recent(of_it[-1].at, STILL):
                values = [each.value for each in of_it]
                fact = f"{len(of_it)} rows refused in {table}, as the id that the database drew is taken: "
                fact += f"{values[0]} up to {values[-1]}; {of_it[-1].line}"
                told = Evidence("logs", f"Pod/{log.pod}", fact, oldest(each.at for each in of_it))
                yield _Behind(table, workload, told)


def _in_turn(values: Sequence[int]) -> bool:
    """Tell whether ids were drawn one after the other."""
    steps = [after > before for before, after in pairwise(dict.fromkeys(values))]
    return len(steps) >= OFTEN - 1 and sum(steps) >= RISING * len(steps)


def _refused(log: Log) -> Iterator[_Refused]:
    """Yield each row that was refused though its id was left to the database."""
    near = times_near(log.lines)
    begins = [n for n, line in enumerate(log.lines) if _TWICE.search(line)]
    for n, following in pairwise([*begins, len(log.lines)]):
        lines = log.lines[n : min(following, n + TOGETHER)]
        taken = next((found for line in lines if (found := _TAKEN.search(line))), None)
        insert = next((found for line in lines if (found := _INSERT.search(line))), None)
        if taken and insert and _left_to_it(taken["column"], insert["columns"], insert["values"]):
            yield _Refused(insert["table"].lower(), int(taken["value"]), near[n], lines[0].strip())


def _left_to_it(column: str, columns: str, values: str) -> bool:
    """Tell whether a statement names no value of its own for a column: it is left out, or asked of the database."""
    named = [each.strip(' "\\').lower() for each in columns.split(",")]
    if column.lower() not in named:
        return True
    place, given = named.index(column.lower()), values.split(",")
    # Where a value before it holds commas of its own nobody knows which is the column's.
    if "(" in "".join(given[:place]) or place >= len(given):
        return False
    return given[place].strip().lower().startswith(_DRAWN)


def _of_server(view: View, server: Workload, found: list[_Behind]) -> Match:
    began = oldest(each.told.time for each in found)
    callers = not_their_own(view, behind(view, server.ref, but=server.ref), began)
    reason = f"{server.ref} draws ids that are taken: each attempt draws the next, in any version"
    return Match(
        component=server.ref,
        evidence=(*(each.told for each in found[:3]), *_led_to(view, server, began)),
        certainty=0.8,
        since=began,
        explains=callers,
        excludes=(
            *not_for(callers, reason, ON_CALLERS),
            *not_for(
                (server.ref,),
                "its counters stand as they were written: they have to be set to what is taken",
                (*RESTARTS, "rollback_workload", "scale_workload", "scale_database"),
            ),
        ),
    )


def _of_client(view: View, client: Workload, found: list[_Behind]) -> Match:
    reason = "its database draws ids that are taken: each attempt draws the next, in any version"
    return Match(
        component=client.ref,
        evidence=tuple(each.told for each in found[:3]),
        certainty=0.75,
        since=oldest(each.told.time for each in found),
        explains=behind(view, client.ref, but=client.ref),
        excludes=not_for((client.ref,), reason, ON_CALLERS),
    )


def _led_to(view: View, server: Workload, began: datetime | None) -> Iterator[Evidence]:
    """Yield the Services that were written shortly before and lead to a server: it may be another one than before."""
    for service in view.services.values():
        at, made = last_write(service.obj), created(service.obj)
        if server.ref not in service.backends or at is None or at == made or began is None:
            continue
        if timedelta() <= began - at <= SOON:
            yield Evidence("objects", service.ref, f"it was written, and leads to {server.ref}", at)


RULE = Rule(
    name="ids_drawn_again",
    title="A database draws ids that its rows have already",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no rows are refused in turn because the ids that the database drew for them are taken",
)
