"""What a database's own log tells of its processes: whom each serves, and which sessions are still open."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.once import once_by_name
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.view import View

_SEVERITY = late(r"\b(?:LOG|DETAIL|STATEMENT|ERROR|FATAL|HINT|CONTEXT|WARNING|NOTICE): ")
_CONNECTED = late(r"\bconnection (?:received|authorized): (.*)")
_FACT = late(
    r"\b(?:(?P<user>user|u)|(?P<host>(?:remote_)?host|client|connection_from|h)|(?P<app>app(?:lication(?:_name)?)?|a))"
    r"\"?[=:] ?\"?(?P<value>[^\s\",\[\]()]+)"
)
_USER_AT = late(r"(?<![\w.-])([\w.-]+)@[\w.-]+")
"""How a line tells who is served: `user=shop`, `host=10.1.0.7`, `"application_name": "shop"`, `shop@orders`."""
_OF_PID = r"\[{0}\]|\"(?:process_id|pid)\": ?\"?{0}\b|\bp(?:id)?={0}\b"
_PID = late(_OF_PID.format(r"(\d+)"))
_UNKNOWN = "[unknown]"
_COMES, _SERVED = "connection received", "connection authorized"
ENDS = "disconnection: "
_GOES = (ENDS, "FATAL: ")
_AS_COUNTED = 1.25
"""So many times what figures count of a user may be open by the log: they are a little older. More are long closed."""


def lines_of(lines: Sequence[str], pids: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield (line, what stands before its message) of what a database tells of some of its processes."""
    if not pids:
        return
    of = re.compile("|".join(_OF_PID.format(pid) for pid in sorted(pids)))
    for line in lines:
        prefix = prefix_of(line)
        if of.search(prefix) or (not prefix and of.search(line)):
            yield line, prefix


def facts(told: Iterator[tuple[str, str]]) -> dict[str, set[str]]:
    """Return the users, addresses and programs that lines tell of the processes that they are of."""
    found: dict[str, set[str]] = {"user": set(), "host": set(), "app": set()}
    for line, prefix in told:
        came = _CONNECTED.search(line)
        said = f"{prefix} {came[1] if came else ''}" if prefix else line
        found["user"] |= set(_USER_AT.findall(prefix))
        for fact in _FACT.finditer(said):
            value, _, port = fact["value"].partition(":")
            kind = next(kind for kind in found if fact[kind])
            found[kind].add(fact["value"] if ":" in port else value)  # an address of version 6 has more of them
    return found


def prefix_of(line: str) -> str:
    """Return what stands before the message of a line; "" if it begins none."""
    severity = _SEVERITY.search(line)
    return line[: severity.start()] if severity else ""


def process_of(line: str) -> str:
    """Return the number of the process that a line is of; "" if it does not tell."""
    pid = _PID.search(prefix_of(line) or line)
    return next(filter(None, pid.groups())) if pid else ""


@once_by_name
def sessions_open(view: View, ref: str) -> Mapping[str, Counter[str]]:
    """Return, of each user, how many sessions each workload has opened and not closed, as the database's log tells.

    "" is an address that is no pod's of now. A log that tells of no end tells of none that is open: as a rule a
    database writes down ends only where somebody asked for them.
    """
    database = view.workloads.get(ref)
    logs = view.logs_of(database.live, previous=False) if database else ()
    opened = [told for log in logs if any(ENDS in line for line in log.lines) for told in opened_in(log.lines)]
    found: dict[str, Counter[str]] = {}
    for told in opened:
        whom = facts(iter(told))
        for user in whom["user"] - {_UNKNOWN, "unknown"}:
            found.setdefault(user, Counter()).update({view.component(each) for each in whom["host"] or whom["app"]})
    return found


def opened_in(lines: Sequence[str]) -> list[list[tuple[str, str]]]:
    """Return the (line, what stands before its message) of each process of one log that came and did not go.

    A database may be told to write down only whom it has let in, and not who has come.
    """
    opened: dict[str, list[tuple[str, str]]] = {}
    for line in lines:
        prefix, number = prefix_of(line), process_of(line)
        if not number:
            continue
        if any(word in line for word in _GOES):
            opened.pop(number, None)
        elif _COMES in line:
            opened[number] = [(line, prefix)]
        elif number in opened:
            opened[number].append((line, prefix))
        elif _SERVED in line:
            opened[number] = [(line, prefix)]
    return list(opened.values())


def owners_by_log(
    view: View, ref: str, told: Sequence[tuple[Mapping[str, str], float]], owners: Sequence[str]
) -> list[str]:
    """Return the workloads of series that count the sessions of clients, with those that only the log tells.

    Where figures tell a user alone it is the one program that has opened, and not closed, most of that user's sessions.
    """
    users = [
        "" if owner or labels.get("client") else labels.get("user", "")
        for (labels, _), owner in zip(told, owners, strict=True)
    ]
    counts: Counter[str] = Counter()
    for user, (_, count) in zip(users, told, strict=True):
        counts[user] += int(count)
    found = {user: _opened_most(view, ref, user, counts[user]) for user in counts if user}
    return [owner or found.get(user, "") for owner, user in zip(owners, users, strict=True)]


def _opened_most(view: View, ref: str, user: str, of: int) -> str:
    for each, count in sessions_open(view, ref).get(user, Counter()).most_common(1):
        workload = view.workloads.get(each)
        if workload is not None and not role(workload) and of / 2 < count <= of * _AS_COUNTED:
            return each
    return ""
