"""Who holds the lock that all others wait for, as somebody's log lists a database's sessions, or names that one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rules._database_users import is_led_elsewhere, secrets_of_its_address
from tuheg_ir.diagnosis.rules._lock_holder import users_of
from tuheg_ir.diagnosis.rules._named_holder import CONSOLE
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import STILL
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import newest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

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
_HEAD = late(
    r"\b(?:head|lead(?:ing)?|root|top)[ _-]?block(?:er|ing)\b"
    r"(?:.{0,80}?\b(?:session(?:_id)?|spid|sid|pid|id)\b)?\W{1,4}([1-9]\d{0,6})\b",
    re.IGNORECASE,
)
"""How a watch of a database names the session at the head of those that wait."""
_WORDS = late(r"[\w.-]+")


class ListedHead(NamedTuple):
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


def watched_stranger(view: View, ref: str) -> ListedHead | None:
    """Return who works by hand and holds the lock, as a database's watch names it each time it looks; None if nobody.

    It looks again and again: a session that it names but once, or no more, is an ordinary moment's.
    """
    for log, named in _watches_of_heads(view):
        watch = view.workloads.get(view.owner_of(log.pod))
        if watch is None or not still_named(view, log.lines, [at for at, _, _ in named]):
            continue
        (_, number, who), lately = named[-1], {number for _, number, _ in named[-MANY:]}
        if len(lately) > 1 or not CONSOLE.search(who) or any(_pods_in(view, who)) or not watches(view, watch, ref):
            continue
        since = next(at for at, each, _ in named if each == number)
        fact = f"session {number} is at the head of those that wait whenever a watch looks; no pod of ours: {who[:200]}"
        return ListedHead(Evidence("logs", f"Pod/{log.pod}", fact, since), tuple(_users_beside(view, watch, ref)))
    return None


@once_a_view
def _watches_of_heads(view: View) -> list[tuple[Log, list[tuple[datetime, str, str]]]]:
    """Return the logs that name sessions at the head of those that wait, with what they name."""
    told = ((log, list(_heads(log.lines))) for log in view.snapshot.logs)
    return [(log, named) for log, named in told if named]


def _heads(lines: Sequence[str]) -> Iterator[tuple[datetime, str, str]]:
    """Yield when a watch named a session at the head of those that wait, its number, and what it told of it."""
    for line in lines:
        found = _HEAD.search(line) if "block" in line.lower() else None
        if found and (at := stamp(line)):
            yield at, found[1], line[found.start() :]


def still_named(view: View, lines: Sequence[str], looks: Sequence[datetime]) -> bool:
    """Tell whether a watch has named somebody several times, and does so as often as ever."""
    if len(looks) < MANY or not view.recent(looks[-1], STILL):
        return False
    last = newest(map(stamp, lines[-_ABOVE:]))
    return last is not None and last - looks[-1] <= looks[-1] - looks[-MANY]


def watches(view: View, watch: Workload, ref: str) -> bool:
    """Tell whether a program looks at a database: it stands beside it, is led there, or there is no other one."""
    if watch.ref == ref or ref in view.graph.needs(watch.ref):
        return True
    return [w.ref for w in of_role(view.workloads, "database")] == [ref] and not is_led_elsewhere(view, watch, ref)


def _users_beside(view: View, watch: Workload, ref: str) -> Iterator[str]:
    """Yield who uses the database that is watched, as settings tell, the Secret of its address, or what they say."""
    known, secrets = users_of(view, ref), secrets_of_its_address(view, watch)
    for each, workload in view.workloads.items():
        if each not in (ref, watch.ref) and (each in known or secrets & secrets_of_its_address(view, workload)):
            yield each


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
