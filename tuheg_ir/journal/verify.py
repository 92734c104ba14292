"""Find every edit, gap, reorder and loss in the store."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, Row, select

from tuheg_ir.journal.chain import GENESIS, canonical, link, unstamp
from tuheg_ir.journal.model import Problem
from tuheg_ir.journal.rows import highest_seq
from tuheg_ir.journal.tables import TRIGGERS, events, incidents


def verify(connection: Connection) -> list[Problem]:
    """Return all problems, those of the chain in its order."""
    rows = list(connection.execute(select(events).order_by(events.c.seq)))
    found = _chain_problems(rows)
    last = rows[-1].seq if rows else 0
    highest = highest_seq(connection)
    if highest != last:
        found.append(Problem(last, "truncated", f"events up to {highest} were written, the last is {last}"))
    found += _incident_problems(connection, rows)
    found += _protection_problems(connection)
    found += _file_problems(connection)
    return found


def _chain_problems(rows: list[Row[Any]]) -> list[Problem]:
    found = []
    seq, previous = 0, GENESIS
    for row in rows:
        if row.seq != seq + 1:
            found.append(Problem(row.seq, "gap", f"event {seq + 1} is missing, {row.seq} follows"))
        elif row.prev_hash != previous:
            found.append(Problem(row.seq, "link", f"event {row.seq} does not follow event {seq}"))
        reason = _edited(row)
        if reason:
            found.append(Problem(row.seq, "edited", f"event {row.seq} was edited: {reason}"))
        seq, previous = row.seq, row.hash
    return found


def _edited(row: Row[Any]) -> str:
    """Say why a row is not what was written, or nothing."""
    fields = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    text = fields["data"]
    try:
        fields["data"] = json.loads(text)
        unstamp(fields["at"])
        if canonical(fields["data"]) != text:
            return "its data is not in the form that is written"
        if link(fields) != fields["hash"]:
            return "its hash does not fit its content"
    except (ValueError, TypeError, RecursionError) as error:
        return f"it cannot be read ({error})"
    return ""


def _incident_problems(connection: Connection, rows: list[Row[Any]]) -> list[Problem]:
    """Compare the table of incidents with the events that opened them."""
    opened = {row.incident: (_uid(row.data), row.seq) for row in reversed(rows) if row.kind == "incident_opened"}
    listed = {row.number: (row.uid, row.opened_seq) for row in connection.execute(select(incidents))}
    found = [
        Problem(opened[number][1], "incident", f"the row of incident {number} was changed or lost")
        for number in opened
        if listed.get(number) != opened[number]
    ]
    found += [
        Problem(None, "incident", f"incident {number!r} was never opened by an event")
        for number in listed
        if number not in opened
    ]
    return found


def _uid(data: Any) -> Any:
    try:
        return json.loads(data)["uid"]
    except (ValueError, TypeError, KeyError):
        return None


def _protection_problems(connection: Connection) -> list[Problem]:
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    there = {row.name: row.sql for row in connection.exec_driver_sql(query)}
    return [
        Problem(None, "protection", f"the trigger {name} was removed or changed")
        for name, statement in TRIGGERS.items()
        if there.get(name) != statement
    ]


def _file_problems(connection: Connection) -> list[Problem]:
    answers = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check(10)")]
    return [Problem(None, "file", str(answer)) for answer in answers if answer != "ok"]
