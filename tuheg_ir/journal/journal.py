"""Open incidents, append events, read them back."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection

from tuheg_ir.errors import RefusedError, StoreError, UsageError
from tuheg_ir.journal import rows, spool
from tuheg_ir.journal.chain import plain, stamp
from tuheg_ir.journal.events import check_event, check_number, check_opening, opened_data
from tuheg_ir.journal.fold import fold
from tuheg_ir.journal.model import Event, Incident, Opening, Problem
from tuheg_ir.journal.place import FILE_NAME, private_folder
from tuheg_ir.journal.store import Store
from tuheg_ir.journal.verify import verify
from tuheg_ir.scrub import environment_secrets, scrub


class Journal:
    """The open journal at a place. A context manager; usable from several threads.

    Every method raises StoreError when the store cannot be used, after at most about ``wait_s``
    seconds of waiting for other processes.
    """

    def __init__(self, place: Path, *, wait_s: float = 5.0) -> None:
        self.place = private_folder(place)
        self._store = Store(self.place / FILE_NAME, wait_s=wait_s)
        self._secrets = environment_secrets()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the store."""
        self._store.close()

    def directory(self, number: str) -> Path:
        """Return the private folder for the messages of an incident, making it if need be."""
        check_number(number)
        return private_folder(self.place / number)

    def open_incident(
        self,
        *,
        cluster: str,
        severity: str,
        fault: str,
        service: str,
        actor: str,
        number: str | None = None,
        uid: str | None = None,
        drill: bool = False,
        at: datetime | None = None,
    ) -> Incident:
        """Open an incident, or return the one that has this number already.

        Without ``number`` the next one of the UTC day of ``at`` (default: now) is taken, atomically
        among processes; drills have numbers of their own (from 9001). Raises RefusedError when the
        number belongs to another uid or cluster.
        """
        if number is not None:
            check_number(number)
        self.take_over_spool()
        now = (at or datetime.now(UTC)).astimezone(UTC)
        with self._store.writing() as connection:
            number = number or rows.next_number(connection, now.strftime("%Y%m%d"), drill=drill)
            if rows.incident_uid(connection, number) is None:
                opening = Opening(number, cluster, service, fault, severity, uid, drill)
                self._open(connection, opening, actor=actor, at=now)
            incident = _folded(connection, number)
        _check_same(incident, uid, cluster)
        return incident

    def next_number(self, at: datetime) -> str:
        """Return the number that the next incident of a UTC day would get. Nothing is stored."""
        with self._store.reading() as connection:
            return rows.next_number(connection, at.astimezone(UTC).strftime("%Y%m%d"))

    def append(
        self,
        incident: str | Incident,
        kind: str,
        data: dict[str, Any],
        *,
        run: str | None = None,
        actor: str,
    ) -> Event:
        """Append one event; it is on disk when this returns.

        Secrets in ``data`` are hidden first. Raises UsageError for an unknown incident or data
        that does not fit its kind (see ``events``).
        """
        number = incident if isinstance(incident, str) else incident.number
        check_event(kind, plain(data))
        self.take_over_spool()
        with self._store.writing() as connection:
            _check_known(connection, number)
            return self._append(connection, number, kind, data, run=run, actor=actor)

    def change(
        self,
        incident: str | Incident,
        *,
        reason: str,
        actor: str,
        run: str | None = None,
        **stated: Any,
    ) -> Incident:
        """State something about an incident, with the reason, and return its new state.

        ``stated`` are fields of ``events.IncidentChanged``: severity, fault, attempt, impact,
        users, expected_recovery (a datetime), owner, closed.
        """
        number = incident if isinstance(incident, str) else incident.number
        data = {"reason": reason, **stated}
        self.append(number, "incident_changed", data, run=run, actor=actor)
        return self.incident(number)

    def events(self, number: str | None = None, *, kind: str | None = None) -> list[Event]:
        """Return the events of an incident, or all of them, in order; with ``kind`` those of one kind."""
        with self._store.reading() as connection:
            if number is not None:
                _check_known(connection, number)
            return _events(connection, number, kind)

    def incident(self, number: str) -> Incident:
        """Return the state of an incident. Raises UsageError if there is none of this number."""
        with self._store.reading() as connection:
            _check_known(connection, number)
            return _folded(connection, number)

    def incidents(self) -> list[Incident]:
        """Return all incidents, in the order in which they were opened."""
        with self._store.reading() as connection:
            return [_folded(connection, number) for number in rows.incident_numbers(connection)]

    def latest_open(self) -> Incident | None:
        """Return the incident that something happened to last among those not over, if any; never a drill."""
        last = {event.incident: event.seq for event in self.events()}
        candidates = [incident for incident in self.incidents() if incident.open and not incident.drill]
        return max(candidates, key=lambda incident: last[incident.number], default=None)

    def verify(self) -> list[Problem]:
        """Check the whole chain; an empty list means that nothing was edited, lost or reordered."""
        with self._store.reading() as connection:
            found = verify(connection)
        unreadable = [path for path, event in spool.waiting(self.place) if event is None]
        return found + [Problem(None, "spool", f"{path} cannot be read") for path in unreadable]

    def take_over_spool(self) -> int:
        """Append what waits in the spool, in order; return how many events that were.

        Each keeps the time at which it happened in ``data.spooled.at``.
        """
        if not any(event for _, event in spool.waiting(self.place)):
            return 0
        taken: list[Path] = []
        with self._store.writing() as connection:
            for path, event in spool.waiting(self.place):
                if event is not None:
                    self._take_over(connection, event)
                    taken.append(path)
        for path in taken:
            path.unlink(missing_ok=True)
        return len(taken)

    def _take_over(self, connection: Connection, event: spool.Spooled) -> None:
        number, mark = event.opening.number, {"id": event.id, "at": event.at}
        if rows.incident_uid(connection, number) is None:
            self._open(connection, event.opening, actor=event.actor, mark=mark)
        known = rows.read_events(connection, number)
        if any(old.data.get("spooled") == mark for old in known if old.kind == event.kind):
            return  # taken before, and killed before the file was removed
        if event.kind != "incident_opened":
            data = event.data | {"spooled": mark}
            self._append(connection, number, event.kind, data, run=event.run, actor=event.actor)

    def _open(
        self,
        connection: Connection,
        opening: Opening,
        *,
        actor: str,
        at: datetime | None = None,
        mark: dict[str, str] | None = None,
    ) -> None:
        check_opening(opening)
        data = opened_data(opening, opening.uid or str(uuid.uuid4()))
        if mark is not None:
            data["spooled"] = mark
        event = self._append(connection, opening.number, "incident_opened", data, run=None, actor=actor, at=at)
        rows.insert_incident(connection, opening.number, data["uid"], event.seq)

    def _append(
        self,
        connection: Connection,
        number: str,
        kind: str,
        data: dict[str, Any],
        *,
        run: str | None,
        actor: str,
        at: datetime | None = None,
    ) -> Event:
        return rows.insert_event(
            connection,
            incident=number,
            run=run,
            at=stamp(at or datetime.now(UTC)),
            actor=plain(actor),
            kind=kind,
            data=scrub(plain(data), self._secrets),
        )


def _events(connection: Connection, number: str | None, kind: str | None = None) -> list[Event]:
    try:
        return list(rows.read_events(connection, number, kind))
    except ValueError as error:
        raise _damaged(error) from error


def _folded(connection: Connection, number: str) -> Incident:
    try:
        return fold(_events(connection, number))
    except (ValueError, KeyError) as error:
        raise _damaged(error) from error


def _damaged(error: Exception) -> StoreError:
    return StoreError(
        "The journal holds something that was never written by it",
        str(error),
        "Run `tuheg-ir journal verify` to see what was changed.",
    )


def _check_known(connection: Connection, number: str) -> None:
    if rows.incident_uid(connection, number) is None:
        newest = rows.incident_numbers(connection)[-5:]
        listed = f"The newest ones are: {', '.join(newest)}." if newest else "There is none yet."
        raise UsageError("There is no such incident in the journal", number, listed)


def _check_same(incident: Incident, uid: str | None, cluster: str) -> None:
    """Refuse to mix two incidents that were given one number."""
    other = [
        f"{name} {mine!r}, not {asked!r}"
        for name, mine, asked in (
            ("uid", incident.uid, uid or incident.uid),
            ("cluster", incident.cluster, cluster),
        )
        if mine != asked
    ]
    if other:
        raise RefusedError(
            "The incident number belongs to another incident",
            f"{incident.number} has {' and '.join(other)}",
            "Use its own number, or leave the number out to open a new incident.",
        )
