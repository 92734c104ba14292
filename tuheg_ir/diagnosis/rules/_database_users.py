"""Whom a database knows by the name of one of its users."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._twins import another_program
from tuheg_ir.diagnosis.view.changes import reads
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.pods import controller
from tuheg_ir.diagnosis.view.reading import items, mapping, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_KEEPS = late(r"(?:^|[_.-]|db|pg|sql|database)(?:user(?:_?name)?|role|login)$", re.IGNORECASE)
"""Names of settings whose value is a user."""
_IN_URL = late(r"://([^:/@\s]+)(?::[^@/\s]*)?@|[?&;\s]user(?:name)?=([^&;\s]+)", re.IGNORECASE)

_OF_A_DATABASE = late(
    r"database|(?:^|_)(?:db|pg|sql)(?:_|$)|pghost|postgres|mysql|maria|mongo|jdbc|r2dbc|\bdsn|data_?source"
    r"|connection_?strings?_+(?!redis|cache|rabbit|amqp|kafka|service_?bus|storage|blob)",
    re.IGNORECASE,
)
_LEADS = late(r"ur[il]|dsn|host|addr|jdbc|connection_?string", re.IGNORECASE)
_BESIDE = late(r"(?:pass(?:word|wd)?|pwd|user(?:_?name)?|(?<!host)name|(?<![a-z])port)(?:_file)?$", re.IGNORECASE)
"""Names of settings of a database that lead to it, but for what stands beside its address."""
_DATABASE_URL = late(r"\b(?:postgres|postgresql|mysql|mariadb|mongodb)(?:\+\w+)?://[^\s'\"]+", re.IGNORECASE)

_PASSWORD = late(r"pass(?:word|wd)?(?:_file)?$|(?<![a-z])p(?:wd|ass)$", re.IGNORECASE)
"""Names of settings whose value is a password."""
_PG = late(r"^PGPASS", re.IGNORECASE)
"""The one of PostgreSQL's own clients, in whose name no database is told."""
_OF_USER = late(r"[_.-]?(?:db|pg|sql|postgres|mysql)?[_.-]?(?:pass(?:word|wd)?|pwd)$", re.IGNORECASE)
"""What may follow the user in the name of the key under which a Secret keeps its password."""
_REFUSED_AS = late(
    r"\buser=[\"']?([\w.-]{1,63})[\"']? database=|\bconnections? for (?:role|user) [\"']([\w.-]{1,63})[\"']"
    r"|\bUser [\"']?([\w.-]{1,63})[\"']? (?:already has more than|has exceeded the) "
)
"""How the refusal of a session tells, in the log of who asked for it, as whom it asked."""

_HOST = late(r"[\w.-]+")
"""A host, and not the name of a setting in whose place one will stand."""


def takes_its_address_from_a_secret(workload: Workload) -> bool:
    """Tell whether a setting that leads to a database is kept in a Secret: nobody sees to which one."""
    return bool(_secrets_of_addresses(workload))


def secrets_of_its_address(view: View, workload: Workload) -> set[str]:
    """Return the names of the Secrets that keep settings which lead to a database, or are known to have such keys."""
    kept = view.objects("Secret")
    read = {label for kind, label in reads(workload.template) if kind == "Secret"}
    return _secrets_of_addresses(workload) | {
        label for label in read if any(_is_address(str(key)) for key in mapping(kept.get(label), "data"))
    }


def _secrets_of_addresses(workload: Workload) -> set[str]:
    containers = items(workload.template, "spec", "containers")
    entries = (entry for container in containers for entry in items(container, "env"))
    return {text(e, "valueFrom", "secretKeyRef", "name") for e in entries if _is_address(text(e, "name"))} - {""}


def is_led_elsewhere(view: View, client: Workload, ref: str) -> bool:
    """Tell whether a setting names the host of a database in plain sight, and it is not this one."""
    return any(hosts and ref not in map(view.graph.resolve, hosts) for hosts in addresses(view, client))


def addresses(view: View, client: Workload) -> Iterator[list[str]]:
    """Yield the hosts that a setting names which leads to a database, of one setting after the other."""
    for key, value in view.graph.settings(client):
        named = [("", url) for url in _DATABASE_URL.findall(value)]
        for each in named or ([(key, value)] if _is_address(key) else []):
            yield [host for host in hosts_in(*each) if _HOST.fullmatch(host)]


def _is_address(key: str) -> bool:
    return all(each.search(key) for each in (_OF_A_DATABASE, _LEADS)) and not _BESIDE.search(key)


def client_of_user(view: View, clients: Sequence[Workload], user: str, users: Collection[str] = ()) -> str:
    """Return the one client of a database that uses it by a user; "" if several may, or nobody can tell.

    Settings tell it, or the key of a Secret for its password, or whom its log says is refused; where none does, a
    workload and its user are called alike. A client that runs the same program, and of which none tells its user, may
    have the same one. ``users``: all that the database is used by. Runs of a schedule are no clients beside it.
    """
    refs = {client.ref for client in clients}
    clients = [client for client in clients if controller(client.obj) not in refs]
    known = {user, *users} - {""}
    named = {client.ref: users_named(view, client) or _users_told(view, client) & known for client in clients}
    silent = [client for client in clients if not named[client.ref]]
    alike = [client for client in silent if _bare(client.name) == _bare(user)]
    told = [client for client in clients if any(_begins(client, _words(each)) for each in named[client.ref])]
    found = [client for client in clients if user in named[client.ref]] or alike
    found = found or _left_over(silent, user, users, custom=bool(told))
    if not user or len(found) != 1:
        return ""
    others = (each for each in silent if each is not found[0])
    return found[0].ref if all(another_program(each, found[0]) for each in others) else ""


def _left_over(silent: Sequence[Workload], user: str, users: Collection[str], *, custom: bool) -> list[Workload]:
    """Return the client whose name begins with that of a user, where each other one is called as a user of its own.

    One user for all programs, or for many, may be called as some of them begin. ``custom``: one is known to be called
    as its own user.
    """
    others = {_words(each) for each in users if each != user}
    left = [client for client in silent if not any(_begins(client, each) for each in others)]
    begins = [client for client in silent if client.name.lower().startswith(f"{_words(user)}-")]
    return left if left == begins and (custom or len(left) < len(silent)) else []


def _begins(client: Workload, user: str) -> bool:
    """Tell whether a client is called as a user is, or begins so."""
    return _bare(client.name) == _bare(user) or client.name.lower().startswith(f"{user}-")


@once
def users_named(view: View, client: Workload) -> set[str]:
    """Return the users that the settings of a workload name."""
    found: set[str] = set()
    for key, value in view.graph.settings(client):
        if _KEEPS.search(key):
            found.add(value)
        found |= {name for names in _IN_URL.findall(value) for name in names}
    return found - {""}


@once
def _users_told(view: View, client: Workload) -> set[str]:
    """Return what may be a client's users: keys of its password in a Secret for all, and whom it is refused as.

    Both are also other words, or of another server: they count only where a database has such a user.
    """
    entries = [e for each in items(client.template, "spec", "containers") for e in items(each, "env")]
    keys = (
        text(entry, "valueFrom", "secretKeyRef", "key")
        for entry in entries
        if _PASSWORD.search(text(entry, "name"))
        and any(each.search(text(entry, "name")) for each in (_OF_A_DATABASE, _PG))
    )
    said = [hit.line for hit in view.hits_of(client.ref, "database_full")]
    refused = {name for line in said for names in _REFUSED_AS.findall(line) for name in names if name}
    return ({_OF_USER.sub("", key) for key in keys} - {""}) | (refused if len(refused) == 1 else set())


def _words(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
