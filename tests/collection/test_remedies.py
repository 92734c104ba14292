"""What the remedy roles write, and what they say they did."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tuheg_ir.project import find_project

remedies = find_project().module_utils("remedies").remedies
KEY = "INC-20251105-001/1/r"


def workload(**spec: Any) -> dict[str, Any]:
    container = {"name": "web", "image": "web:1", "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}}}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "ns", "uid": "u", "resourceVersion": "7", "generation": 3},
        "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": template, **spec},
        "status": {},
    }


def patched(generation: int = 4, *, changed: bool = True) -> dict[str, Any]:
    thing = workload()
    thing["metadata"]["generation"] = generation
    return {"changed": changed, "result": thing}


def autoscaler(low: int = 3, high: int = 6, marks: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "metadata": {"name": "web", "namespace": "ns", "annotations": marks or {}},
        "spec": {"minReplicas": low, "maxReplicas": high},
    }


SPEC = {"kind": "Deployment", "replicas": {"surge": 5, "floor": 2}}


# --- patches


def test_a_restart_leaves_its_key_on_the_pods_and_on_the_workload() -> None:
    patch = remedies.restart_patch(workload(), "r", KEY)
    assert patch["metadata"]["annotations"] == {"ir.tuheg.com/r": KEY}
    assert patch["spec"] == {"template": {"metadata": {"annotations": {"ir.tuheg.com/restarted-by": KEY}}}}


def test_a_mark_changes_nothing_else() -> None:
    patch = remedies.mark_patch(workload(), "r", KEY)
    assert set(patch) == {"apiVersion", "kind", "metadata"}
    assert (patch["kind"], patch["metadata"]["name"], patch["metadata"]["namespace"]) == ("Deployment", "web", "ns")


def test_replicas_and_key_are_one_patch() -> None:
    patch = remedies.scale_patch(workload(), {"wanted": 5}, "r", KEY)
    assert patch["spec"] == {"replicas": 5}
    assert patch["metadata"]["annotations"] == {"ir.tuheg.com/r": KEY}


def test_the_autoscalers_old_minimum_is_kept_beside_the_new_one() -> None:
    decision = remedies.scale_decision({"workload": workload(), "hpa": autoscaler()}, SPEC, 5, "r", KEY)
    patch = remedies.min_replicas_patch(autoscaler(), decision, "r", KEY)
    assert patch["spec"] == {"minReplicas": 5}
    assert patch["metadata"]["annotations"]["ir.tuheg.com/min-replicas-before"] == "3"


# --- may it grow


@pytest.mark.parametrize(
    ("seen", "spec", "wanted", "action", "words"),
    [
        ({}, SPEC, 5, "scale", "from 3 to 5"),
        ({"hpa": autoscaler()}, SPEC, 5, "raise_min", "from 3 to 5"),
        ({"hpa": autoscaler(high=4)}, SPEC, 5, "refuse", "at most 4"),
        ({"hpa": autoscaler(low=5)}, SPEC, 3, "none", "already"),
        ({}, {**SPEC, "database": {"single_primary": True}}, 5, "refuse", "single-primary"),
    ],
)
def test_a_workload_grows_within_what_bounds_it(
    seen: dict[str, Any], spec: dict[str, Any], wanted: int, action: str, words: str
) -> None:
    decision = remedies.scale_decision({"workload": workload(), **seen}, spec, wanted, "r", KEY)
    assert decision["action"] == action
    assert words in decision["reason"]


def test_beyond_the_autoscalers_maximum_the_exact_command_is_named() -> None:
    decision = remedies.scale_decision({"workload": workload(), "hpa": autoscaler()}, SPEC, 9, "r", KEY)
    assert decision["next"] == """kubectl -n ns patch hpa web --type=merge -p '{"spec":{"maxReplicas":9}}'"""


def test_a_quota_that_leaves_too_little_forbids_it() -> None:
    quota = {
        "metadata": {"name": "q", "namespace": "ns"},
        "status": {"hard": {"pods": "10"}, "used": {"pods": "9"}},
    }
    decision = remedies.scale_decision({"workload": workload(), "quotas": [quota]}, SPEC, 5, "r", KEY)
    assert decision["action"] == "refuse"
    assert decision["reason"] == "quota q forbids 5 replicas: 2 more pods need 2 pods, 1 of 10 is left"


def test_a_run_killed_between_autoscaler_and_workload_is_finished_not_skipped() -> None:
    raised = autoscaler(low=5, marks={"ir.tuheg.com/r": KEY})
    grown = workload(replicas=5)
    assert remedies.scale_decision({"workload": grown, "hpa": raised}, SPEC, 5, "r", KEY)["action"] == "scale"
    assert remedies.scale_decision({"workload": grown, "hpa": raised}, SPEC, 5, "r", "other")["action"] == "none"


# --- results

MAKERS: dict[str, Any] = {
    "restart": remedies.restart_result,
    "rollback": lambda w, patch: remedies.rollback_result(
        w, {"action": "rollback", "reason": "r", "undo": remedies.undo("back", "kubectl x")}, patch
    ),
    "scale": lambda w, patch: remedies.scale_result(
        w, {"action": "scale", "wanted": 5, "reason": "r", "undo": remedies.undo("back", "kubectl x")}, {}, patch
    ),
    "pool": lambda w, patch: remedies.pool_result(w, {"holder": "own", "reason": "r"}, {}, patch),
    "database": lambda w, patch: remedies.database_result(w, {"sql": "SELECT 1", "reason": "r"}, {}, patch),
}
FIELDS = {"changed", "before", "after", "undo", "temporary", "skipped", "reason", "next"}


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("patch", [{}, {"skipped": True, "changed": False}, patched(), patched(changed=False)])
def test_every_result_has_the_same_fields_and_an_undo(maker: str, patch: dict[str, Any]) -> None:
    result = MAKERS[maker](workload(), patch)
    assert set(result) - {"generation"} == FIELDS
    assert set(result["undo"]) == {"what", "command", "data"}
    assert result["undo"]["what"]
    assert result["changed"] == bool(patch.get("changed"))
    assert ("generation" in result) == ("result" in patch)
    json.dumps(result)


def test_a_paused_workload_is_skipped_with_the_way_to_resume_it() -> None:
    result = remedies.restart_result(workload(paused=True), {"skipped": True})
    assert result["skipped"]
    assert result["next"].endswith("kubectl rollout resume -n ns deployment/web")


@pytest.mark.parametrize("action", ["none", "refuse"])
def test_a_rollback_that_has_nowhere_to_go_is_skipped_with_the_reason(action: str) -> None:
    result = remedies.rollback_result(workload(), {"action": action, "reason": "nothing older", "next": "name one"}, {})
    assert (result["skipped"], result["reason"], result["next"]) == (True, "nothing older", "name one")


@pytest.mark.parametrize("holder", ["other", "load", "unknown"])
def test_a_pool_is_not_restarted_for_sessions_that_a_restart_does_not_free(holder: str) -> None:
    result = remedies.pool_result(workload(), {"holder": holder, "reason": "report-runner holds 38 sessions"}, {}, {})
    assert (result["skipped"], result["reason"]) == (True, "report-runner holds 38 sessions")


def test_ended_sessions_are_a_change_and_counted() -> None:
    answer = {"changed": True, "stdout": '{"asked": 3, "ended": 2}'}
    result = remedies.pool_result(workload(), {"holder": "own", "reason": "r"}, answer, {})
    assert (result["changed"], result["undo"]["data"]) == (True, {"sessions_ended": 2})


def test_what_lost_pods_held_is_ended_without_a_restart_paused_or_not() -> None:
    answer = {"changed": True, "stdout": '{"asked": 3, "ended": 3}'}
    result = remedies.pool_result(workload(paused=True), {"holder": "lost", "reason": "r"}, answer, {"skipped": True})
    assert (result["changed"], result["skipped"], result["undo"]["data"]) == (True, False, {"sessions_ended": 3})
    assert "no pod was restarted" in result["undo"]["what"]


@pytest.mark.parametrize("sql", ["", "SELECT 1"])
def test_a_database_result_always_names_the_alternatives_to_a_second_primary(sql: str) -> None:
    result = remedies.database_result(workload(), {"sql": sql, "reason": "r", "clients": ["a"]}, {}, {})
    assert result["skipped"] == (sql == "")
    for word in ("max_connections", "pooler", "operator"):
        assert word in result["reason"]


# --- the database of a service


@pytest.mark.parametrize(("service", "name"), [("web", "db"), ("db", "db"), ("alone", ""), ("absent", "")])
def test_the_database_of_a_service_is_itself_or_what_it_depends_on(service: str, name: str) -> None:
    services: dict[str, Any] = {
        "web": {"kind": "Deployment", "depends_on": ["cache", "db"]},
        "cache": {"kind": "Deployment"},
        "db": {"kind": "StatefulSet", "database": {"exec_container": "pg", "single_primary": True}},
        "alone": {"kind": "Deployment"},
    }
    found = remedies.database_of(services, service)
    assert found.get("name", "") == name
    if name:
        assert (found["exec_pod"], found["exec_container"], found["user"]) == ("db-0", "pg", "postgres")
