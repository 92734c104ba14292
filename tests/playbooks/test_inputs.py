"""Wrong or missing inputs stop a play at once: the exact sentence, rc != 0, no cluster asked."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.ansible


def without(inputs: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in inputs.items() if key != name}


# Two of them, for all have the same line (tests/test_layout.py).
@pytest.mark.parametrize("playbook", ["respond_database_connection", "verify_service"])
def test_no_playbook_guesses_a_cluster(play: Any, good: dict[str, Any], playbook: str) -> None:
    outcome = play(playbook, without(good, "ir_cluster"))
    assert outcome.rc != 0
    assert "ir_cluster is not set: name one cluster with -e ir_cluster=NAME" in outcome.text
    assert "TASK" not in outcome.text


@pytest.mark.parametrize("playbook", ["respond_service_crash", "verify_service"])
def test_a_misspelt_cluster_is_an_error_and_not_an_empty_success(
    play: Any, good: dict[str, Any], playbook: str
) -> None:
    outcome = play(playbook, {**good, "ir_cluster": "onne"})
    assert outcome.rc != 0
    assert "Could not match supplied host pattern, ignoring: onne" in outcome.text
    assert "TASK" not in outcome.text


REFUSED = [
    (
        {"ir_cluster": "clusters"},
        "ir_cluster must be one cluster, but clusters is a group (its clusters: one, two). "
        "Next: set -e ir_cluster=NAME to one of them.",
    ),
    (
        {"ir_cluster": "all"},
        "ir_cluster must be one cluster, but all is a group (its clusters: one, two). "
        "Next: set -e ir_cluster=NAME to one of them.",
    ),
    (
        {"ir_cluster": "lonely"},
        "ir_cluster must be one cluster, but lonely is a group (its clusters: one). "
        "Next: set -e ir_cluster=NAME to one of them.",
    ),
    (
        {"ir_cluster": "one,two"},
        "ir_cluster must name exactly one cluster, but it is 'one,two' (it selects: one, two). "
        "Next: set -e ir_cluster=NAME to one of them.",
    ),
    (
        {"ir_incident": ""},
        "an incident number is needed before anything is changed (ir_incident is not set). "
        "Next: set -e ir_incident=INC-YYYYMMDD-NNN, such as INC-20251105-001.",
    ),
    (
        {"ir_incident": "42"},
        "this is not an incident number (ir_incident=42). "
        "Next: set -e ir_incident=INC-YYYYMMDD-NNN, such as INC-20251105-001.",
    ),
    ({"ir_severity": "P3"}, "there is no such severity (ir_severity=P3). Next: use one of: P0, P1, P2."),
    (
        {"ir_namespace": ""},
        "the namespace of the platform is not set (ir_namespace). Next: set it in the inventory's group_vars.",
    ),
    (
        {"ir_service": "wep"},
        "there is no such service in the inventory (ir_service=wep). Next: use one of: jobs, web.",
    ),
    (
        {"ir_service": "jobs"},
        "the kind of jobs must be one of Deployment, StatefulSet (ir_services.jobs.kind is 'CronJob'). "
        "Next: correct it in the inventory.",
    ),
    (
        {"ir_attempt": "0"},
        "ir_attempt must be a whole number from 1 (ir_attempt=0). "
        "Next: raise it by one only when an incident is reopened.",
    ),
    (
        {"ir_override": "rollback_workload", "ir_override_by": "ann"},
        "an override needs a reason, for the record (ir_override=rollback_workload). "
        "Next: set -e ir_override_reason=TEXT (tuheg-ir respond: --override REMEDY --reason TEXT).",
    ),
    (
        {"ir_override": ["rollback_workload"], "ir_override_reason": "so"},
        "an override needs the name of the person who orders it (ir_override=rollback_workload). "
        "Next: set -e ir_override_by=NAME, or ir_approved_by=NAME, which approves every other remedy too.",
    ),
    (
        {"ir_override": "scale_database", "ir_override_reason": "so", "ir_approved_by": "ann"},
        "scale_database is no remedy of this ladder (ir_override=scale_database). Next: use one of: rollback_workload.",
    ),
    (
        {"ir_override": 7, "ir_override_reason": "so", "ir_approved_by": "ann", "ir_severity": "P2"},
        "ir_override must be a remedy, or a list of them (ir_override=7). "
        "Next: such as -e ir_override=restart_workload.",
    ),
]


@pytest.mark.parametrize(
    ("extra", "sentence"), REFUSED, ids=lambda value: next(iter(value)) if isinstance(value, dict) else ""
)
def test_a_wrong_input_is_refused_with_what_which_and_next(
    play: Any, good: dict[str, Any], extra: dict[str, str], sentence: str
) -> None:
    outcome = play("respond_high_error_rate", {**good, **extra})
    assert outcome.rc != 0
    assert f'"msg": "{sentence}"' in outcome.text
    assert outcome.result["status"] == "refused"
    assert outcome.result["actions"] == []
    assert "changed=0" in outcome.text


# All share one room (test_layout.py): one respond_ and one single remedy stand for the rest.
@pytest.mark.parametrize("playbook", ["respond_database_connection", "scale_database"])
def test_whatever_may_change_something_requires_an_incident(play: Any, good: dict[str, Any], playbook: str) -> None:
    outcome = play(playbook, without(good, "ir_incident"))
    assert outcome.rc != 0
    assert outcome.result["facts"]["error"] == {
        "what": "an incident number is needed before anything is changed",
        "which": "ir_incident is not set",
        "next": "set -e ir_incident=INC-YYYYMMDD-NNN, such as INC-20251105-001",
    }


def test_a_cluster_without_configuration_is_an_error_of_one_sentence(play: Any, good: dict[str, Any]) -> None:
    outcome = play("respond_high_error_rate", good)
    assert outcome.rc != 0
    assert outcome.result["status"] == "error"
    assert outcome.result["facts"]["error"]["next"]
    assert "Traceback" not in outcome.text
