"""Whose session a watch of a database names as the one that others wait for, where it is a pod's that serves nobody.

A watch tells of each wait: who waits, for whom, and from which address that one came. Its words differ, the order too;
what stands behind `blocking`, `holder` or `held by`, until it speaks of who waits, is of the one that holds on. Only
of somebody who `is blocking` others it is what stands before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._listed_sessions import MANY, still_named, watches
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.once import once_a_view, once_by_name
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH
from tuheg_ir.named import NamedTuple

_HOLDS = late(
    r"(?<![a-z])(?:block(?:ing|er)|blocked[ _-]by|hold(?:ing|er)|held[ _-]by)(?![a-z])"
    r"(.*?)(?=(?<![a-z])(?:wait|victim|request|behind|queue|blocked(?![ _-]by))|$)",
    re.IGNORECASE,
)
"""What a line tells of who holds a lock, until it tells of who waits for it."""
_ACTS = late(r"(?<![a-z])(?:(?:is|was|are|were|keeps) (?:blocking|holding)|blocks)(?![a-z])", re.IGNORECASE)
"""Here who holds the lock stands before the word, and who waits for it behind."""
_OF_WAITERS = late(r"(?<![a-z])(?:wait|victim|request|behind|queue|blocked)[a-z]*", re.IGNORECASE)
_WORDS = late(r"[\w.-]+|[\da-f:]{6,}")
_SPOKEN_OF = ("block", "hold", "held")
_OF_SESSIONS = late(
    r"(?<![a-z])(?:trx|transactions?|sessions?|pid|spid|backend|connection|quer(?:y|ies)|processlist)(?![a-z])",
    re.IGNORECASE,
)
"""Words of a line that tells of a database's sessions, and of no lease or queue of a program's own."""
_NUMBERS = late(
    r"(?<![a-z])(?:thread|s?pid|conn(?:ection)?|session|process(?:list)?)(?:[ _-]?id)?\W{1,4}(\d+)(?!\w|\.\d)",
    re.IGNORECASE,
)
"""How a line tells the number of a session: any other one counts rows, seconds or transactions."""
_ITS_OWN = late(r"\b[Yy]our (?:MySQL|MariaDB) connection id is (\d+)")
"""How a client's own words tell the number of its session."""
GONE = late(
    r"(?:\b|\^D)Bye\s*$|Lost connection|server has gone away|server closed the connection|terminating connection"
)
"""How a client's own words tell that its session ended."""


class Watched(NamedTuple):
    """The workload from whose pod somebody holds a lock, what shows it, and how sure that is."""

    client: str
    evidence: Evidence
    certainty: float = 0.8


@once_by_name
def watched_client(view: View, ref: str) -> Watched | None:
    """Return the pod by hand, or the run, that a database's watch names each time as the one others wait for.

    None where its last words name nobody of ours, or several: then the lock is an ordinary moment's.
    """
    for log in view.snapshot.logs:
        watch = view.workloads.get(view.owner_of(log.pod))
        if watch is None or log.previous or not watches(view, watch, ref):
            continue
        named = list(_named(view, log.lines, (watch.ref, ref)))
        if len(named) < MANY or not still_named(view, log.lines, [at for at, _, _ in named]):
            continue
        _, client, told = named[-1]
        if client in ("", watch.ref, ref) or {each for _, each, _ in named[-MANY:]} != {client}:
            continue
        since = next(at for at, each, _ in named if each == client)
        fact = f"it names {client} as the one whose lock others wait for, whenever it looks: {told[:160]}"
        return Watched(client, Evidence("logs", f"Pod/{log.pod}", fact, since))
    return None


def _named(view: View, lines: tuple[str, ...], aside: tuple[str, str]) -> Iterator[tuple[datetime, str, str]]:
    """Yield when a line told of who holds a lock, the one client that it names ("": none that is meant), its words.

    Where it names the pod of a service there as well, who of both waits is not sure. A service's mere name is often
    that of a user of the database, or of the database itself. ``aside``: the watch and what it watches.
    """
    by_number, by_pod = _by_number(view), _by_pod(view)
    for line in lines:
        told = _of_holders(line) if any(word in line.lower() for word in _SPOKEN_OF) else []
        if told and _OF_SESSIONS.search(line) and (at := stamp(line)):
            words = {word for each in told for word in _WORDS.findall(each)}
            found = {ref for word in words if is_client(view, ref := view.component(word))}
            numbers = {number for each in told for number in _NUMBERS.findall(each)}
            found = found or {by_number[number] for number in numbers & {*by_number}}
            others = {by_pod[word] for word in words & {*by_pod}} - {*aside}
            sure = len(found) == 1 and all(is_client(view, each) for each in others)
            yield at, found.pop() if sure else "", line[line.index(told[0]) :]


def _of_holders(line: str) -> list[str]:
    """Return the parts of a line that tell of who holds a lock."""
    if acts := _ACTS.search(line):
        return [_OF_WAITERS.split(line[: acts.start()])[-1]]
    return [each[0] for each in _HOLDS.finditer(line)]


@once_a_view
def _by_pod(view: View) -> dict[str, str]:
    """Return name and address of a pod -> its workload."""
    return {word: each.ref for each in view.workloads.values() for pod in each.live for word in (pod.name, pod.address)}


@once_a_view
def _by_number(view: View) -> dict[str, str]:
    """Return number of a session -> the client whose last words of that kind tell it, and no end of it."""
    found = {}
    for client in filter(lambda each: is_client(view, each.ref), view.workloads.values()):
        number = ""
        for line in (line for log in view.logs_of(client.live, previous=False) for line in log.lines):
            own = _ITS_OWN.search(line)
            number = own[1] if own else "" if GONE.search(line) else number
        if number:
            found[number] = client.ref
    return found


def is_client(view: View, ref: str) -> bool:
    """Tell whether a workload serves nobody: a pod that somebody started by hand, or a run."""
    workload = view.workloads.get(ref)
    if workload is None or workload.kind in BATCH:
        return workload is not None
    return workload.kind == "Pod" and role(workload) not in DATA
