"""Who waits first for a whole table, and lets nobody past: who would only read waits for it, and for none before it."""

from __future__ import annotations

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._database_log import lines_of
from tuheg_ir.diagnosis.rules._lock_queue import HELD, pids_in, queue_in
from tuheg_ir.diagnosis.rules._named_holder import log_of, named_clients
from tuheg_ir.diagnosis.view.once import once_by_name
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.named import NamedTuple

_MANY = 3
"""So many in one queue are no ordinary moment."""
_WHOLE = late(r"still waiting for (?:AccessExclusive|Exclusive|ShareRowExclusive|Share)Lock on relation ")
"""Locks of a whole table beside which nobody writes, or nobody reads."""


class First(NamedTuple):
    """Who waits first: what a database's own log tells of its process, and the workloads that these lines name."""

    lines: tuple[str, ...]
    serves: frozenset[str]


@once_by_name
def first_in_line(view: View, ref: str) -> First | None:
    """Return who waits first for a whole table, still and with others behind it, by the newest queue in a log."""
    database = view.workloads.get(ref)
    lines = log_of(view, database) if database else ()
    queue = next((pids_in(held[2]) for line in reversed(lines) if (held := HELD.search(line))), [])
    if len(queue) < _MANY or queue[0] not in queue_in(lines).waiting:
        return None
    told = tuple(line for line, _ in lines_of(lines, queue[:1]))
    if not any(map(_WHOLE.search, told)):
        return None
    return First(told, frozenset(each for each in named_clients(view, lines, queue[0]) if each in view.workloads))
