"""What a rule is, and what it says where it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from enum import IntEnum

from tuheg_ir.diagnosis.model import Evidence, Excluded
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.named import NamedTuple

ROOT_CAUSES = (
    "database_connection",
    "service_crash",
    "network_fault",
    "configuration_error",
    "code_defect",
    "resource_exhaustion",
    "dependency_failure",
    "capacity",
    "security_incident",
    "no_fault",
    "unknown",
)
REMEDIES = (
    "restart_workload",
    "rollback_workload",
    "scale_workload",
    "restart_connection_pool",
    "switch_traffic",
    "scale_database",
    "isolate_workload",
    "page_human",
    "no_action",
)


class Tier(IntEnum):
    """How near to the cause a rule looks. Where two hold at one place, the nearer one is believed."""

    SYMPTOM = 1
    """Only that something is wrong: crashes, errors, slowness without a reason."""
    PATTERN = 2
    """Several facts that together are typical of a cause: errors since a release."""
    STATED = 3
    """The cluster or a log states the cause itself: a missing ConfigMap, a refused password."""


class Match(NamedTuple):
    """A rule that holds: where, how one can see it, how sure one fact more or less (0 to 1) makes it.

    ``target`` is what the remedy acts on ("": the component). ``root_cause`` and ``remedy`` are the
    rule's own unless given. ``since`` is when it began. ``explains``: components whose troubles come
    from this one, beside all that call it. ``excludes``: remedies that would be useless or do harm.
    ``served_by``: a workload that is away, and whose own trouble, if one is found, is behind this.
    """

    component: str
    evidence: tuple[Evidence, ...]
    certainty: float
    target: str = ""
    root_cause: str = ""
    remedy: str = ""
    since: datetime | None = None
    explains: tuple[str, ...] = ()
    excludes: tuple[Excluded, ...] = ()
    served_by: str = ""


class Rule(NamedTuple):
    """One cause and its remedy.

    ``follows`` says that this kind of trouble also comes from behind: where something that the
    component needs has a cause of its own, that one is believed. ``heard`` says that what speaks
    against it is mostly told by logs: where none could be read, a person decides.
    """

    name: str
    title: str
    root_cause: str
    remedy: str
    tier: Tier
    when: Callable[[View], Iterable[Match]]
    why_not: str
    follows: bool = False
    heard: bool = False


class Held(NamedTuple):
    """A rule that holds somewhere, and how sure that makes it."""

    rule: Rule
    match: Match
    confidence: float

    @property
    def root_cause(self) -> str:
        """Return the cause that this match stands for."""
        return self.match.root_cause or self.rule.root_cause

    @property
    def remedy(self) -> str:
        """Return the remedy that this match stands for."""
        return self.match.remedy or self.rule.remedy

    @property
    def target(self) -> str:
        """Return what the remedy acts on."""
        return self.match.target or self.match.component


RESTARTS = ("restart_workload", "restart_connection_pool")


def excluding(target: str, reason: str, *remedies: str) -> tuple[Excluded, ...]:
    """Return remedies that would be useless or harmful at a target, all for one reason."""
    return tuple(Excluded(remedy, target, reason) for remedy in remedies)
