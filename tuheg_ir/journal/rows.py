"""Between rows of the store and events: the only place that reads and writes the tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, select

from tuheg_ir.errors import RefusedError
from tuheg_ir.journal.chain import GENESIS, canonical, link, unstamp
from tuheg_ir.journal.model import Event
from tuheg_ir.journal.tables import events, incidents


def insert_event(
    connection: Connection,
    *,
    incident: str,
    run: str | None,
    at: str,
    actor: str,
    kind: str,
    data: dict[str, Any],
) -> Event:
    """Add the next link of the chain; the caller holds the write lock."""
    last = connection.execute(select(events.c.seq, events.c.hash).order_by(events.c.seq.desc()).limit(1)).first()
    row: dict[str, Any] = {
        # Not simply the last one plus 1: a number taken by a lost event is not given again.
        "seq": max(last.seq if last else 0, highest_seq(connection)) + 1,
        "incident": incident,
        "run": run,
        "at": at,
        "actor": actor,
        "kind": kind,
        "data": data,
        "prev_hash": last.hash if last else GENESIS,
    }
    row["hash"] = link(row)
    connection.execute(events.insert().values(row | {"data": canonical(data)}))
    return Event(**(row | {"at": unstamp(at)}))


def insert_incident(connection: Connection, number: str, uid: str, opened_seq: int) -> None:
    """Add an incident; the caller has written its first event in the same transaction."""
    row = {"number": number, "uid": uid, "opened_seq": opened_seq}
    connection.execute(incidents.insert().values(row))


def read_events(connection: Connection, incident: str | None = None, kind: str | None = None) -> Iterator[Event]:
    """Yield events in order. Raises ValueError, naming the event, for a row that makes no sense."""
    query = select(events).order_by(events.c.seq)
    if incident is not None:
        query = query.where(events.c.incident == incident)
    if kind is not None:
        query = query.where(events.c.kind == kind)
    for row in connection.execute(query):
        try:
            yield to_event(row)
        except (ValueError, TypeError) as error:
            raise ValueError(f"event {row.seq}: {error}") from error


def to_event(row: Row[Any]) -> Event:
    """Parse a row; ValueError or TypeError when it is not what was written."""
    fields = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    for value in fields.values():
        str(value).encode("utf-8")  # fails for text that was not UTF-8
    fields["data"] = json.loads(fields["data"])
    if not isinstance(fields["data"], dict):
        raise TypeError("data is not a mapping")
    fields["at"] = unstamp(fields["at"])
    return Event(**fields)


def highest_seq(connection: Connection) -> int:
    """Return the highest number that any event ever had, lost ones included."""
    found = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = 'events'").scalar()
    return found if isinstance(found, int) else 0


def incident_uid(connection: Connection, number: str) -> str | None:
    """Return the uid of an incident, None if there is no such incident."""
    query = select(incidents.c.uid).where(incidents.c.number == number)
    return connection.execute(query).scalar()


def incident_numbers(connection: Connection) -> list[str]:
    """Return the numbers of all incidents, in the order in which they were opened."""
    query = select(incidents.c.number).order_by(incidents.c.opened_seq)
    return list(connection.execute(query).scalars())


DRILL_NUMBERS = range(9001, 10000)
"""The numbers within a day that drills take, so that they use up none of the others."""


def next_number(connection: Connection, day: str, *, drill: bool = False) -> str:
    """Return the next number of a day given as ``YYYYMMDD``; the caller holds the write lock.

    Raises RefusedError when a day has had more drills than there are numbers for.
    """
    prefix = f"INC-{day}-"
    query = select(incidents.c.number).where(incidents.c.number.startswith(prefix))
    used = [int(number.removeprefix(prefix)) for number in connection.execute(query).scalars()]
    mine = [number for number in used if (number in DRILL_NUMBERS) == drill]
    number = max(mine, default=DRILL_NUMBERS.start - 1 if drill else 0) + 1
    if (number in DRILL_NUMBERS) == drill:
        return f"{prefix}{number:03d}"
    if drill:
        raise RefusedError(
            "No more drills can be numbered today", f"{prefix}{number - 1} is the last", "Go on tomorrow."
        )
    return f"{prefix}{DRILL_NUMBERS.stop}"
