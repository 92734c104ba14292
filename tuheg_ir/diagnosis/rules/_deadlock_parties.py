"""Who meets whom in deadlocks, as a database's own log tells: who is on one side of them all, and who of a few."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._database_log import process_of
from tuheg_ir.diagnosis.rules._named_holder import log_of, named_clients
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_WAITS = late(r"\bProcess (\d+) waits for .{1,160}?; blocked by process (\d+)\b")
"""How PostgreSQL tells of each side of a deadlock, one after the other until the circle is closed."""
LEAST = 5
"""So many deadlocks of which all sides are known tell who is always there."""
MOSTLY = 0.5
"""Share of those that a log tells of: whose sides it names less often may be met by anybody."""
ALWAYS = 0.9


class Parties(NamedTuple):
    """Of how many deadlocks all sides are known, who has part in nearly all of them, and who in any."""

    told: int
    always: frozenset[str]
    any: frozenset[str]


@once
def parties(view: View, database: Workload) -> Parties | None:
    """Return who has part in the deadlocks of a database; None where its log names too few of them.

    What stands between services and their database is nobody's name: its sessions are of many.
    """
    lines = log_of(view, database)
    circles = list(_circles(lines))
    if len(circles) < LEAST:
        return None
    told = _lines_by_process(lines, {pid for circle in circles for pid in circle})
    served = {pid: _served(view, database, pid, of) for pid, of in told.items()}
    named = [frozenset(served.get(pid, "") for pid in circle) for circle in circles]
    known = [sides for sides in named if "" not in sides]
    if len(known) < max(LEAST, MOSTLY * len(circles)):
        return None
    counts = Counter(ref for sides in known for ref in sides)
    always = frozenset(ref for ref, count in counts.items() if count >= ALWAYS * len(known))
    return Parties(len(known), always, frozenset(counts))


def _circles(lines: Iterable[str]) -> Iterator[frozenset[str]]:
    """Yield the processes of each deadlock: of each is told for whom it waits, the last one for the first."""
    circle: list[str] = []
    for line in lines:
        if "blocked by process" not in line:
            continue
        if "DETAIL: " in line:
            circle = []  # the one before was cut off
        for waits, holds in _WAITS.findall(line):
            circle.append(waits)
            if holds == circle[0]:
                yield frozenset(circle)
                circle = []


def _lines_by_process(lines: Iterable[str], pids: set[str]) -> dict[str, tuple[str, ...]]:
    """Return the lines that a database tells of each of some processes."""
    found: dict[str, list[str]] = {}
    for line in lines:
        if (pid := process_of(line)) in pids:
            found.setdefault(pid, []).append(line)
    return {pid: tuple(told) for pid, told in found.items()}


def _served(view: View, database: Workload, pid: str, lines: tuple[str, ...]) -> str:
    """Return the one program that a process serves; "" if it is not known."""
    clients = {ref for ref in named_clients(view, lines, pid) if ref in view.workloads and ref != database.ref}
    one = next(iter(clients)) if len(clients) == 1 else ""
    return one if one and not role(view.workloads[one]) else ""
