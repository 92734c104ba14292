"""`tuheg-ir diagnose` of a namespace that the command names, and of namespaces beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import FakeApi, status
from tuheg_ir.cli.app import run


def crashing(name: str) -> dict[str, Any]:
    state = {"waiting": {"reason": "ImagePullBackOff", "message": "manifest unknown: not found"}}
    states = [{"name": "main", "ready": False, "restartCount": 0, "state": state}]
    return {
        "metadata": {"name": name, "namespace": "edge", "creationTimestamp": "2025-11-05T14:00:00Z"},
        "status": {"phase": "Pending", "containerStatuses": states},
    }


@pytest.fixture
def cluster(api: FakeApi, platform: Path, monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    """An API with an ill pod in the namespace `edge` and nothing in others, and no inventory named."""
    monkeypatch.delenv("TUHEG_IR_INVENTORY")
    monkeypatch.delenv("TUHEG_IR_CLUSTER")
    pods = {"items": [crashing("proxy-1")]}
    api.answer = lambda path: (200, pods if path == "/api/v1/namespaces/edge/pods" else {"items": []})
    monkeypatch.setenv("K8S_AUTH_HOST", api.url)
    monkeypatch.setenv("K8S_AUTH_API_KEY", "a-token-of-the-test")
    return api


def test_a_namespace_needs_no_inventory(cluster: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diagnose", "-n", "edge", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["cluster"], found["namespace"]) == ("", "edge")
    assert [(each["component"], each["namespace"]) for each in found["findings"]] == [("Pod/proxy-1", "edge")]
    assert cluster.changes == []


def test_what_is_wrong_in_another_namespace_is_told_with_its_name(
    cluster: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["diagnose", "-n", "shop", "--also", "edge"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith("shop: unhealthy")
    assert shown[1].startswith("Pod/proxy-1 in edge: ")
    assert any(line.strip().startswith("do ") and line.endswith("Pod/proxy-1 in edge") for line in shown)


def test_one_that_may_not_be_read_is_told_and_the_rest_is_looked_at(
    cluster: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    refusal = status(403, 'User "x" cannot list resource "pods" in API group ""')
    answer = cluster.answer
    cluster.answer = lambda path: (403, refusal) if "/namespaces/kube-system/" in path else answer(path)
    assert run(["diagnose", "-n", "edge", "--also", "kube-system"]) == 0
    shown = capsys.readouterr().out
    assert "no right to read: namespace kube-system" in shown
    assert "Pod/proxy-1: " in shown


def test_a_service_is_one_of_an_inventory(cluster: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diagnose", "-n", "edge", "--service", "web"]) == 2
    assert capsys.readouterr().err == (
        "Error: --service names one of an inventory (web). Next: Add -i and --cluster, or leave it out.\n"
    )


def test_a_namespace_with_nothing_in_it_is_asked_about(cluster: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diagnose", "-n", "shpo"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith("shpo: unknown")
    assert shown[2].split() == [
        "why",
        "there",
        "is",
        "no",
        "workload",
        "in",
        "it:",
        "is",
        "that",
        "the",
        "right",
        "namespace?",
    ]
