"""kubernetes.core cannot tell: its modules read, write, scale, patch, execute, in check mode too."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.contract.plays import run_tasks
from tests.sim.objects import deployment
from tuheg_ir.sim.cluster import SimulatedCluster

pytestmark = [pytest.mark.ansible, pytest.mark.slow]

Task = dict[str, Any]
Play = Callable[..., list[Task]]
WEB = {"api_version": "apps/v1", "kind": "Deployment", "namespace": "default", "name": "web"}


@pytest.fixture
def play(kubeconfig: Path, tmp_path: Path) -> Play:
    """Run tasks in one play and return each one's result, in order."""

    def run(*tasks: Task, check: bool = False) -> list[Task]:
        return run_tasks(kubeconfig, tmp_path, *tasks, check=check)

    return run


def test_objects_are_read_written_and_waited_for(play: Play) -> None:
    made, again, read, none, scaled, repeated = play(
        {"kubernetes.core.k8s": {"definition": deployment(), "namespace": "default", "wait": True, "wait_sleep": 1}},
        {"kubernetes.core.k8s": {"definition": deployment(), "namespace": "default"}},
        {"kubernetes.core.k8s_info": {"kind": "Pod", "namespace": "default", "label_selectors": ["app in (web)"]}},
        {"kubernetes.core.k8s_info": {"kind": "Pod", "namespace": "default", "field_selectors": ["spec.bad=1"]}},
        {"kubernetes.core.k8s_scale": {**WEB, "replicas": 3, "wait_sleep": 1}},
        {"kubernetes.core.k8s_scale": {**WEB, "replicas": 3}},
    )
    assert (made["changed"], made["result"]["status"]["availableReplicas"]) == (True, 2)
    assert again["changed"] is False
    assert [pod["status"]["phase"] for pod in read["resources"]] == ["Running", "Running"]
    assert none["resources"] == []
    assert (scaled["changed"], scaled["result"]["status"]["availableReplicas"]) == (True, 3)
    assert repeated["changed"] is False


def test_patches_are_idempotent_and_swap_only_what_was_read(play: Play, cluster: SimulatedCluster) -> None:
    cluster.apply(deployment(replicas=1))
    restart = {"metadata": {"annotations": {"ir.tuheg.com/restarted-by": "INC-20251105-001/1/restart"}}}
    patched = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "default"}}
    patch = {"state": "patched", "definition": patched | {"spec": {"template": restart}}}
    replace = [{"op": "replace", "path": "/spec/replicas", "value": 2}]
    stale = [{"op": "test", "path": "/metadata/resourceVersion", "value": "1"}, *replace]
    first, second, swapped, refused, missing = play(
        {"kubernetes.core.k8s": patch},
        {"kubernetes.core.k8s": patch},
        {"kubernetes.core.k8s_json_patch": {**WEB, "patch": replace}},
        {"kubernetes.core.k8s_json_patch": {**WEB, "patch": stale}},
        {
            "kubernetes.core.k8s": {
                **patch,
                "definition": patched | {"metadata": {"name": "no", "namespace": "default"}},
            }
        },
    )
    assert (first["changed"], second["changed"]) == (True, False)
    assert second["result"]["metadata"]["generation"] == 2
    assert swapped["result"]["spec"]["replicas"] == 2
    assert refused["failed"]
    assert "the server rejected our request due to an error in our request" in json.dumps(refused)
    assert (missing["failed"], missing["changed"], missing["result"]) == (False, False, {})


def test_check_mode_asks_the_server_and_changes_nothing(play: Play, cluster: SimulatedCluster) -> None:
    cluster.apply(deployment(replicas=1))
    scale = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "default"}}
    shown, _ = play(
        {"kubernetes.core.k8s": {"state": "patched", "definition": scale | {"spec": {"replicas": 4}}}},
        {"kubernetes.core.k8s_scale": {**WEB, "replicas": 5}},
        check=True,
    )
    assert (shown["changed"], shown["result"]["spec"]["replicas"]) == (True, 4)
    stored = cluster.store.get("deployments.apps", "default", "web")
    assert stored is not None
    assert stored["spec"]["replicas"] == 1


def test_commands_and_logs(play: Play, cluster: SimulatedCluster) -> None:
    cluster.apply(deployment(replicas=1))
    made = {
        "kubernetes.core.k8s": {
            "definition": deployment(replicas=1),
            "namespace": "default",
            "wait": True,
            "wait_sleep": 1,
        }
    }
    pods = {"kubernetes.core.k8s_info": {"kind": "Pod", "namespace": "default"}}
    name = "{{ r1.resources[0].metadata.name }}"
    _, _, echoed, failed, log, missing = play(
        made,
        pods,
        {"kubernetes.core.k8s_exec": {"namespace": "default", "pod": name, "command": "echo hello"}},
        {"kubernetes.core.k8s_exec": {"namespace": "default", "pod": name, "command": "sh -c 'echo oh >&2; exit 7'"}},
        {"kubernetes.core.k8s_log": {"namespace": "default", "kind": "Pod", "name": name, "tail_lines": 1}},
        {"kubernetes.core.k8s_exec": {"namespace": "default", "pod": name, "command": "psql"}},
    )
    assert (echoed["rc"], echoed["stdout"]) == (0, "hello\n")
    assert (failed["failed"], failed["rc"], failed["stderr"]) == (True, 7, "oh\n")
    assert log["log"] == "ready\n"
    assert missing["failed"]


def test_the_lock_goes_to_one_only(play: Play) -> None:
    """The Lease of the playbooks: `force` with the version that was read is a compare-and-swap."""

    def take(holder: str, version: str) -> Task:
        body = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": "lock", "namespace": "default", "resourceVersion": version},
            "spec": {"holderIdentity": holder, "leaseDurationSeconds": 60},
        }
        return {"kubernetes.core.k8s": {"state": "present", "force": True, "definition": body}}

    first, late, stale, taken = play(
        take("one", "0"),
        take("two", "0"),
        take("three", "1"),
        take("four", "{{ r0.result.metadata.resourceVersion }}"),
    )
    assert first["result"]["spec"]["holderIdentity"] == "one"
    assert late["failed"]
    assert "must be specified for an update" in json.dumps(late)
    assert stale["failed"]
    assert "the object has been modified" in json.dumps(stale)
    assert taken["result"]["spec"]["holderIdentity"] == "four"
