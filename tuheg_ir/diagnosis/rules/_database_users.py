"""Whom a database knows by the name of one of its users."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tuheg_ir.diagnosis.rules._twins import another_program
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_KEEPS = re.compile(r"(?:^|[_.-]|db|pg|sql|database)(?:user(?:_?name)?|role|login)$", re.IGNORECASE)
"""Names of settings whose value is a user."""
_IN_URL = re.compile(r"://([^:/@\s]+)(?::[^@/\s]*)?@|[?&;\s]user(?:name)?=([^&;\s]+)", re.IGNORECASE)


def client_of_user(view: View, clients: Sequence[Workload], user: str) -> str:
    """Return the one client of a database that uses it by a user; "" if several may, or nobody can tell.

    Settings tell it; where none does, a workload and its user are called alike. A client that runs the same program,
    and whose settings do not tell its user, may have the same one.
    """
    users = {client.ref: _users(view, client) for client in clients}
    alike = [client for client in clients if not users[client.ref] and _bare(client.name) == _bare(user)]
    found = [client for client in clients if user in users[client.ref]] or alike
    if not user or len(found) != 1:
        return ""
    others = (each for each in clients if each is not found[0] and not users[each.ref])
    return found[0].ref if all(another_program(each, found[0]) for each in others) else ""


def _users(view: View, client: Workload) -> set[str]:
    """Return the users that the settings of a workload name."""
    found: set[str] = set()
    for key, value in view.graph.settings(client):
        if _KEEPS.search(key):
            found.add(value)
        found |= {name for names in _IN_URL.findall(value) for name in names}
    return found - {""}


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
