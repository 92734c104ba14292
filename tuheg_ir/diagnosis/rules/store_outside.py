"""A database, cache or broker outside the namespace states its own trouble to those who use it."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._figures import is_well
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.view.complaints import Complaint, began, complaints, told
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.named import NamedTuple

FEW = 3
"""So few lines are a moment's, while users feel nothing."""


class _Trouble(NamedTuple):
    """What clients are told, by which role of server, and which cause that stands for."""

    name: str
    roles: tuple[str, ...]
    root_cause: str


_TROUBLES = (
    _Trouble("database_full", ("database", "pooler"), "database_connection"),
    _Trouble("cache_full", ("cache",), "resource_exhaustion"),
    _Trouble("broker_alarm", ("broker",), "resource_exhaustion"),
    _Trouble("cache_busy", ("cache",), "dependency_failure"),
    _Trouble("lock_wait", ("database",), "database_connection"),
)


def when(view: View) -> Iterator[Match]:
    """Clients repeat what only a server tells that is nowhere in the namespace."""
    for trouble in _TROUBLES:
        if of_role(view.workloads, *trouble.roles):
            continue  # it is here, and other rules look at it
        found = [c for c in complaints(view, trouble.name) if c.caller in view.workloads and not c.about]
        callers = tuple(dict.fromkeys(c.caller for c in sorted(found, key=lambda c: -c.hit.count)))
        if sum(c.hit.count for c in found) < FEW or is_well(view, behind(view, *callers)):
            continue
        yield _match(view, trouble, callers, found)


def _match(view: View, trouble: _Trouble, callers: tuple[str, ...], found: list[Complaint]) -> Match:
    return Match(
        component=callers[0],
        evidence=told(view, found),
        certainty=0.6,
        root_cause=trouble.root_cause,
        since=began(found),
        explains=behind(view, *callers, but=callers[0]),
        excludes=not_for(callers, "what it uses is outside: nothing done to who uses it makes room there"),
    )


RULE = Rule(
    name="store_outside",
    title="A database, cache or broker outside the namespace is short of something",
    root_cause="dependency_failure",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not="no client is told of the trouble of a server that is not here",
)
