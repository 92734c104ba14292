"""Which settings of a release say whom a client asks, as whom and for what: how it logs in, and not how often."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.changes import Change

_STORE = late(
    r"(?<![a-z])(?:db|database|pg|postgres|psql|mysql|maria|mongo|redis|sql|jdbc|datasource|dsn|amqp|rabbit|cassandra"
    r"|etcd|oracle|cache|broker|sentinel)",
    re.IGNORECASE,
)
"""Words of a data service in the name of a setting."""
_WHERE = late(
    r"ur[li]|dsn|host|addr|server|master|sentinel|vhost|(?<![a-z])(?:pg)?port(?![a-z_-])",
    re.IGNORECASE,
)
"""Words of whom is asked."""
_WHO = late(
    r"user|role|name|ssl|tls|schema|tenant|login|account|cred|pass|secret"
    r"|(?<![a-z])(?:pg)?(?:db|database|keyspace)(?![a-z_-])",
    re.IGNORECASE,
)
"""Words of by whom, for what, and how safely."""
_UNKNOWN = late(r"does ?n.t exist|does not exist|unknown database|no such (?:database|user)|not found", re.IGNORECASE)
"""What a server says that does not know what a line names, wherever the client comes from."""
_UNSEEN = ("(hidden", "{")
"""Beginnings of values that are not to be seen, or that stand elsewhere."""
_KIND = late(r"auth(?:entication)?[-_ ](?:\w{1,20}[-_ ])?(?:plugin|method|mechanism|policy)|sasl|scram", re.IGNORECASE)
"""Words of the way in which somebody logs in."""
_ADDRESS = late(r"(?:jdbc:|postgres\w*|mysql\w*|mariadb|mongodb|rediss?|amqps?)(?:\+\w+)?:", re.IGNORECASE)
"""Beginnings of addresses of data services."""
_MOUNTED = late(r'"(?:configMap|secret)": \{[^{}]*\}')
"""A volume that holds settings, in the short text of a change."""
_NAMED = late(r"[\"'`]([^\"'`\s]{3,80})[\"'`]")
"""What a line names."""
_BETWEEN = late(r"[\s,\[\]\"]+")


def of_login(found: Iterable[Change], line: str = "") -> tuple[Change, ...]:
    """Return the changes of settings that bear on how a client logs in, or that brought what a line names.

    Where a line says that what it names is not known, another name than that has nothing to do with it. Without a name
    a client takes one of its own, as that of the user it runs as.
    """
    named = bool(_UNKNOWN.search(line) and _NAMED.search(line))
    return tuple(each for each in found if _bears(each, named) or brought(each, line))


def brought(change: Change, line: str) -> str:
    """Return what a line names and a change brought (`role "shop_v2"`, if DB_USER is that now); "" if nothing."""
    new = {word.rpartition("=")[2] for word in _words(change.after) - _words(change.before)}
    return next((named for named in _NAMED.findall(line) if named in new), "")


def _bears(change: Change, named: bool) -> bool:
    if change.aspect == "mounts":
        return set(_MOUNTED.findall(change.before)) != set(_MOUNTED.findall(change.after))
    differs = _words(change.before) ^ _words(change.after)
    said = {change.name} if change.field.startswith("env ") else differs
    who = not named or not change.after or change.after.startswith(_UNSEEN)
    return (
        change.field == "envFrom"
        or any(_ADDRESS.match(each) for each in differs)
        or any(_KIND.search(each) for each in said)
        or any(_STORE.search(each) and (_WHERE.search(each) or (who and _WHO.search(each))) for each in said)
    )


def _words(text: str) -> set[str]:
    return set(filter(None, _BETWEEN.split(text)))
