"""The tables of the store, and the triggers that refuse to change them.

``events`` is the truth. ``incidents`` holds only what must be unique (number and uid) and where
the incident begins; everything else about an incident is folded from its events.
"""

from __future__ import annotations

from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text

APPLICATION_ID = 0x74756867
"""Marks the file as ours (``tuhg``)."""
SCHEMA_VERSION = 1

metadata = MetaData()

events = Table(
    "events",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("incident", Text, nullable=False, index=True),
    Column("run", Text),
    Column("at", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("prev_hash", Text, nullable=False),
    Column("hash", Text, nullable=False, unique=True),
    # The counter that AUTOINCREMENT keeps outlives rows deleted from the end.
    sqlite_autoincrement=True,
)

incidents = Table(
    "incidents",
    metadata,
    Column("number", Text, primary_key=True),
    Column("uid", Text, nullable=False, unique=True),
    Column("opened_seq", Integer, nullable=False, unique=True),
)

TRIGGERS = {
    f"{table}_no_{verb}": (
        f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
    )
    for table in ("events", "incidents")
    for verb in ("update", "delete")
}


def create(connection: Connection) -> None:
    """Make tables and triggers and mark the file, inside the caller's transaction."""
    metadata.create_all(connection)
    for statement in TRIGGERS.values():
        connection.exec_driver_sql(statement)
    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
