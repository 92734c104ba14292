"""The door for writers that must go on when the store does not: store first, then spool."""

from __future__ import annotations

import contextlib
import uuid
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuheg_ir.errors import StoreError, UsageError
from tuheg_ir.journal import spool
from tuheg_ir.journal.chain import plain, stamp
from tuheg_ir.journal.events import check_event, check_opening
from tuheg_ir.journal.model import Opening, Recorded
from tuheg_ir.journal.place import journal_place
from tuheg_ir.scrub import environment_secrets, scrub

if TYPE_CHECKING:
    from tuheg_ir.journal.journal import Journal


def open_journal(place: Path | None = None, *, wait_s: float = 5.0) -> Journal:
    """Open the journal at ``place`` (default: see ``journal_place``), making it if need be.

    Events that had to wait in the spool are appended first, in order; if the store still cannot
    take them they go on waiting, and reading is possible. Raises StoreError.
    """
    from tuheg_ir.journal.journal import Journal

    journal = Journal(place or journal_place(), wait_s=wait_s)
    with contextlib.suppress(StoreError):
        journal.take_over_spool()
    return journal


def record_event(
    opening: Opening,
    kind: str,
    data: dict[str, Any],
    *,
    run: str | None,
    actor: str,
    place: Path | None = None,
    wait_s: float = 5.0,
) -> Recorded:
    """Write an event, opening its incident if the store does not know it yet.

    Falls back to the spool when the store cannot be used. When this returns, the event is on
    disk. Raises StoreError if neither took it, RefusedError if the number belongs to another
    incident, UsageError if the opening or the data is malformed.
    """
    check_opening(opening)
    check_event(kind, plain(data))
    folder = place or journal_place()
    try:
        with open_journal(folder, wait_s=wait_s) as journal:
            incident = journal.open_incident(actor=actor, **asdict(opening))
            if kind != "incident_opened":
                journal.append(incident, kind, data, run=run, actor=actor)
            return Recorded("store", incident.uid)
    except StoreError as error:
        reason = error
    uid = opening.uid or _known_uid(folder, opening.number) or str(uuid.uuid4())
    event = spool.Spooled(
        id=spool.new_id(),
        opening=replace(opening, uid=uid),
        run=run,
        at=stamp(datetime.now(UTC)),
        actor=plain(actor),
        kind=kind,
        data=scrub(plain(data), environment_secrets()),
    )
    path = spool.spool(folder, event)
    return Recorded("spool", uid, f"{reason} Until then the event waits in {path.parent}.")


def _known_uid(place: Path, number: str) -> str | None:
    """Return the uid of an incident whose events wait, or which the store can still show."""
    for _, event in spool.waiting(place):
        if event is not None and event.opening.number == number:
            return event.opening.uid
    with contextlib.suppress(StoreError, UsageError), open_journal(place, wait_s=0) as journal:
        return journal.incident(number).uid
    return None
