"""Who holds the lock that all others wait for, as somebody's log lists a database's sessions: sys.dm_exec_requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._named_holder import CONSOLE
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.complaints import STILL
from tuheg_ir.diagnosis.view.reading import newest

MANY = 3
"""So many sessions waiting for one other are no ordinary moment."""
_ABOVE = 3
"""A listing has a title, names of columns and a line below these, at most: one of them may tell its time."""
_OWN_STAMP = late(r"^\d{4}-\d\d-\d\d[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d)?\s")
_ROW = late(r"^[\s|]*(?P<first>\d{1,7})(?=[\s|])|\b(?:session_id|spid|sid|pid)\W{1,4}(?P<named>\d{1,7})\b")
"""The number of a session: in the first column, or by its name."""
_WAITS = late(
    r"\b(?P<mssql>[1-9]\d{0,6})[\s|]+LCK_M_\w+|\bblock(?:ed_by|ing_session_id|ing_pids?)\W{1,4}(?P<named>[1-9]\d{0,6})\b"
    r"|\bLock\b.*\{(?P<after>\d+)\}|\{(?P<before>\d+)\}.*\bLock\b"
)
"""For whom a session waits: SQL Server's blocking session and kind of wait, PostgreSQL's pg_blocking_pids()."""
_WORDS = late(r"[\w.-]+")


@dataclass(frozen=True, slots=True)
class ListedHead:
    """The one session that all others wait for, which is nobody's of ours, and which of ours wait, most first."""

    evidence: Evidence
    waiting: tuple[str, ...]


def listed_stranger(view: View) -> ListedHead | None:
    """Return who holds the lock at the head of a queue by the newest listing in a log; None if that is one of ours.

    It is who works by hand, or the only one whom no pod and no workload names while the others are named by their pods.
    """
    listings = [(at, log.pod, rows) for log in view.snapshot.logs for at, rows in _last_listing(log.lines)]
    at, pod, rows = max(listings, key=lambda each: each[0], default=(None, "", {}))
    if at is None or not view.recent(at, STILL):
        return None
    waits = {number: by for number, row in rows.items() if (by := _waits_for(row))}
    heads = {by for by in waits.values() if by not in waits}
    if len(heads) != 1 or len(waits) < MANY:
        return None
    (head,) = heads
    row = rows.get(head, "")
    ours = Counter(ref for number in waits for ref in _pods_in(view, rows[number]))
    if not row or not ours or any(_pods_in(view, row)):
        return None
    known = any(view.component(word) for word in _WORDS.findall(row))
    if not CONSOLE.search(row) and (known or sum(ours.values()) < len(waits)):
        return None
    who = " ".join(row.split())[:200]
    fact = f"{len(waits)} sessions wait for session {head}, and it for none; no pod of ours: {who}"
    return ListedHead(Evidence("logs", f"Pod/{pod}", fact, at), tuple(ref for ref, _ in ours.most_common()))


def _last_listing(lines: Sequence[str]) -> Iterator[tuple[datetime, dict[str, str]]]:
    """Yield when the last listing of a log that tells of waits was made, and its rows by the number of a session."""
    waiting = [n for n, line in enumerate(lines) if "LCK_M_" in line or "block" in line or "Lock" in line]
    last = next((n for n in reversed(waiting) if _number(lines[n]) and _waits_for(lines[n])), None)
    if last is None:
        return
    first = end = last
    while first > 0 and _number(lines[first - 1]):
        first -= 1
    while end + 1 < len(lines) and _number(lines[end + 1]):
        end += 1
    at = newest(map(stamp, lines[max(0, first - _ABOVE) : end + 1]))
    if at is not None:
        yield at, {_number(line): line for line in lines[first : end + 1]}


def _number(line: str) -> str:
    found = _ROW.search(_OWN_STAMP.sub("", line))
    return (found["first"] or found["named"]) if found else ""


def _waits_for(row: str) -> str:
    found = _WAITS.search(row)
    return next((each for each in found.groups() if each), "") if found else ""


def _pods_in(view: View, row: str) -> Iterator[str]:
    """Yield the workload of the pod that a row names."""
    yield from {ref for word in _WORDS.findall(row) if (ref := view.owner_of(word)) in view.workloads}
