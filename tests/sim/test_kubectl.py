"""kubectl works: get, logs, exec, scale, patch, rollout, auth."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.sim.objects import deployment

Kubectl = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def kubectl(kubectl_program: str, kubeconfig: Path, tmp_path: Path) -> Kubectl:
    base = [kubectl_program, f"--kubeconfig={kubeconfig}", f"--cache-dir={tmp_path / 'cache'}"]

    def run(*arguments: str, given: Any = None) -> subprocess.CompletedProcess[str]:
        text = None if given is None else yaml.safe_dump_all(given)
        return subprocess.run([*base, *arguments], input=text, capture_output=True, text=True, timeout=60, check=False)

    return run


@pytest.fixture
def web(kubectl: Kubectl) -> str:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
    }
    done = kubectl("apply", "-f", "-", given=[deployment(), service])
    assert done.stdout.splitlines() == ["deployment.apps/web created", "service/web created"], done.stderr
    assert kubectl("rollout", "status", "deployment/web", "--timeout=20s").returncode == 0
    return "deployment/web"


def test_get_prints_tables(kubectl: Kubectl, web: str) -> None:
    lines = kubectl("get", "deployment", "web").stdout.splitlines()
    assert lines[0].split() == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert lines[1].split()[:4] == ["web", "2/2", "2", "2"]
    wide = kubectl("get", "pods", "-o", "wide", "-l", "app=web").stdout.splitlines()
    assert wide[0].split()[:7] == ["NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE"]
    assert [line.split()[1:4] for line in wide[1:]] == [["1/1", "Running", "0"]] * 2
    everything = kubectl("get", "all").stdout
    assert all(f"{kind}/web" in everything for kind in ("service", "deployment.apps", "replicaset.apps"))


def test_get_gives_json_and_yaml(kubectl: Kubectl, web: str) -> None:
    as_json = json.loads(kubectl("get", "deployment", "web", "-o", "json").stdout)
    as_yaml = yaml.safe_load(kubectl("get", "deployment", "web", "-o", "yaml").stdout)
    assert as_json["spec"] == as_yaml["spec"]
    names = kubectl("get", "pods", "-o", "name").stdout.splitlines()
    assert len(names) == 2
    assert kubectl("get", "deploy", "web", "-o", "jsonpath={.status.readyReplicas}").stdout == "2"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("get", "deployment", "nosuch"), 'Error from server (NotFound): deployments.apps "nosuch" not found'),
        (("get", "nosuch"), 'error: the server doesn\'t have a resource type "nosuch"'),
        (("scale", "deployment", "nosuch", "--replicas=2"), 'Error from server (NotFound): deployments.apps "nosuch" not found'),  # noqa: E501 - the whole sentence
        (("top", "pods"), "error: Metrics API not available"),
    ],
)  # fmt: skip
def test_errors_read_as_they_do_elsewhere(kubectl: Kubectl, arguments: tuple[str, ...], error: str) -> None:
    done = kubectl(*arguments)
    assert (done.returncode, done.stderr.strip()) == (1, error)


def test_logs_and_exec(kubectl: Kubectl, web: str) -> None:
    assert kubectl("logs", web, "--tail=1").stdout.splitlines()[-1] == "ready"
    assert kubectl("logs", "-l", "app=web").stdout.splitlines() == ["hello", "ready"] * 2
    assert kubectl("exec", web, "--", "echo", "hello", "you").stdout == "hello you\n"
    failed = kubectl("exec", web, "--", "sh", "-c", "echo oh >&2; exit 7")
    assert (failed.returncode, failed.stderr.splitlines()[0]) == (7, "oh")
    missing = kubectl("exec", web, "--", "psql")
    assert missing.returncode == 1
    assert missing.stderr.strip().endswith('exec: "psql": executable file not found in $PATH')


def test_scale_and_patch(kubectl: Kubectl, web: str) -> None:
    assert kubectl("scale", web, "--replicas=3").stdout == "deployment.apps/web scaled\n"
    assert kubectl("rollout", "status", web, "--timeout=20s").returncode == 0
    assert kubectl("get", web, "-o", "jsonpath={.status.availableReplicas}").stdout == "3"
    patch = '{"spec":{"template":{"spec":{"containers":[{"name":"main","env":[{"name":"A","value":"1"}]}]}}}}'
    assert kubectl("patch", web, "-p", patch).stdout == "deployment.apps/web patched\n"
    container = json.loads(kubectl("get", web, "-o", "json").stdout)["spec"]["template"]["spec"]["containers"][0]
    assert (container["image"], container["env"]) == ("ok:1", [{"name": "A", "value": "1"}])
    refused = kubectl("patch", web, "--type=json", "-p", '[{"op":"test","path":"/metadata/uid","value":"x"}]')
    told = "The request is invalid: the server rejected our request due to an error in our request"
    assert refused.stderr.strip() == told


def test_rollouts(kubectl: Kubectl, web: str) -> None:
    assert kubectl("rollout", "restart", web).stdout == "deployment.apps/web restarted\n"
    status = kubectl("rollout", "status", web, "--timeout=20s")
    assert status.stdout.splitlines()[-1] == 'deployment "web" successfully rolled out'
    assert kubectl("rollout", "undo", web).returncode == 0
    history = kubectl("rollout", "history", web).stdout
    assert [line.split()[0] for line in history.splitlines()[2:] if line] == ["2", "3"]
    gone = kubectl("rollout", "undo", web, "--to-revision=1")
    assert gone.stderr.strip().endswith("error: unable to find specified revision 1 in history")
    kubectl("rollout", "pause", web)
    refused = kubectl("rollout", "restart", web)
    assert "can't restart paused deployment (run rollout resume first)" in refused.stderr


def test_a_bad_roll_out_ends_at_its_deadline(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", given=[deployment(image="nosuch:1", progressDeadlineSeconds=2)])
    status = kubectl("rollout", "status", "deployment/web", "--timeout=20s")
    assert (status.returncode, status.stderr.strip()) == (1, 'error: deployment "web" exceeded its progress deadline')


def test_auth(kubectl: Kubectl) -> None:
    assert kubectl("auth", "can-i", "delete", "nodes").stdout == "yes\n"
    assert "selfsubjectaccessreviews.authorization.k8s.io" in kubectl("auth", "can-i", "--list").stdout
    assert "kubernetes-admin" in kubectl("auth", "whoami").stdout
