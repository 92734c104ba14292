"""The SQLite file under the journal: connections, transactions, and errors a person can act on."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DatabaseError

from tuheg_ir.errors import StoreError
from tuheg_ir.journal import tables

_RETRY_S = 0.05


class Store:
    """One SQLite file in WAL mode with full sync. Every transaction of a writer is immediate.

    ``wait_s`` bounds every wait for another process; all errors are StoreError.
    """

    def __init__(self, path: Path, *, wait_s: float = 5.0) -> None:
        self.path = path
        self.wait_s = wait_s
        self._engine = _engine(path, wait_s)
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one consistent state."""
        with self._told(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection that holds the write lock; commit at the end, roll back on error."""
        with self._told(), self._engine.connect() as plain:
            connection = plain.execution_options(tuheg_write=True)
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _prepare(self) -> None:
        """Bring the file into WAL mode, and make or check its schema."""
        with self._told():
            if not self.path.exists():
                os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
            self._ensure_wal()
        with self.reading() as connection:
            ready = self._check_version(connection)
        if not ready:
            with self.writing() as connection:
                if not self._check_version(connection):
                    tables.create(connection)

    def _ensure_wal(self) -> None:
        # The change of mode does not wait for other processes by itself.
        deadline = time.monotonic() + self.wait_s
        raw = self._engine.raw_connection()
        try:
            while True:
                try:
                    mode = _pragma(raw, "journal_mode")
                    if mode != "wal":
                        mode = _pragma(raw, "journal_mode = wal")
                    break
                except Exception as error:
                    if _code(error) != "SQLITE_BUSY" or time.monotonic() > deadline:
                        raise
                    time.sleep(_RETRY_S)
        finally:
            raw.close()
        if mode != "wal":
            raise StoreError(
                "The file system of the journal cannot do write-ahead logging",
                str(self.path),
                "Point TUHEG_IR_HOME at a folder on a local disk.",
            )

    def _check_version(self, connection: Connection) -> bool:
        """Tell whether the schema is there; StoreError for a foreign file or a newer schema."""
        version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        owner = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
        if version == tables.SCHEMA_VERSION and owner == tables.APPLICATION_ID:
            return True
        used = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
        if not used and not version and not owner:
            return False
        if owner == tables.APPLICATION_ID:
            raise StoreError(
                f"The journal has schema {version}, this version reads {tables.SCHEMA_VERSION}",
                str(self.path),
                "Use the version of tuheg-ir that wrote it, or point TUHEG_IR_HOME elsewhere.",
            )
        raise StoreError(
            "This file is not a journal of tuheg-ir",
            str(self.path),
            "Move it away, or point TUHEG_IR_HOME elsewhere.",
        )

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what SQLite and the file system say into a StoreError."""
        try:
            yield
        except DatabaseError as error:
            raise self._told_of(error.orig or error) from error
        except OSError as error:
            raise self._told_of(error) from error
        except StoreError:
            raise
        except Exception as error:
            if _code(error):  # raised by the driver below SQLAlchemy
                raise self._told_of(error) from error
            raise

    def _told_of(self, error: BaseException) -> StoreError:
        code = _code(error) or ""
        for prefix, (what, then) in _TOLD.items():
            if code.startswith(prefix):
                return StoreError(what.format(wait=f"{self.wait_s:g}"), str(self.path), then)
        return StoreError("The journal cannot be used", f"{self.path}: {error}", "Check the disk and the folder.")


_TOLD = {
    "SQLITE_BUSY": (
        "The journal was locked by another process for {wait} s",
        "Try again; `fuser` on the file shows who holds it.",
    ),
    "SQLITE_LOCKED": (
        "The journal was locked for {wait} s",
        "Try again.",
    ),
    "SQLITE_READONLY": (
        "The journal cannot be written",
        "Make the folder and its files writable for you, or point TUHEG_IR_HOME elsewhere.",
    ),
    "SQLITE_CANTOPEN": (
        "The journal cannot be opened",
        "Make the folder and its files accessible to you, or point TUHEG_IR_HOME elsewhere.",
    ),
    "SQLITE_FULL": (
        "The journal cannot grow: the disk is full",
        "Free some space, then run the same command again.",
    ),
    "SQLITE_IOERR": (
        "The disk under the journal fails",
        "Check the disk and its free space, or point TUHEG_IR_HOME elsewhere.",
    ),
    "SQLITE_CORRUPT": (
        "The journal is damaged",
        "Keep the file as evidence: move it away (a new journal starts) or restore a backup.",
    ),
    "SQLITE_NOTADB": (
        "The journal is damaged or is no journal",
        "Keep the file as evidence: move it away (a new journal starts) or restore a backup.",
    ),
}


def _engine(path: Path, wait_s: float) -> Engine:
    engine = sqlalchemy.create_engine(
        sqlalchemy.URL.create("sqlite", database=str(path)), connect_args={"timeout": wait_s}
    )

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        # The driver must not begin transactions of its own; `begin` below does.
        connection.isolation_level = None
        # Text that is not UTF-8 was never written by us: let `verify` see it instead of failing.
        connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("tuheg_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _pragma(connection: Any, text: str) -> str:
    return str(connection.cursor().execute(f"PRAGMA {text}").fetchone()[0])


def _code(error: BaseException) -> str | None:
    return getattr(error, "sqlite_errorname", None)
