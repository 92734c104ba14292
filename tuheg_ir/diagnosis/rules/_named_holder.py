"""Whose process a database's own log names as the one that all others wait for: a client's, or a stranger's."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._database_log import facts, lines_of
from tuheg_ir.diagnosis.rules._database_users import client_of_user
from tuheg_ir.diagnosis.rules._idle_ages import CLOCKS, IDLING, ages_told, idle_all_along
from tuheg_ir.diagnosis.rules._lock_queue import HELD, WAITS, pids_in, queue_in
from tuheg_ir.diagnosis.rules._shells import SHELL, calls_a_shell
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.nodes import outside
from tuheg_ir.diagnosis.view.once import once, once_by_name
from tuheg_ir.diagnosis.view.programs import of_role, role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_LAST = 10
"""So many of the newest lines have to agree on who holds on."""
_MOST = 6
"""So many processes at most may be forgotten by one program and each hold something that others wait for."""
_JSON = late(r'"(?:application_name|remote_host|connection_from)": ?"([^":]+)')
CONSOLE = late(
    r"dbeaver|datagrip|pgadmin|pgcli|tableplus|navicat|heidisql|postico|beekeeper|adminer|dbvisualizer|toad|squirrel"
    r"|management studio|azure data studio|sql developer|mysql ?workbench",
    re.IGNORECASE,
)
"""Programs by which a person works on a database: none is a service's."""
_NOBODY = "unknown"
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

    @property
    def pids(self) -> tuple[str, ...]:
        """Return the processes one by one."""
        return tuple(self.pid.split(", "))


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
    heads = heads_of(view, database) if database else ()
    if len(heads) > 1:
        return _of_several(view, ref, heads)
    head = next(iter(heads), None)
    found = head and (head.serves or _by_age(view, ref, head))
    if head is None or not found or len(found) != 1:
        return None
    (workload,) = (view.workloads[each] for each in found)
    told = f"it serves {workload.ref}" if head.serves else f"of all transactions one of {workload.ref} alone is as old"
    fact = f"process {head.pid} holds the lock that all others wait for; {told}"
    return Named(head.pid, workload, Evidence("logs", ref, fact), head.since, by_age=not head.serves)


def _of_several(view: View, ref: str, heads: Sequence[Head]) -> Named | None:
    """Return the one program that several processes serve which hold what others wait for, if it forgot them all.

    Of a program that works on as many things at once each waits for some moments: it has not forgotten any.
    """
    served = frozenset.union(*(head.serves for head in heads))
    if len(served) != 1 or not all(head.serves for head in heads):
        return None
    (client,) = served
    if not idle_all_along(view, ref, client, len(heads)):
        return None
    pids = ", ".join(sorted(head.pid for head in heads))
    fact = f"processes {pids} hold the locks that all others wait for; they serve {client}"
    first = min((head.since for head in heads if head.since), default=None)
    return Named(pids, view.workloads[client], Evidence("logs", ref, fact), first)


def _by_age(view: View, ref: str, head: Head) -> set[str]:
    """Return the one client whose transaction is as old as the waits and does nothing, where the log has lost it.

    A log of waits goes back some minutes, and who was forgotten is older. Figures have to tell of those who wait too:
    then they tell of all, and what is younger than the waits is not what is waited for.
    """
    lines = lines_of(head.lines, (head.pid,))
    if head.since is None or any(not prefix or _NAMES.search(prefix) for _, prefix in lines):
        return set()
    told = ages_told(view, ref)
    waited = (view.now - head.since + CLOCKS).total_seconds()
    old = {(owner, state) for owner, state, age in told if age > waited}
    waiting = any(state == "active" and 0 < age <= waited for _, state, age in told)
    forgotten = len(old) == 1 and all(owner in view.workloads and state.startswith(IDLING) for owner, state in old)
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


def head_of(view: View, database: Workload) -> Head | None:
    """Return the process for which all wait, itself for none, by the newest lines of a database's log."""
    heads = heads_of(view, database)
    return heads[0] if len(heads) == 1 else None


@once
def heads_of(view: View, database: Workload) -> tuple[Head, ...]:
    """Return the processes for which all others wait, and they for none, by the newest lines of a database's log."""
    lines = log_of(view, database)
    held = [found for line in lines if (found := HELD.search(line))][-_LAST:]
    waiting = {pid for found in held for pid in pids_in(found[2])}
    waiting |= {waits[1] for line in lines if (waits := WAITS.search(line))}
    named = {pid for found in held for pid in pids_in(found[1])}
    # Who queues for the next turn tells who has it, who waits as well.
    heads = named - waiting or queue_in(lines).heads_of(named, waiting)
    if len(heads) > _MOST:
        return ()
    # A name that those who wait bear as well is that of the database or of its user.
    others = {each: names for each in waiting if (names := set(named_clients(view, lines, each)))} if heads else {}
    told = (Head(pid, frozenset(waiting), lines, _first_held(lines, pid)) for pid in sorted(heads))
    return tuple(head._replace(serves=frozenset(_served(view, database.ref, head, others))) for head in told)


def _first_held(lines: Sequence[str], pid: str) -> datetime | None:
    """Return when a log first told that a process holds what others wait for."""
    of_it = (line for line in lines if (told := HELD.search(line)) and pid in pids_in(told[1]))
    return next(map(stamp, of_it), None)


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


def _served(view: View, ref: str, head: Head, others: dict[str, set[str]]) -> set[str]:
    """Return the workloads that the process at the head serves, as its own log and theirs tell.

    ``others``: whom those who wait may serve, by what is told of each of them.
    """
    mine = set(named_clients(view, head.lines, head.pid))
    clients = mine.difference(*others.values()) | set(_tells_itself(view, ref, head.pid))
    clients = clients or set(_by_user(view, ref, head)) or _waits_for_itself(view, head, mine, others)
    return {client for client in clients - {ref} if client in view.workloads}


def _waits_for_itself(view: View, head: Head, mine: set[str], others: dict[str, set[str]]) -> set[str]:
    """Return whom the process at the head serves where some of those who wait, and not all, serve the same program.

    Its other sessions wait for the one that it forgot, as everybody's do, and are told of in the same words: a person
    has other ones. What stands between services and their database is none: its sessions are of many.
    """
    shared = set[str]() if not others or _others_wait(head, others) else set.intersection(*others.values())
    called, found = called_by(head.lines, head.pid), mine - shared
    fellows = {name for each, names in others.items() if called <= called_by(head.lines, each) for name in names}
    return {each for each in found & fellows if each in view.workloads and not role(view.workloads[each])}


def _others_wait(head: Head, known: Collection[str]) -> bool:
    """Tell whether some who wait, of whom nobody knows whom they serve, log in as another user than who holds on."""
    theirs = facts(lines_of(head.lines, head.waiting - set(known)))["user"]
    return bool(theirs - facts(lines_of(head.lines, (head.pid,)))["user"])


def called_by(lines: Sequence[str], pid: str) -> set[str]:
    """Return the names by which a database tells of one of its processes: of users and programs."""
    told = tuple(lines_of(lines, (pid,)))
    named = facts(iter(told))
    words = {word for _, prefix in told for word in words_of(prefix) if _NAMES.search(word)}
    return (words | named["user"] | named["app"]) - {_NOBODY}  # so it is told until somebody has logged in


def named_clients(view: View, lines: Sequence[str], *pids: str) -> Iterator[str]:
    """Yield the workloads that a database names before the messages of some of its processes, or as they connect."""
    of_them = tuple(lines_of(lines, pids))
    for line, prefix in of_them:
        for word in {*_JSON.findall(line), *words_of(prefix)}:
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


def words_of(prefix: str) -> set[str]:
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
