"""What went wrong is told in one sentence, whatever Ansible said."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuheg_ir.runner.events import PlayError, TaskEvent, outcome, parse, play_error, text_error


def failed(**result: Any) -> TaskEvent:
    return TaskEvent("failed", task="Read the workload", result=result)


FORBIDDEN = (
    'Failed to patch object: b\'{"kind":"Status","message":"deployments.apps '
    '\\\\"backend-gateway\\\\" is forbidden: User \\\\"system:serviceaccount:tuheg-ir:tuheg-ir\\\\" '
    'cannot patch resource \\\\"deployments\\\\" in API group \\\\"apps\\\\" in the namespace '
    '\\\\"tuheg-production\\\\"","reason":"Forbidden"}\''
)


@pytest.mark.parametrize(
    ("events", "error"),
    [
        pytest.param(
            [failed(msg="There is no lock. Next: wait for it.")],
            PlayError("There is no lock", "task: Read the workload", "wait for it."),
            id="our own words, with what to do next",
        ),
        pytest.param(
            [failed(error={"kind": "silent", "what": "The API is silent", "which": "x", "next": "y"})],
            PlayError("The API is silent", "x", "y"),
            id="an action that knows all three parts",
        ),
        pytest.param(
            [failed(msg=FORBIDDEN)],
            PlayError(
                "The account may not patch deployments.apps",
                "system:serviceaccount:tuheg-ir:tuheg-ir, namespace tuheg-production",
                "Apply the manifests in rbac/ to the cluster, or use an account that has that right.",
            ),
            id="kubernetes.core's forbidden",
        ),
        pytest.param(
            [TaskEvent("failed", result={"msg": "first"}, ignored=True), failed(msg="second")],
            PlayError("second", "task: Read the workload", ""),
            id="an ignored failure is none",
        ),
        pytest.param(
            [failed(msg="cause"), failed(msg="consequence")],
            PlayError("cause", "task: Read the workload", ""),
            id="the first failure is the cause",
        ),
        pytest.param(
            [failed()],
            PlayError("the task failed without a message", "task: Read the workload", ""),
            id="nothing said",
        ),
    ],
)
def test_a_failed_task_becomes_one_clear_error(events: list[TaskEvent], error: PlayError) -> None:
    assert play_error(events) == error


@pytest.mark.parametrize(
    ("output", "error"),
    [
        (
            "[ERROR]: Error processing keyword 'hosts': 'ir_cluster' is undefined\nOrigin: /p/a.yml:1:1\n",
            PlayError("ir_cluster is not set", "", "Give it by -e ir_cluster=VALUE or in the inventory."),
        ),
        (
            "[ERROR]: Could not match supplied host pattern, ignoring: labb\n",
            PlayError(
                "The inventory has no cluster 'labb'",
                "",
                "Give one of the hosts in its group clusters as ir_cluster.",
            ),
        ),
        (
            "[ERROR]: couldn't resolve module/action 'kubernetes.core.k8s'. This often indicates ...",
            PlayError(
                "An Ansible module cannot be found",
                "kubernetes.core.k8s",
                "Install the collections: pip install 'tuheg-ir[collections]'.",
            ),
        ),
        (
            "[ERROR]: YAML parsing failed: bad.\nOrigin: /p/a.yml:7:28\n\n7 x\n",
            PlayError(
                "YAML parsing failed: bad",
                "/p/a.yml:7:28",
                "Run the same with ansible-playbook -vvv to see more.",
            ),
        ),
        (
            "",
            PlayError(
                "ansible-playbook ended without a word",
                "",
                "Run the same with ansible-playbook -vvv to see more.",
            ),
        ),
    ],
)
def test_a_play_that_died_before_its_first_task_says_why(output: str, error: PlayError) -> None:
    assert text_error(output) == error


@given(st.text())
def test_no_output_of_ansible_breaks_the_error(output: str) -> None:
    error = text_error(output)
    assert error.what
    assert "\n" not in error.what


def test_the_result_comes_from_the_custom_stats() -> None:
    stats = {
        "event": "playbook_on_stats",
        "event_data": {"ok": {"lab": 3}, "artifact_data": {"ir_result": {"status": "healed"}}},
    }
    ended = outcome([parse(stats)], 0, interrupted=False)
    assert ended.result == {"status": "healed"}
    assert ended.stats == {"ok": {"lab": 3}}
    assert ended.status == "successful"
    assert ended.error is None


def test_without_stats_there_is_no_result_and_an_error() -> None:
    ended = outcome([], 4, interrupted=False)
    assert (ended.result, ended.stats, ended.status) == (None, None, "failed")
    assert ended.error is not None


def test_an_interrupted_run_is_no_error() -> None:
    assert outcome([failed(msg="x")], 99, interrupted=True).status == "interrupted"
    assert outcome([failed(msg="x")], 99, interrupted=True).error is None


def test_a_change_is_told_by_its_difference_only() -> None:
    same = {"before": {"a": 1}, "after": {"a": 1}}
    other = {"before": {"spec": {"replicas": 3}}, "after": {"spec": {"replicas": 5}}}
    raw = {
        "event": "runner_on_ok",
        "event_data": {"task": "Scale", "task_action": "k8s_scale", "res": {"diff": [same, other]}},
    }
    (diff,) = outcome([parse(raw)], 0, interrupted=False).diffs
    assert (diff.before, diff.after) == ("spec:\n  replicas: 3\n", "spec:\n  replicas: 5\n")
