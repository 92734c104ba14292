"""What every order needs at hand, and what may be told of a run while it happens."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from tuheg_ir.catalogue import Catalogue
from tuheg_ir.journal import Journal
from tuheg_ir.project import Project
from tuheg_ir.runner import TaskEvent


def ignore_event(_event: TaskEvent) -> None:
    """Watch nothing."""


def ignore_note(_text: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Shop:
    """The project, the catalogue, the journal, and who watches.

    ``on_event`` sees the events of the play, ``tell`` gets sentences for the person who waits.
    """

    project: Project
    catalogue: Catalogue
    journal: Journal
    on_event: Callable[[TaskEvent], None] = ignore_event
    tell: Callable[[str], None] = ignore_note


def new_run(now: datetime | None = None) -> str:
    """Return the id of a new run: its UTC second and something that no other run has."""
    at = (now or datetime.now(UTC)).astimezone(UTC)
    return f"{at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
