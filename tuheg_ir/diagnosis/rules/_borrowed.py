"""Logins under which a pod comes to others that belong to another program: stolen ones are used so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.view.logs import ADDRESS, times_near
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_LOGIN = late(
    r"\b(?:system_?id|user(?:_?name)?|login|client_?id|access_?key(?:_?id)?|account|principal|acl_?user)"
    r"[\"']?(?:\s?[=:]\s?[\"']?|\s[\"'])(?:User:)?(?P<named>[A-Za-z][\w.-]{2,63})(?=[\s\"',;@)\]}]|$)"
    r"|(?<![\w.-])(?P<at>[A-Za-z][\w.-]{2,63})@(?=\d{1,3}\.\d{1,3}\.)",
    re.IGNORECASE,
)
"""By which name a server's log says that somebody came to it."""
_COMES = late(
    r"\bbind(?![\w-]*ing)\w*|\blog(?:ged)?[ _-]?(?:in|on)\b(?!\s?[=:])|\bauthenticat(?:ed|ion)\b"
    r"|\bconnection authorized\b|\buser=[^\s,]{1,64},\s?db=|\bConnect\s+[\w.-]{1,64}@",
    re.IGNORECASE,
)
"""How a server tells that somebody came to it, or whose session speaks: what users do is told with their names."""
OFTEN = 3
"""A login that a program is not called by is its own where it comes so often under that one, and no other."""
_REFUSED = late(
    r"\b(?:denied|refused|reject\w*|invalid|fail(?:ed|ure)|unauthori[sz]ed|unknown|incorrect|ESME_RBINDFAIL)\b",
    re.IGNORECASE,
)
"""Who only tries a login has not got it."""


class _Use(NamedTuple):
    """That a pod came to a server under a login: when, which workload's it is, and the server's pod and line."""

    at: datetime
    login: str
    by: str
    pod: str
    line: str


def borrowed(view: View, workload: Workload, since: datetime) -> Evidence | None:
    """Return that pods of a workload use a login since a time that was another's own until then; None if none do.

    Not where it was released in between: its owners may have given it another login. Users log in by name as well, and
    through more than one program.
    """
    if workload.released_at is not None and workload.released_at >= since:
        return None
    uses = _uses(view)
    before = [use for use in uses if use.at < since]
    for use in uses:
        owners = {each.by for each in before if each.login == use.login}
        if use.at < since or use.by != workload.ref or len(owners) != 1 or workload.ref in owners:
            continue
        owner = next(iter(owners))
        if _own(use.login, owner, [each.login for each in before if each.by == owner and each.pod == use.pod]):
            fact = f"it uses the login of {owner} since: {use.line[:240]}"
            return Evidence("logs", f"Pod/{use.pod}", fact, use.at)
    return None


def _own(login: str, owner: str, logins: list[str]) -> bool:
    """Tell whether a login is a program's own: the one by which it comes to a server, often or by its own name."""
    called_so = not _words(login).isdisjoint(_words(owner.rpartition("/")[2]))
    return set(logins) == {login} and (called_so or len(logins) >= OFTEN)


def _words(name: str) -> set[str]:
    return set(re.split(r"[-_.]", name.lower()))


@once_a_view
def _uses(view: View) -> tuple[_Use, ...]:
    """Return by whose pods which logins were used, as the logs of others tell it, in the order of time."""
    return tuple(sorted(_told(view), key=lambda use: use.at))


def _told(view: View) -> Iterator[_Use]:
    """Yield the uses; a pod that shares the address of its node is not told apart by it."""
    homes = {
        pod.address: workload.ref
        for workload in view.workloads.values()
        for pod in workload.pods
        if pod.address and not pod.on_host_network
    }
    owners = {pod.name: workload.ref for workload in view.workloads.values() for pod in workload.pods}
    for log in view.snapshot.logs:
        for line, at in zip(log.lines, times_near(log.lines), strict=True):
            asked = line[:2000]
            peers = {homes[each] for each in ADDRESS.findall(asked) if each in homes} - {owners.get(log.pod, "")}
            login = _LOGIN.search(asked) if at is not None and len(peers) == 1 and _COMES.search(asked) else None
            if login is not None and at is not None and not _REFUSED.search(asked):
                yield _Use(at, login["named"] or login["at"], next(iter(peers)), log.pod, line.strip())
