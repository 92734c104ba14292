"""What the journal holds and what is folded from it. Times are aware datetimes in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal


def read_time(value: object) -> datetime | None:
    """Read an ISO 8601 time as UTC; None for anything else."""
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


ENDED_WELL = frozenset({"healed", "nothing_to_do"})
"""Run states after which an incident needs nothing more."""


@dataclass(frozen=True, slots=True)
class Event:
    """One link of the chain. ``run`` is None for what happens outside a run."""

    seq: int
    incident: str
    run: str | None
    at: datetime
    actor: str
    kind: str
    data: dict[str, Any]
    prev_hash: str
    hash: str

    @property
    def happened_at(self) -> datetime:
        """Return when it happened: earlier than ``at`` if the event had to wait in the spool."""
        spooled = self.data.get("spooled")
        if not isinstance(spooled, dict):
            return self.at
        return read_time(spooled.get("at")) or self.at


@dataclass(frozen=True, slots=True)
class Process:
    """A process of a run, told apart from a later one of the same pid by its start time."""

    pid: int
    start_time: float


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a playbook for an incident.

    ``status`` is ``running`` until the run ended; then the ``status`` of its result, or
    ``interrupted``. ``check`` is true for a plan, which changes nothing.
    """

    id: str
    playbook: str
    started_at: datetime
    status: str = "running"
    attempt: int = 1
    check: bool = False
    service: str = ""
    processes: tuple[Process, ...] = ()
    ended_at: datetime | None = None
    result: dict[str, Any] | None = None

    @property
    def finished(self) -> bool:
        """Tell whether the run came to an end that is on record."""
        return self.ended_at is not None


@dataclass(frozen=True, slots=True)
class Followup:
    """Something that remains to be done after the incident."""

    task: str
    at: datetime
    remedy: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident as its events tell it. What nobody said is None."""

    uid: str
    number: str
    cluster: str
    severity: str
    fault: str
    drill: bool
    opened_at: datetime
    actor: str
    services: tuple[str, ...] = ()
    attempt: int = 1
    runs: tuple[Run, ...] = ()
    followups: tuple[Followup, ...] = ()
    impact: str | None = None
    users: str | None = None
    expected_recovery: datetime | None = None
    owner: str | None = None
    closed: bool = False

    @property
    def last_run(self) -> Run | None:
        """Return the newest run, finished or not."""
        return self.runs[-1] if self.runs else None

    @property
    def last_result(self) -> dict[str, Any] | None:
        """Return the result of the newest run that gave one."""
        return next((run.result for run in reversed(self.runs) if run.result), None)

    @property
    def open(self) -> bool:
        """Tell whether anything remains to be done: the newest real run did not end well."""
        if self.closed:
            return False
        acted = [run for run in self.runs if not run.check]
        return not acted or acted[-1].status not in ENDED_WELL


@dataclass(frozen=True, slots=True)
class Opening:
    """What is needed to open an incident that the store may not know yet."""

    number: str
    cluster: str
    service: str
    fault: str
    severity: str
    uid: str | None = None
    drill: bool = False


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where an event went, the uid of its incident, and what to tell the user (or nothing)."""

    where: Literal["store", "spool"]
    uid: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with the journal. ``seq`` is the event it was found at, if any."""

    seq: int | None
    kind: Literal["edited", "gap", "link", "truncated", "incident", "protection", "file", "spool"]
    what: str
