"""Which client sends a statement, as a server's own log tells beside it: by name, by user or by a pod's address."""

from __future__ import annotations

import re

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._helping import names
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.statements import is_search
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_ASKED = late(r"\b(?:LOG|STATEMENT): |\bduration: |# Query_time: |\bcommand: |\"(?:command|message)\" ?:")
"""Where what is told of a client ends, and the statement or its plan begins: tables are called like services."""
_CLIENT = late(
    r"\b(?:app(?:lication)?(?:_?name)?|client(?:_?addr)?|(?:remote_)?host|user)\"? ?[=:] ?\"?([\w.-]+)"
    r"|([\w.-]+)@[\w-]|# User@Host: ([\w.-]+)\[",
    re.IGNORECASE,
)
"""How servers tell which client sends a statement: by the program's name, its user or its host."""
_SEARCHER = late(r"\], id\[([\w.-]+)")
_SEARCHER_JSON = late(r"\"(?:elasticsearch\.slowlog\.)?id\"\s*:\s*\"([\w.-]+)\"")
"""How the slow log of a search server tells what a client calls itself, beside the search that it repeats."""


def sends(view: View, text: str, user: Workload) -> bool:
    """Tell whether a server tells that this client, and no other, sends a statement: by name or by a pod's address.

    Several may come as the same user, and then the name of a program tells them apart.
    """
    if others_told(view, text, user):
        return False
    told = {word.partition(".")[0] for word in _clients(text)}
    return user.name in told or any(names(text, pod.address) for pod in user.newest_pods() if pod.address)


def others_told(view: View, text: str, user: Workload) -> set[str]:
    """Return the names of other clients by which a server tells who sends a statement."""
    told = {word.partition(".")[0] for word in _clients(text)}
    return {each for each in told if _programs(view).get(each, {user.ref}) != {user.ref}}


@once_a_view
def _programs(view: View) -> dict[str, set[str]]:
    """Return name -> Kind/name of all that keeps no data for others."""
    found: dict[str, set[str]] = {}
    for each in view.workloads.values():
        if role(each) not in DATA:
            found.setdefault(each.name, set()).add(each.ref)
    return found


def _clients(text: str) -> set[str]:
    """Return what a server tells of the client that sends a statement: its names, its user, its host."""
    if is_search(text):  # what is searched may speak of users itself
        return set((_SEARCHER if "source[" in text else _SEARCHER_JSON).findall(text))
    return {word for found in _CLIENT.findall(_ASKED.split(text, maxsplit=1)[0]) for word in found if word}
