"""The journal: an append-only, hash-linked record of everything that an incident did.

One store for all incidents of a user, in SQLite. Each event is written before the step that it
tells of, so that a run killed anywhere can be taken up again. ``open_journal`` is the way in;
``record_event`` is the door for writers that must not depend on the store being writable.

Importing this package is cheap; SQLAlchemy is imported when a journal is opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tuheg_ir.journal.events import KINDS
from tuheg_ir.journal.fold import fold
from tuheg_ir.journal.model import (
    Event,
    Followup,
    Incident,
    Opening,
    Problem,
    Process,
    Recorded,
    Run,
)
from tuheg_ir.journal.place import journal_exists, journal_place
from tuheg_ir.journal.record import open_journal, record_event

if TYPE_CHECKING:
    from tuheg_ir.journal.journal import Journal

__all__ = [
    "KINDS",
    "Event",
    "Followup",
    "Incident",
    "Journal",
    "Opening",
    "Problem",
    "Process",
    "Recorded",
    "Run",
    "fold",
    "journal_exists",
    "journal_place",
    "open_journal",
    "record_event",
]


def __getattr__(name: str) -> Any:
    """Import ``Journal``, and SQLAlchemy with it, only when somebody asks for the class."""
    if name == "Journal":
        from tuheg_ir.journal.journal import Journal

        return Journal
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
