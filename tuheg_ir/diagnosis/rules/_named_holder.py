"""Whose process a database's own log names as the one that all others wait for: a client's, or a stranger's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._database_log import facts, lines_of
from tuheg_ir.diagnosis.rules._database_users import client_of_user
from tuheg_ir.diagnosis.rules._holders import owners_told
from tuheg_ir.diagnosis.rules._sessions import label_of
from tuheg_ir.diagnosis.view.nodes import outside
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

IDLE = timedelta(minutes=10)
"""A transaction that does nothing for so long is forgotten: nobody's work is lost with it."""
_LONGEST = timedelta(days=3650)
"""No server runs for longer, so no transaction is older: what is told as more is no age."""
_IDLING = "idle in transaction"
_CLOCKS = timedelta(seconds=60)
"""A wait is told a little after it began, and figures are read every so often."""
_LAST = 10
"""So many of the newest lines have to agree on who holds on."""
_HELD = late(r"Process(?:es)? holding the lock: ([\d, ]+)\. Wait queue: ([\d, ]+)")
_WAITS = late(r"\bprocess (\d+) still waiting for \w*Lock")
_JSON = late(r'"(?:application_name|remote_host|connection_from)": ?"([^":]+)')
CONSOLE = late(
    r"dbeaver|datagrip|pgadmin|pgcli|tableplus|navicat|heidisql|postico|beekeeper|adminer|dbvisualizer|toad|squirrel"
    r"|management studio|azure data studio|sql developer|mysql ?workbench",
    re.IGNORECASE,
)
"""Programs by which a person works on a database: none is a service's."""
_BACKEND = r"\b(?:backend|server|postgres|pg)[ _-]?(?:process[ _-]?)?pid\W{{0,4}}{0}\b"
"""How a client's log tells of the database's process that serves it."""


class Named(NamedTuple):
    """A process that holds a lock, and the one workload that it serves."""

    pid: str
    workload: Workload
    evidence: Evidence


class _Head(NamedTuple):
    """The one process at the head of a database's queue, who waits for it, the log that tells so, whom it serves."""

    pid: str
    waiting: frozenset[str]
    lines: tuple[str, ...]
    serves: frozenset[str] = frozenset()


def named_holder(view: View, ref: str) -> Named | None:
    """Return who holds the lock at the head of a database's queue, as logs name it; None if they do not agree."""
    database = view.workloads.get(ref)
    head = _head(view, database) if database else None
    if head is None or len(head.serves) != 1:
        return None
    (workload,) = (view.workloads[each] for each in head.serves)
    fact = f"process {head.pid} holds the lock that all others wait for; it serves {workload.ref}"
    return Named(head.pid, workload, Evidence("logs", ref, fact))


def stranger(view: View, ref: str) -> Evidence | None:
    """Return that the lock at the head of a database's queue is held by somebody who is no workload of ours.

    It is who works by hand, or comes from an address that is no pod's, and neither the address nor the user is that of
    those who wait: what stands between a service and its database gives all of them one address.
    """
    database = view.workloads.get(ref)
    head = _head(view, database) if database else None
    if head is None or head.serves:
        return None
    mine, others = facts(lines_of(head.lines, (head.pid,))), facts(lines_of(head.lines, head.waiting))
    if any(map(view.component, mine["host"] | mine["app"])):
        return None
    elsewhere = {host for host in mine["host"] - others["host"] if outside(view, host)}
    by_hand = any(map(CONSOLE.search, mine["app"]))
    if not by_hand and not (elsewhere and (others["host"] or mine["user"] - others["user"])):
        return None
    who = ", ".join(f"{kind} {value}" for kind, values in mine.items() for value in sorted(values))
    return Evidence("logs", ref, f"process {head.pid} holds the lock that all others wait for; no pod of ours: {who}")


@once
def _head(view: View, database: Workload) -> _Head | None:
    """Return the process for which all wait, itself for none, by the newest lines of a database's log."""
    lines = tuple(line for log in view.logs_of(database.pods, previous=False) for line in log.lines)
    held = [found for line in lines if (found := _HELD.search(line))][-_LAST:]
    waiting = {pid for found in held for pid in _pids(found[2])}
    waiting |= {waits[1] for line in lines if (waits := _WAITS.search(line))}
    heads = {pid for found in held for pid in _pids(found[1])} - waiting
    if len(heads) != 1:
        return None
    head = _Head(min(heads), frozenset(waiting), lines)
    return head._replace(serves=frozenset(_served(view, database.ref, head)))


def _served(view: View, ref: str, head: _Head) -> set[str]:
    """Return the workloads that the process at the head serves, as its own log and theirs tell."""
    # A name that those who wait bear as well is that of the database or of its user.
    others = {client for each in head.waiting for client in _clients(view, head.lines, each)}
    clients = (set(_clients(view, head.lines, head.pid)) - others) | set(_tells_itself(view, ref, head.pid))
    clients = clients or set(_by_user(view, ref, head))
    return {client for client in clients - {ref} if client in view.workloads}


def _pids(listed: str) -> list[str]:
    return re.findall(r"\d+", listed)


def _clients(view: View, lines: Sequence[str], pid: str) -> Iterator[str]:
    """Yield the workloads that a database names before the messages of one of its processes, or as it connects."""
    for line, prefix in lines_of(lines, (pid,)):
        for word in {*_JSON.findall(line), *_words(prefix)}:
            if client := view.component(word):
                yield client
    told = facts(lines_of(lines, (pid,)))
    yield from filter(None, map(view.component, told["host"] | told["app"]))


def _by_user(view: View, ref: str, head: _Head) -> Iterator[str]:
    """Yield the one client that logs in as the user of the process at the head, if those who wait are of others."""
    mine, others = facts(lines_of(head.lines, (head.pid,))), facts(lines_of(head.lines, head.waiting))
    if any(map(CONSOLE.search, mine["app"])) or any(outside(view, host) for host in mine["host"]):
        return  # a person may log in as a service does
    able = [workload for workload in view.workloads.values() if workload.ref != ref]
    for user in mine["user"] - others["user"]:
        if client := client_of_user(view, able, user):
            yield client


def _words(prefix: str) -> set[str]:
    """Return the words of a prefix that may name a program or an address; not those that name a user or a database."""
    words = (word for word in re.split(r"[\s,()\[\]/]+", prefix) if "@" not in word)
    return {word.partition("=")[2] or word for word in words if not re.match(r"(?:user|db|database|u|d)=", word)}


def _tells_itself(view: View, ref: str, pid: str) -> Iterator[str]:
    """Yield the workloads whose logs tell that the process is theirs."""
    told = re.compile(_BACKEND.format(pid), re.IGNORECASE)
    for workload in view.workloads.values():
        logs = view.logs_of(workload.live, previous=False) if workload.ref != ref else ()
        if any(told.search(line) for log in logs for line in log.lines):
            yield workload.ref


def idle_since(view: View, ref: str, holder: Workload, waits: datetime | None) -> datetime | None:
    """Return since when a client's only open transaction has done nothing, as figures tell; None if it is not so.

    ``waits``: since when others wait for it. Its transaction is older than that.
    """
    signal = "db_transaction_age_by_client"
    label = label_of(view, signal, ref)
    told = tuple(view.figures.series(signal, component=label)) if label else ()
    if not told:
        return _idle_alone_since(view, ref, waits)
    owners = owners_told(view, ref, [series.labels for series in told])
    mine = [series for series, owner in zip(told, owners, strict=True) if owner == holder.ref]
    ages: dict[str, float] = {}
    for series in mine:
        state = series.labels.get("state", "")
        ages[state] = max(ages.get(state, 0.0), view.figures.alone(signal, series).now(signal) or 0.0)
    idle = max((age for state, age in ages.items() if state.startswith(_IDLING)), default=0.0)
    return _ago(view, idle) if not ages.get("active") else None


def _idle_alone_since(view: View, ref: str, waits: datetime | None) -> datetime | None:
    """Return since when the one session that is idle in a transaction has it open, if it has to be the holder's.

    Where no figure tells whose a transaction is: all others are younger than the waits, so none of them is waited for.
    """
    ages, counts = _by_state(view, "db_transaction_age_by_state", ref), _by_state(view, "db_connections_by_state", ref)
    idle = max((age for state, age in ages.items() if state.startswith(_IDLING)), default=0.0)
    others = max((age for state, age in ages.items() if not state.startswith(_IDLING)), default=0.0)
    alone = sum(count for state, count in counts.items() if state.startswith(_IDLING)) == 1
    if waits is None or not alone or others >= (view.now - waits + _CLOCKS).total_seconds():
        return None
    return _ago(view, idle)


def _ago(view: View, idle: float) -> datetime | None:
    """Return when a transaction that is idle for so long began; None if that is no time to speak of, or no age."""
    return view.now - timedelta(seconds=idle) if IDLE.total_seconds() <= idle <= _LONGEST.total_seconds() else None


def _by_state(view: View, signal: str, ref: str) -> dict[str, float]:
    """Return how a signal of a database stands in each state of its sessions."""
    label = label_of(view, signal, ref)
    return view.figures.latest(signal, "state", component=label) if label else {}
