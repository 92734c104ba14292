"""Whom a database knows by the name of one of its users."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._twins import another_program
from tuheg_ir.diagnosis.view.changes import reads
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.hosts import is_address
from tuheg_ir.diagnosis.view.once import once, once_by_name
from tuheg_ir.diagnosis.view.pods import controller
from tuheg_ir.diagnosis.view.programs import role
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

_PARTS = late(
    r"(?:_?(?:pass(?:word|wd)?|p(?:wd|ass)|user(?:_?name)?|role|login|jdbc|ur[il]|dsn|host(?:_?name)?|addr(?:ess)?"
    r"|connection_?string|server|file))+$"
)
"""What stands last in the name of a setting, behind that of the database to which it belongs."""
_KIND = late(r"(?:^|_)(?:database|db|pg|sql|postgres(?:ql)?|mysql|maria(?:db)?|mongo(?:db)?|data_?source)(?=_|$)")
"""Words for any database in the name of one."""

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


def client_of_user(view: View, ref: str, clients: Sequence[Workload], user: str, users: Collection[str] = ()) -> str:
    """Return the one client of a database (``ref``) that uses it by a user; "" if several may, or nobody can tell.

    Settings tell it, or the key of a Secret for its password, or whom its log says is refused; where none does, a
    workload and its user are called alike. A key or a refusal does not stand against another one that is called exactly
    as the user: then nobody can tell. A client that runs the same program, and of which none tells its user, may
    have the same one. ``users``: all that the database is used by. Runs of a schedule are no clients beside it.
    """
    refs = {client.ref for client in clients}
    clients = [client for client in clients if controller(client.obj) not in refs]
    known = {user, *users} - {""}
    stated, hinted = _users_stated(view, ref), _users_told(view, ref)
    named = {client.ref: stated[client.ref] or hinted[client.ref] & known for client in clients}
    silent = [client for client in clients if not named[client.ref]]
    alike = [client for client in silent if _bare(client.name) == _bare(user)]
    told = [client for client in clients if any(_begins(client, _words(each)) for each in named[client.ref])]
    found = [client for client in clients if user in named[client.ref]]
    found += alike if not any(user in stated[client.ref] for client in found) else []
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
    return {user for key, value in view.graph.settings(client) for user in _users_in(key, value)}


def _users_in(key: str, value: str) -> set[str]:
    kept = {value} if _KEEPS.search(key) else set()
    return (kept | {name for names in _IN_URL.findall(value) for name in names}) - {""}


@once_by_name
def _users_stated(view: View, ref: str) -> dict[str, set[str]]:
    """Return the users that settings name, by workload: but for those of another server beside this database."""
    found = {}
    for client in view.workloads.values():
        here = any(_lead(view, hosts, ref) for hosts in addresses(view, client))
        named = ((key, _users_in(key, value)) for key, value in view.graph.settings(client))
        found[client.ref] = {
            user
            for key, users in named
            if users and not (here and (hosts := _hosts_beside(view, client, key)) and not _lead(view, hosts, ref))
            for user in users
        }
    return found


@once_by_name
def _users_told(view: View, ref: str) -> dict[str, set[str]]:
    """Return what may be users of a database, by workload: keys of its password in a Secret for all, who is refused.

    Both are also other words: they count only where the database has such a user.
    """
    return {client.ref: _by_keys(view, client, ref) | _refused(view, client, ref) for client in view.workloads.values()}


def _by_keys(view: View, client: Workload, ref: str) -> set[str]:
    entries = [e for each in items(client.template, "spec", "containers") for e in items(each, "env")]
    keys = {text(entry, "name"): text(entry, "valueFrom", "secretKeyRef", "key") for entry in entries}
    passwords = [name for name in keys if _PASSWORD.search(name) and any(e.search(name) for e in (_OF_A_DATABASE, _PG))]
    return {_OF_USER.sub("", keys[name]) for name in passwords if keys[name] and _is_of(view, client, ref, name)} - {""}


def _refused(view: View, client: Workload, ref: str) -> set[str]:
    """Return the one user as which a workload is refused by this database.

    A user is of all that is on a server: the host that a line names tells it, and not which of its databases is asked.
    """
    said = [hit for hit in view.hits_of(client.ref, "database_full") if _REFUSED_AS.search(hit.line)]
    found = {name for hit in said for names in _REFUSED_AS.findall(hit.line) for name in names if name}
    hosts = [[host for host in hit.hosts if not is_address(host) or view.graph.resolve(host)] for hit in said]
    here = all(_lead(view, each, ref) if each else _only_here(view, client, ref) for each in hosts)
    return found if len(found) == 1 and here else set()


def _is_of(view: View, client: Workload, ref: str, name: str) -> bool:
    """Tell whether a setting belongs to a database: what is called alike leads to it, or else all that leads to any."""
    hosts = _hosts_beside(view, client, name)
    return _lead(view, hosts, ref) if hosts else _only_here(view, client, ref)


def _hosts_beside(view: View, client: Workload, name: str) -> set[str]:
    """Return the hosts to which settings lead that are called as another one but for its last word.

    WAREHOUSE_DB_HOST tells whose WAREHOUSE_DB_PASSWORD is; or else WAREHOUSE_HOST does, and for DB_PASSWORD PGHOST.
    """
    led = [(key, value) for key, value in view.graph.settings(client) if _LEADS.search(key) and not _BESIDE.search(key)]
    for whose in (_group, _loosely):
        mine = [each for each in led if whose(each[0]) == whose(name) and (whose(name) or _is_address(each[0]))]
        if hosts := {host for each in mine for host in hosts_in(*each) if _HOST.fullmatch(host)}:
            return hosts
    return set()


def _group(name: str) -> str:
    """Return the name of a setting without its last words: REPORTS_DB of REPORTS_DB_PASSWORD."""
    return _PARTS.sub("", _words(name).replace("-", "_"))


def _loosely(name: str) -> str:
    """Return the same without words for any database."""
    return _KIND.sub("", _group(name)).strip("_")


def _lead(view: View, hosts: Iterable[str], ref: str) -> bool:
    """Tell whether one of some hosts is a database, or a pooler that leads to it."""
    led = {view.graph.resolve(host) for host in hosts} - {""}
    poolers = (each for each in led if each in view.workloads and role(view.workloads[each]) == "pooler")
    return ref in led or any(ref in view.graph.needs(each) for each in poolers)


def _only_here(view: View, client: Workload, ref: str) -> bool:
    """Tell whether no setting leads to another database, as far as can be seen, nor may one that is kept elsewhere."""
    plain = [hosts for hosts in addresses(view, client) if hosts]
    entries = (e for each in items(client.template, "spec", "containers") for e in items(each, "env"))
    hidden = {_group(key) for e in entries if _is_address(key := text(e, "name")) and not text(e, "value")}
    hidden = {key for key in hidden if not _hosts_beside(view, client, key)}
    return all(_lead(view, hosts, ref) for hosts in plain) and len(hidden) + bool(plain) <= 1


def _words(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
