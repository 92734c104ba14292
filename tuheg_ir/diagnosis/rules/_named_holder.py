"""The client whose process a database's own log names as the one that all others wait for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._database_users import client_of_user
from tuheg_ir.diagnosis.rules._figures import exactly
from tuheg_ir.diagnosis.rules._sessions import label_of
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

IDLE = timedelta(minutes=10)
"""A transaction that does nothing for so long is forgotten: nobody's work is lost with it."""
_LAST = 10
"""So many of the newest lines have to agree on who holds on."""
_HELD = re.compile(r"Process(?:es)? holding the lock: ([\d, ]+)\. Wait queue: ([\d, ]+)")
_WAITS = re.compile(r"\bprocess (\d+) still waiting for \w*Lock")
_SEVERITY = re.compile(r"\b(?:LOG|DETAIL|STATEMENT|ERROR|FATAL|HINT|CONTEXT|WARNING|NOTICE): ")
_JSON = re.compile(r'"(?:application_name|remote_host|connection_from)": ?"([^":]+)')
_USER = re.compile(r"(?:^|[\s,(])(?:(?:user|u)=)?([^\s@,=()\[\]]+)@|\b(?:user|u)=([^\s@,]+)|\"user\": ?\"([^\"]+)")
_OF_PID = r"\[{0}\]|\"(?:process_id|pid)\": ?\"?{0}\b|\bp(?:id)?={0}\b"
_BACKEND = r"\b(?:backend|server|postgres|pg)[ _-]?(?:process[ _-]?)?pid\W{{0,4}}{0}\b"
"""How a client's log tells of the database's process that serves it."""


@dataclass(frozen=True, slots=True)
class Named:
    """A process that holds a lock, and the one workload that it serves."""

    pid: str
    workload: Workload
    evidence: Evidence


def named_holder(view: View, ref: str) -> Named | None:
    """Return who holds the lock at the head of a database's queue, as logs name it; None if they do not agree."""
    database = view.workloads.get(ref)
    if database is None:
        return None
    lines = [line for log in view.logs_of(database.pods, previous=False) for line in log.lines]
    held = [found for line in lines if (found := _HELD.search(line))][-_LAST:]
    waiting = {pid for found in held for pid in _pids(found[2])}
    waiting |= {waits[1] for line in lines if (waits := _WAITS.search(line))}
    heads = {pid for found in held for pid in _pids(found[1])} - waiting
    if len(heads) != 1:
        return None
    (pid,) = heads
    # A name that those who wait bear as well is that of the database or of its user.
    others = {client for each in waiting for client in _clients(view, lines, each)}
    clients = (set(_clients(view, lines, pid)) - others) | set(_tells_itself(view, ref, pid))
    clients = clients or set(_by_user(view, ref, lines, pid, waiting))
    served = [view.workloads[client] for client in clients - {ref} if client in view.workloads]
    if len(served) != 1:
        return None
    fact = f"process {pid} holds the lock that all others wait for; it serves {served[0].ref}"
    return Named(pid, served[0], Evidence("logs", ref, fact))


def _pids(listed: str) -> list[str]:
    return re.findall(r"\d+", listed)


def _clients(view: View, lines: list[str], pid: str) -> Iterator[str]:
    """Yield the workloads that a database names before the messages of one of its processes."""
    for line, prefix in _messages(lines, pid):
        for word in {*_JSON.findall(line), *_words(prefix)}:
            if client := view.component(word):
                yield client


def _messages(lines: list[str], pid: str) -> Iterator[tuple[str, str]]:
    """Yield the messages of one of a database's processes: the line, and what stands before the message in it."""
    of = re.compile(_OF_PID.format(pid))
    for line in lines:
        severity = _SEVERITY.search(line)
        prefix = line[: severity.start()] if severity else ""
        if of.search(prefix) or (not prefix and of.search(line)):
            yield line, prefix


def _by_user(view: View, ref: str, lines: list[str], pid: str, waiting: Iterable[str]) -> Iterator[str]:
    """Yield the one client that logs in as the user of a process, if those who wait are of other users."""
    shared = {user for each in waiting for user in _users(lines, each)}
    able = [workload for workload in view.workloads.values() if workload.ref != ref]
    for user in _users(lines, pid) - shared:
        if client := client_of_user(view, able, user):
            yield client


def _users(lines: list[str], pid: str) -> set[str]:
    """Return the users that a database names before the messages of one of its processes."""
    found = (_USER.finditer(prefix or line) for line, prefix in _messages(lines, pid))
    return {next(filter(None, each.groups())) for several in found for each in several}


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


def idle_since(view: View, ref: str, holder: Workload) -> datetime | None:
    """Return since when a client's only open transaction has done nothing, as figures tell; None if it is not so."""
    label = label_of(view, "db_transaction_age_by_client", ref)
    ages: dict[str, float] = {}
    for series in view.figures.series("db_transaction_age_by_client", component=label) if label else ():
        if view.component(series.labels.get("client", "")) == holder.ref:
            age = view.figures.now("db_transaction_age_by_client", **exactly(series))
            ages[series.labels.get("state", "")] = age or 0.0
    idle = max((age for state, age in ages.items() if state.startswith("idle in transaction")), default=0.0)
    if idle < IDLE.total_seconds() or ages.get("active"):
        return None
    return view.now - timedelta(seconds=idle)
