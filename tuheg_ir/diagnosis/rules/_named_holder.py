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
from tuheg_ir.diagnosis.rules._lock_queue import HELD, WAITS, pids_in, queue_in
from tuheg_ir.diagnosis.rules._sessions import label_of
from tuheg_ir.diagnosis.rules._shells import SHELL, calls_a_shell
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.nodes import outside
from tuheg_ir.diagnosis.view.once import once, once_by_name
from tuheg_ir.diagnosis.view.programs import of_role, role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

IDLE = timedelta(minutes=10)
"""A transaction that does nothing for so long is forgotten: nobody's work is lost with it."""
_LONGEST = timedelta(days=3650)
"""No server runs for longer, so no transaction is older: what is told as more is no age."""
_IDLING = "idle in transaction"
_AGES = "db_transaction_age_by_client"
_CLOCKS = timedelta(seconds=60)
"""A wait is told a little after it began, and figures are read every so often."""
_LAST = 10
"""So many of the newest lines have to agree on who holds on."""
_JSON = late(r'"(?:application_name|remote_host|connection_from)": ?"([^":]+)')
CONSOLE = late(
    r"dbeaver|datagrip|pgadmin|pgcli|tableplus|navicat|heidisql|postico|beekeeper|adminer|dbvisualizer|toad|squirrel"
    r"|management studio|azure data studio|sql developer|mysql ?workbench",
    re.IGNORECASE,
)
"""Programs by which a person works on a database: none is a service's."""
_NAMES = late(r"[a-z]")
"""A prefix that tells more than a time and a number of a process names somebody, if nobody known."""
_BACKEND = (
    r"\b(?:(?:backend|server|postgres|pg)[ _-]?(?:process[ _-]?)?pid\W{{0,4}}"
    r"|(?:connected|session)[ _-]?pid\W{{0,4}}(?=\d{{4}})){0}\b"
)
"""How a client's log tells of the database's process that serves it; a small number may be that of its own process."""
_OPENS = late(r"\bconnected\b|\b(?:session|connection) (?:opened|established|started)\b", re.IGNORECASE)
_SESSION = late(r"\bsession[ _-]?pid", re.IGNORECASE)
"""A session is a program's own where it tells that it opens one: who watches a database lists those of others."""
_WATCHED = late(
    r"(?:\b|_)(?:state|age|idle|long|slow|stuck|wait(?:s|ed|ing)?|block\w*|locks?|locked|locking|hold(?:s|er|ing)?|held"
    r"|kill\w*|cancel\w*|terminat\w*|old(?:er|est)?|elapsed|duration)(?:\b|_(?!in_|timeout))",
    re.IGNORECASE,
)
"""What is told of a session that is looked at, and not of one's own as it is opened; timeouts are settings of that."""


class Named(NamedTuple):
    """A process that holds a lock, the one workload that it serves, and since when the log tells that others wait.

    ``by_age``: the log does not tell of that process itself; nobody else's transaction is old enough.
    """

    pid: str
    workload: Workload
    evidence: Evidence
    since: datetime | None
    by_age: bool = False


class Head(NamedTuple):
    """The process at the head of a queue, who waits for it, the log that tells so, since when, whom it serves."""

    pid: str
    waiting: frozenset[str]
    lines: tuple[str, ...]
    since: datetime | None = None
    serves: frozenset[str] = frozenset()


def named_holder(view: View, ref: str) -> Named | None:
    """Return who holds the lock at the head of a database's queue, as logs name it; None if they do not agree."""
    database = view.workloads.get(ref)
    head = head_of(view, database) if database else None
    found = head and (head.serves or _by_age(view, ref, head))
    if head is None or not found or len(found) != 1:
        return None
    (workload,) = (view.workloads[each] for each in found)
    told = f"it serves {workload.ref}" if head.serves else f"of all transactions one of {workload.ref} alone is as old"
    fact = f"process {head.pid} holds the lock that all others wait for; {told}"
    return Named(head.pid, workload, Evidence("logs", ref, fact), head.since, by_age=not head.serves)


def _by_age(view: View, ref: str, head: Head) -> set[str]:
    """Return the one client whose transaction is as old as the waits and does nothing, where the log has lost it.

    A log of waits goes back some minutes, and who was forgotten is older. Figures have to tell of those who wait too:
    then they tell of all, and what is younger than the waits is not what is waited for.
    """
    lines = lines_of(head.lines, (head.pid,))
    if head.since is None or any(not prefix or _NAMES.search(prefix) for _, prefix in lines):
        return set()
    told = _ages(view, ref)
    waited = (view.now - head.since + _CLOCKS).total_seconds()
    old = {(owner, state) for owner, state, age in told if age > waited}
    waiting = any(state == "active" and 0 < age <= waited for _, state, age in told)
    forgotten = len(old) == 1 and all(owner in view.workloads and state.startswith(_IDLING) for owner, state in old)
    return {owner for owner, _ in old} if waiting and forgotten else set()


def stranger(view: View, ref: str) -> Evidence | None:
    """Return that the lock at the head of a database's queue is held by somebody who is no workload of ours.

    It is who works by hand, or comes from an address that is no pod's, and neither the address nor the user is that of
    those who wait: what stands between a service and its database gives all of them one address.
    """
    database = view.workloads.get(ref)
    head = head_of(view, database) if database else None
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
def head_of(view: View, database: Workload) -> Head | None:
    """Return the process for which all wait, itself for none, by the newest lines of a database's log."""
    lines = log_of(view, database)
    held = [found for line in lines if (found := HELD.search(line))][-_LAST:]
    waiting = {pid for found in held for pid in pids_in(found[2])}
    waiting |= {waits[1] for line in lines if (waits := WAITS.search(line))}
    named = {pid for found in held for pid in pids_in(found[1])}
    # Who queues for the next turn tells who has it, who waits as well.
    heads = named - waiting or queue_in(lines).heads_of(named, waiting)
    if len(heads) != 1:
        return None
    head = Head(min(heads), frozenset(waiting), lines)
    of_it = (line for line in lines if (told := HELD.search(line)) and head.pid in pids_in(told[1]))
    since = next(map(stamp, of_it), None)
    return head._replace(since=since, serves=frozenset(_served(view, database.ref, head)))


@once_by_name
def named_waiting(view: View, ref: str) -> frozenset[str]:
    """Return the workloads that a database's own log names as those whose sessions wait for a lock."""
    database = view.workloads.get(ref)
    lines = log_of(view, database) if database else ()
    pids = {waits[1] for line in lines if (waits := WAITS.search(line))}
    return frozenset(
        client for client in named_clients(view, lines, *pids) if client in view.workloads and client != ref
    )


def log_of(view: View, database: Workload) -> tuple[str, ...]:
    """Return the lines of a database's own log."""
    return tuple(line for log in view.logs_of(database.pods, previous=False) for line in log.lines)


def _served(view: View, ref: str, head: Head) -> set[str]:
    """Return the workloads that the process at the head serves, as its own log and theirs tell."""
    # A name that those who wait bear as well is that of the database or of its user.
    others = {each: names for each in head.waiting if (names := set(named_clients(view, head.lines, each)))}
    mine = set(named_clients(view, head.lines, head.pid))
    clients = mine.difference(*others.values()) | set(_tells_itself(view, ref, head.pid))
    clients = clients or set(_by_user(view, ref, head)) or _waits_for_itself(view, head, mine, others)
    return {client for client in clients - {ref} if client in view.workloads}


def _waits_for_itself(view: View, head: Head, mine: set[str], others: dict[str, set[str]]) -> set[str]:
    """Return whom the process at the head serves where some of those who wait, and not all, serve the same program.

    Its other sessions wait for the one that it forgot, as everybody's do, and are told of in the same words: a person
    has other ones. What stands between services and their database is none: its sessions are of many.
    """
    shared = set.intersection(*others.values()) if others else set()
    called, found = called_by(head.lines, head.pid), mine - shared
    fellows = {name for each, names in others.items() if called <= called_by(head.lines, each) for name in names}
    return {each for each in found & fellows if each in view.workloads and not role(view.workloads[each])}


def called_by(lines: Sequence[str], pid: str) -> set[str]:
    """Return the names by which a database tells of one of its processes: of users and programs."""
    told = tuple(lines_of(lines, (pid,)))
    named = facts(iter(told))
    words = {word for _, prefix in told for word in _words(prefix) if _NAMES.search(word)}
    return words | named["user"] | named["app"]


def named_clients(view: View, lines: Sequence[str], *pids: str) -> Iterator[str]:
    """Yield the workloads that a database names before the messages of some of its processes, or as they connect."""
    of_them = tuple(lines_of(lines, pids))
    for line, prefix in of_them:
        for word in {*_JSON.findall(line), *_words(prefix)}:
            if client := view.component(word):
                yield client
    told = facts(iter(of_them))
    yield from filter(None, map(view.component, told["host"] | told["app"]))


def _by_user(view: View, ref: str, head: Head) -> Iterator[str]:
    """Yield the one client that logs in as the user of the process at the head, if those who wait are of others."""
    mine, others = facts(lines_of(head.lines, (head.pid,))), facts(lines_of(head.lines, head.waiting))
    if any(map(CONSOLE.search, mine["app"])) or any(outside(view, host) for host in mine["host"]):
        return  # a person may log in as a service does
    by_shell = any(map(SHELL.search, called_by(head.lines, head.pid)))
    stores = {store.ref for store in of_role(view.workloads, "database")}  # another one is none of its clients
    able = [workload for workload in view.workloads.values() if workload.ref not in {ref, *stores}]
    for user in mine["user"] - others["user"]:
        client = client_of_user(view, ref, able, user)
        if client and (calls_a_shell(view, view.workloads[client]) or not by_shell):
            yield client


def _words(prefix: str) -> set[str]:
    """Return the words of a prefix that may name a program or an address; not those that name a user or a database."""
    words = (word for word in re.split(r"[\s,()\[\]/]+", prefix) if "@" not in word)
    return {word.partition("=")[2] or word for word in words if not re.match(r"(?:user|db|database|u|d)=", word)}


def _tells_itself(view: View, ref: str, pid: str) -> Iterator[str]:
    """Yield the workloads whose logs tell that the process is theirs."""
    told = re.compile(_BACKEND.format(pid), re.IGNORECASE)
    for workload in view.workloads.values():
        lines = view.lines_of(workload) if workload.ref != ref else ()
        if any(told.search(line) and _is_own(view, workload, line) for line in lines):
            yield workload.ref


def _is_own(view: View, workload: Workload, line: str) -> bool:
    """Tell whether a line that names a process of the database tells of a session that its program opened itself."""
    if _WATCHED.search(line) or (_SESSION.search(line) and not _OPENS.search(line)):
        return False
    apps = facts(iter([(line, "")]))["app"]
    return not apps or workload.ref in map(view.component, apps)


def idle_since(view: View, ref: str, holder: Named, waits: datetime | None) -> datetime | None:
    """Return since when a client's only open transaction has done nothing, as figures tell; None if it is not so.

    ``waits``: since when others wait for it. Its transaction is older than that, and what it works on since waits too.
    """
    told = _ages(view, ref)
    if not told:
        return idle_alone_since(view, ref, waits)
    ages: dict[str, float] = {}
    for owner, state, age in told:
        if owner == holder.workload.ref:
            ages[state] = max(ages.get(state, 0.0), age)
    idle = max((age for state, age in ages.items() if state.startswith(_IDLING)), default=0.0)
    younger = holder.since is not None and ages.get("active", 0.0) < (view.now - holder.since).total_seconds()
    return _ago(view, idle) if younger or not ages.get("active") else None


def _ages(view: View, ref: str) -> list[tuple[str, str, float]]:
    """Return (workload, state, age) of the oldest transactions of a database's clients; "" for one not known."""
    label = label_of(view, _AGES, ref)
    told = tuple(view.figures.series(_AGES, component=label)) if label else ()
    owners = owners_told(view, ref, [series.labels for series in told])
    return [
        (owner, series.labels.get("state", ""), view.figures.alone(_AGES, series).now(_AGES) or 0.0)
        for series, owner in zip(told, owners, strict=True)
    ]


def idle_alone_since(view: View, ref: str, waits: datetime | None) -> datetime | None:
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
