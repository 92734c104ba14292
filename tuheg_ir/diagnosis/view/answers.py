"""How a service answers by its own logs: requests told with their status, where nobody measures them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

NOW = timedelta(minutes=10)
_BEFORE = timedelta(minutes=5)
_ENTRY = 3
"""So many lines before one of an entry, as .NET's console writes them, its time stands."""
_WELL = 5
"""So many lines over so long a time without a failure show that there was none, whatever they tell."""


class Answers(NamedTuple):
    """The requests that the newest lines of a pod's logs tell of: how many, how many failed, since when they do.

    missed: those that were answered with 404, nothing there; missed_since: when the first was after others.
    """

    told: int
    failed: int
    since: datetime | None
    missed: int = 0
    missed_since: datetime | None = None

    @property
    def share(self) -> float:
        """Return the share of requests that failed; 0 of nothing."""
        return self.failed / self.told if self.told else 0.0


@once
def answers(view: View, workload: Workload) -> dict[str, Answers]:
    """Return pod -> how it answers by its own log, of the live pods whose logs tell."""
    lines: dict[str, list[str]] = {}
    for log in view.logs_of(workload.live, previous=False):
        lines.setdefault(log.pod, []).extend(log.lines)
    found = {pod: _answers(view, said) for pod, said in lines.items()}
    return {pod: each for pod, each in found.items() if each.told}


def asked_in_vain(view: View, workload: Workload) -> tuple[int, int]:
    """Return of how many requests a workload's own logs tell, and how many of these found nothing."""
    found = answers(view, workload).values()
    return sum(each.told for each in found), sum(each.missed for each in found)


def _answers(view: View, lines: list[str]) -> Answers:
    read = [(_time(lines, n), status) for n, line in enumerate(lines) if (status := status_of(line))]
    now = [status for at, status in read if at is None or view.recent(at, NOW)]
    return Answers(
        told=len(now),
        failed=sum(status >= 500 for status in now),
        since=_turned(read, range(500, 600), range(500)) or _came(read, lines),
        missed=now.count(404),
        missed_since=_turned(read, (404,), range(400)),
    )


def _time(lines: list[str], number: int) -> datetime | None:
    """Return when a line was written: one without a time belongs to an entry that began just before it."""
    for line in reversed(lines[max(0, number - _ENTRY) : number + 1]):
        if (at := stamp(line)) is not None:
            return at
    return None


def _turned(read: list[tuple[datetime | None, int]], bad: Collection[int], good: Collection[int]) -> datetime | None:
    """Return when the first bad status came; None if no good one was told before it."""
    first = next((at for at, status in read if status in bad and at is not None), None)
    before = first is not None and any(at is not None and at < first for at, status in read if status in good)
    return first if before else None


def _came(read: list[tuple[datetime | None, int]], lines: list[str]) -> datetime | None:
    """Return when the first failure came in a log that told of its work for minutes before; None if it did not.

    Many services tell of failures with a status and of all else without.
    """
    first = next((at for at, status in read if status >= 500 and at is not None), None)
    if first is None:
        return None
    before = [at for line in lines if (at := stamp(line)) is not None and at < first]
    steady = [at for at in before if first - at <= 2 * _BEFORE]
    return first if len(steady) >= _WELL and max(steady) - min(steady) >= _BEFORE else None
