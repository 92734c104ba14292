"""How a release lets a service keep more connections open than before."""

from __future__ import annotations

import re

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_SIZE = late(
    r"(?P<what>(?<![\w.-])[\w.-]*(?:pool|conn(?:ection)?s?|hikari)[\w.-]*)[\s=:\"',]*(?P<many>\d+)(?![\w.])",
    re.IGNORECASE,
)
_COUNTS = late(r"size|max|min|limit|idle|open|overflow|count|total|pool$|conn(?:ection)?s$", re.IGNORECASE)
_NO_COUNT = late(r"time|life|wait|age|interval|delay|retr|thread|worker|keep|port|_ms$|sec(?:ond)?s?$", re.IGNORECASE)
"""Settings of pools that tell for how long, or of what else, and not of how many connections."""
OF_OTHERS = late(
    r"http|redis|jedis|lettuce|valkey|memcache|cache|kafka|rabbit|amqp|jms|nats|mqtt|pulsar|grpc|(?<![a-z])rpc|thread"
    r"|worker|executor|task|client|feign|(?<![a-z])(?:web|ws|rest|api|s3|aws)(?![a-z])|socket|tomcat|jetty|netty"
    r"|undertow|(?<!sql)(?<!sql[_.-])server|smtp|mail|ldap|elastic|opensearch|upstream|backend|object|buffer",
    re.IGNORECASE,
)
"""Settings of pools that hold what is no session of a database."""
_OF_ONE_PROCESS = late(r"hikari|agroal|dbcp|c3p0|r2dbc|pgx", re.IGNORECASE)
"""Pools of Java and Go, whose programs are one process a pod: a pod has one pool, and not one for each worker."""
TIMES = 1.5
"""A pool that is larger by less than this fills no database."""


def raised(workload: Workload) -> tuple[Change, ...]:
    """Return how a release made the pools of a service much larger."""
    return tuple(c for c in workload.changed("env", "command") if _more(_sizes(c, c.before), _sizes(c, c.after)))


def _sizes(change: Change, value: str) -> dict[str, int]:
    """Return the sizes of pools that a value sets, by the names of the settings."""
    return _sizes_in(change.said(value) if value.isdigit() else value)


def _sizes_in(said: str) -> dict[str, int]:
    found = {each["what"].lower(): int(each["many"]) for each in _SIZE.finditer(said)}
    return {what: many for what, many in found.items() if _COUNTS.search(what) and not _NO_COUNT.search(what)}


def _more(before: dict[str, int], after: dict[str, int]) -> bool:
    return any(what in before and many >= TIMES * max(1, before[what]) for what, many in after.items())


def sizes(workload: Workload) -> tuple[int, int] | None:
    """Return how large the largest of the pools is that a release made larger, before it and since.

    It may be of a database: those whose names tell of something else fill none.
    """
    found = [
        (was[what], many)
        for change in raised(workload)
        for was in (_sizes(change, change.before),)
        for what, many in _sizes(change, change.after).items()
        if what in was and not OF_OTHERS.search(what) and _more(was, {what: many})
    ]
    return max(found, key=lambda each: each[1], default=None)


def pool_of(view: View, workload: Workload) -> int | None:
    """Return how many connections the pool of each pod may hold, as settings tell; None where none does.

    It is the largest that may be of a database; what a pool may open beyond its size comes on top of it.
    """
    found: dict[str, int] = {}
    for key, value in view.graph.settings(workload):
        found |= _sizes_in(f"{key}={value}" if value.isdigit() else value)
    mine = {what: many for what, many in found.items() if not OF_OTHERS.search(what)}
    beyond = sum(many for what, many in mine.items() if "overflow" in what)
    return max((many for what, many in mine.items() if "overflow" not in what), default=0) + beyond or None


def of_one_process(view: View, workload: Workload) -> bool:
    """Tell whether each pod has one pool of the size that settings tell, as they name the library."""
    return any(_OF_ONE_PROCESS.search(key or value) for key, value in view.graph.settings(workload))
