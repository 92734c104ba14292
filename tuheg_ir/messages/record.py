"""What messages read of an incident's record, whoever keeps it."""

# ruff: noqa: D102 - the names are those of the record's own types, documented there

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol


class EventLike(Protocol):
    """What is read of an event."""

    @property
    def kind(self) -> str: ...
    @property
    def run(self) -> str | None: ...
    @property
    def happened_at(self) -> datetime: ...
    @property
    def data(self) -> dict[str, Any]: ...


class RunLike(Protocol):
    """What is read of a run."""

    @property
    def id(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def check(self) -> bool: ...


class IncidentLike(Protocol):
    """What is read of an incident."""

    @property
    def number(self) -> str: ...
    @property
    def opened_at(self) -> datetime: ...
    @property
    def runs(self) -> Sequence[RunLike]: ...
    @property
    def impact(self) -> str | None: ...
    @property
    def users(self) -> str | None: ...
    @property
    def expected_recovery(self) -> datetime | None: ...
    @property
    def owner(self) -> str | None: ...
    @property
    def closed(self) -> bool: ...
