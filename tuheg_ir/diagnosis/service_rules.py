"""The rules of diagnosis, as one table: what is seen, what it means, what helps, what does not.

Earlier rows explain later ones: a slow Redis explains the gateway's errors, never the other
way round. Adding a cause is adding a row, and a sign if none shows it yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tuheg_ir.diagnosis import signs
from tuheg_ir.diagnosis.facts import Facts
from tuheg_ir.diagnosis.signs import Match


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Remedies of the service that this cause makes useless or harmful; {component} is filled."""

    remedies: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One cause and its remedy."""

    name: str
    root_cause: str
    remedy: str
    confidence: float
    matches: Callable[[Facts], Iterable[Match]]
    excludes: tuple[Exclusion, ...] = ()


CALLER_REMEDIES = ("restart_workload", "restart_connection_pool", "scale_workload", "rollback_workload")

FAILS_AT_START = (
    Exclusion(
        ("restart_workload", "restart_connection_pool"),
        "the newest revision fails at start; a restart runs the same template",
    ),
)

RULES: tuple[Rule, ...] = (
    Rule(
        "database slots held by another client",
        "database_connection",
        "scale_database",
        0.9,
        signs.slots_held_by_others,
        (
            Exclusion(
                ("restart_connection_pool", "restart_workload", "rollback_workload"),
                "{component} holds the database's connections; nothing done to this service gives them back",
            ),
        ),
    ),
    Rule(
        "database slots held by the service's own open transactions",
        "database_connection",
        "restart_connection_pool",
        0.9,
        signs.slots_held_by_own_idle,
    ),
    Rule(
        "open transactions since a release",
        "code_defect",
        "rollback_workload",
        0.7,
        signs.leak_since_release,
    ),
    Rule(
        "database slots filled by the service's own work",
        "database_connection",
        "scale_database",
        0.6,
        signs.slots_held_by_load,
        (
            Exclusion(
                ("scale_workload",),
                "more instances of this service take more connections of {component}, and it has none left",
            ),
        ),
    ),
    Rule(
        "a dependency is broken by itself",
        "dependency_failure",
        "page_human",
        0.85,
        signs.dependency_unhealthy,
        (
            Exclusion(
                CALLER_REMEDIES,
                "{component} is unhealthy by itself; nothing done to its caller mends it",
            ),
        ),
    ),
    Rule(
        "the newest revision cannot be started",
        "configuration_error",
        "rollback_workload",
        0.95,
        signs.start_failed_by_configuration,
        FAILS_AT_START,
    ),
    Rule(
        "the newest revision ends at start",
        "code_defect",
        "rollback_workload",
        0.95,
        signs.start_failed_by_code,
        FAILS_AT_START,
    ),
    Rule(
        "nothing starts and there is no way back",
        "service_crash",
        "page_human",
        0.6,
        signs.start_failed_for_good,
    ),
    Rule("memory", "resource_exhaustion", "restart_workload", 0.9, signs.out_of_memory),
    Rule(
        "crashes since a release",
        "code_defect",
        "rollback_workload",
        0.85,
        signs.crashes_since_release,
        (
            Exclusion(
                ("restart_workload", "restart_connection_pool"),
                "the kubelet has restarted these containers and they ended again; "
                "another restart runs the same template",
            ),
        ),
    ),
    Rule("crashes", "service_crash", "restart_workload", 0.6, signs.crashes),
    Rule("errors since a release", "code_defect", "rollback_workload", 0.85, signs.errors_since_release),
    Rule("processor", "capacity", "scale_workload", 0.8, signs.starved),
)
