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
_OF_LOGIN = late(
    r"user|role|name|ur[li]|dsn|host|addr|server|master|sentinel|ssl|tls|vhost|schema|tenant|login|account|cred|pass"
    r"|secret|(?<![a-z])(?:pg)?(?:port|db|database|keyspace)(?![a-z_-])",
    re.IGNORECASE,
)
"""Words of whom is asked, by whom and for what."""
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
    """Return the changes of settings that bear on how a client logs in, or that brought what a line names."""
    return tuple(each for each in found if _bears(each) or brought(each, line))


def brought(change: Change, line: str) -> str:
    """Return what a line names and a change brought (`role "shop_v2"`, if DB_USER is that now); "" if nothing."""
    new = {word.rpartition("=")[2] for word in _words(change.after) - _words(change.before)}
    return next((named for named in _NAMED.findall(line) if named in new), "")


def _bears(change: Change) -> bool:
    if change.aspect == "mounts":
        return set(_MOUNTED.findall(change.before)) != set(_MOUNTED.findall(change.after))
    differs = _words(change.before) ^ _words(change.after)
    said = {change.field.removeprefix("env ")} if change.field.startswith("env ") else differs
    asks = any(_KIND.search(each) or (_STORE.search(each) and _OF_LOGIN.search(each)) for each in said)
    return change.field == "envFrom" or asks or any(_ADDRESS.match(each) for each in differs)


def _words(text: str) -> set[str]:
    return set(filter(None, _BETWEEN.split(text)))
