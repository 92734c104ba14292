"""Each input that is wrong stops a play with its own sentence, before anything is asked."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tuheg.ir.plugins.module_utils.guard import guard

GOOD: dict[str, Any] = {
    "cluster": "production",
    "host": "production",
    "hosts": ["production"],
    "groups": ["all", "ungrouped", "clusters"],
    "incident": "INC-20251105-001",
    "incident_required": True,
    "attempt": 1,
    "severity": "P1",
    "service": "web",
    "services": {"web": {"kind": "Deployment"}, "db": {"kind": "StatefulSet"}},
    "namespace": "ns",
    "lock_seconds": 300,
}


@pytest.mark.parametrize("change", [{}, {"service": "db"}, {"attempt": "3"}, {"incident": "INC-20251105-1000"}])
def test_good_inputs_pass(change: dict[str, Any]) -> None:
    assert guard(GOOD | change) == {}


def test_a_read_only_play_needs_no_incident() -> None:
    assert guard(GOOD | {"incident": "", "incident_required": False}) == {}


@pytest.mark.parametrize(
    ("change", "what", "which", "next_step"),
    [
        (
            {"cluster": "clusters", "hosts": ["staging", "production"]},
            "ir_cluster must be one cluster, but clusters is a group",
            "its clusters: production, staging",
            "set -e ir_cluster=NAME to one of them",
        ),
        (
            {"cluster": "clusters"},
            "ir_cluster must be one cluster, but clusters is a group",
            "its clusters: production",
            "set -e ir_cluster=NAME to one of them",
        ),
        (
            {"cluster": "all", "groups": []},
            "ir_cluster must be one cluster, but all is a group",
            "its clusters: production",
            "set -e ir_cluster=NAME to one of them",
        ),
        (
            {"cluster": "prod*"},
            "ir_cluster must name exactly one cluster, but it is 'prod*'",
            "it selects: production",
            "set -e ir_cluster=NAME to one of them",
        ),
        (
            {"incident": ""},
            "an incident number is needed before anything is changed",
            "ir_incident is not set",
            "set -e ir_incident=INC-YYYYMMDD-NNN, such as INC-20251105-001",
        ),
        (
            {"incident": "INC-1"},
            "this is not an incident number",
            "ir_incident=INC-1",
            "set -e ir_incident=INC-YYYYMMDD-NNN, such as INC-20251105-001",
        ),
        ({"severity": "P3"}, "there is no such severity", "ir_severity=P3", "use one of: P0, P1, P2"),
        (
            {"namespace": ""},
            "the namespace of the platform is not set",
            "ir_namespace",
            "set it in the inventory's group_vars",
        ),
        (
            {"services": {}},
            "the inventory describes no services",
            "ir_services",
            "describe them in the inventory's group_vars",
        ),
        (
            {"service": "api"},
            "there is no such service in the inventory",
            "ir_service=api",
            "use one of: db, web",
        ),
        (
            {"services": {"web": {"kind": "DaemonSet"}}},
            "the kind of web must be one of Deployment, StatefulSet",
            "ir_services.web.kind is 'DaemonSet'",
            "correct it in the inventory",
        ),
        (
            {"attempt": 0},
            "ir_attempt must be a whole number from 1",
            "ir_attempt=0",
            "raise it by one only when an incident is reopened",
        ),
        (
            {"lock_seconds": "5"},
            "ir_lock_seconds must be a whole number from 30",
            "ir_lock_seconds=5",
            "300 is the default",
        ),
    ],
)
def test_a_wrong_input_is_told_in_three_parts(change: dict[str, Any], what: str, which: str, next_step: str) -> None:
    assert guard(GOOD | change) == {"status": "refused", "what": what, "which": which, "next": next_step}


def test_the_first_of_several_is_told() -> None:
    assert guard({})["what"].startswith("ir_cluster must name exactly one cluster")
