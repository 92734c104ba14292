"""What cannot be used: one exact sentence, no traceback, nothing changed, in bounded time."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from tests.cli.conftest import CHECKOUT, FakeApi, status
from tuheg_ir.cli.app import run
from tuheg_ir.journal import open_journal

RESPOND = ["respond", "memory-leak", "--severity", "P0"]
COMMANDS = [
    pytest.param(["diagnose"], id="diagnose"),
    pytest.param(RESPOND, id="respond", marks=pytest.mark.ansible),
    pytest.param([*RESPOND, "--plan"], id="plan", marks=pytest.mark.ansible),
]


def told(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the error's sentence, without the thing that it happened at."""
    shown = capsys.readouterr()
    text = shown.out + shown.err
    assert "Traceback" not in text
    (line,) = [line for line in text.splitlines() if line.startswith("Error: ")]
    return line.replace(" (Deployment backend-gateway)", "")


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unreachable_api(
    platform: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    closed_port: int,
    command: list[str],
) -> None:
    monkeypatch.setenv("K8S_AUTH_HOST", f"https://127.0.0.1:{closed_port}")
    monkeypatch.setenv("K8S_AUTH_API_KEY", "a-token-of-the-test")
    began = time.monotonic()
    assert run(command) == 4
    assert told(capsys) == (
        f"Error: The API server https://127.0.0.1:{closed_port} cannot be reached (Connection refused). "
        "Next: Check that the cluster is up and that the address (K8S_AUTH_HOST and its credentials) is right."
    )
    assert time.monotonic() - began < 15


@pytest.mark.parametrize("command", COMMANDS[:2])
def test_a_silent_api(
    platform: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    silent_port: int,
    command: list[str],
) -> None:
    url = f"http://127.0.0.1:{silent_port}"
    monkeypatch.setenv("K8S_AUTH_HOST", url)
    monkeypatch.setenv("K8S_AUTH_API_KEY", "a-token-of-the-test")
    began = time.monotonic()
    assert run(command) == 4
    assert re.fullmatch(
        rf"Error: The API server {url} took the connection but stayed silent for [0-9.]+ s\. "
        r"Next: Check the API server's own health and what lies between \(load balancer, proxy\)\.",
        told(capsys),
    )
    assert time.monotonic() - began < 45


@pytest.mark.parametrize("command", COMMANDS)
def test_an_expired_token(
    platform: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    api: FakeApi,
    command: list[str],
) -> None:
    api.answer = lambda _path: (401, status(401, "Unauthorized"))
    monkeypatch.setenv("K8S_AUTH_HOST", api.url)
    monkeypatch.setenv("K8S_AUTH_API_KEY", "a-token-of-the-test")
    assert run(command) == 4
    assert told(capsys) == (
        "Error: The API server does not accept our credentials (401 Unauthorized). "
        "Next: Log in again or renew the token (K8S_AUTH_HOST and its credentials)."
    )
    assert api.changes == []


FORBIDDEN = (
    'deployments.apps "backend-gateway" is forbidden: User "kim" cannot get resource "deployments" '
    'in API group "apps" in the namespace "tuheg-production"'
)


@pytest.mark.ansible
def test_a_forbidden_verb(
    platform: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, api: FakeApi
) -> None:
    api.answer = lambda _path: (403, status(403, FORBIDDEN))
    monkeypatch.setenv("K8S_AUTH_HOST", api.url)
    monkeypatch.setenv("K8S_AUTH_API_KEY", "a-token-of-the-test")
    assert run(RESPOND) == 4
    assert told(capsys) == (
        f"Error: Our account lacks the right to get deployments (403: {FORBIDDEN}). Next: Give it the rights in rbac/."
    )
    assert api.changes == []


def test_diagnose_goes_on_past_a_forbidden_verb(
    platform: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, api: FakeApi
) -> None:
    api.answer = lambda path: (403, status(403, FORBIDDEN)) if "deployments" in path else (200, {"items": []})
    monkeypatch.setenv("K8S_AUTH_HOST", api.url)
    monkeypatch.setenv("K8S_AUTH_API_KEY", "a-token-of-the-test")
    assert run(["diagnose", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["findings"][0]["root_cause"] == "unknown"
    (source,) = [s for s in found["sources"] if s["source"] == "deployments"]
    assert (source["ok"], source["kind"]) == (False, "forbidden")
    assert source["note"] == "our account lacks the right to get deployments"


@pytest.mark.ansible
def test_a_missing_workload(
    platform: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, api: FakeApi
) -> None:
    monkeypatch.setenv("K8S_AUTH_HOST", api.url)
    monkeypatch.setenv("K8S_AUTH_API_KEY", "a-token-of-the-test")
    assert run(RESPOND) == 4
    assert told(capsys) == (
        "Error: There is no Deployment backend-gateway in namespace tuheg-production. "
        "Next: Check ir_service and ir_namespace."
    )
    assert api.changes == []


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        (
            "group_vars/clusters.yml",
            "ir_namespace: [\n",
            "Error: A file is not valid YAML (did not find expected node content) ({path}, line 2)",
        ),
        ("hosts", "[servers]\nlab\n", "Error: The inventory has no cluster in its group [clusters] ({path}"),
        (
            "group_vars/clusters.yml",
            "ir_namespace: x\nir_default_service: a\nir_services: {a: {kind: Pod}}\n",
            "Error: ir_services.a.kind is 'Pod' ({path}",
        ),
    ],
)
@pytest.mark.parametrize("command", [["diagnose"], RESPOND], ids=["diagnose", "respond"])
def test_a_broken_inventory(
    platform: Path,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
    name: str,
    content: str,
    sentence: str,
) -> None:
    platform.joinpath(name).write_text(content)
    assert run(command) == 4
    assert told(capsys).startswith(sentence.format(path=platform / name))
    with open_journal() as journal:
        assert journal.incidents() == []


def test_an_inventory_that_is_not_there(platform: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run([*RESPOND, "-i", str(tmp_path / "nowhere")]) == 4
    assert str(tmp_path / "nowhere") in told(capsys)


def test_an_unknown_cluster(platform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*RESPOND, "--cluster", "labb"]) == 4
    assert told(capsys) == "Error: The inventory has no such cluster (labb). Next: Clusters there: lab."


def test_a_malformed_catalogue(
    platform: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "catalogue"
    folder.mkdir()
    folder.joinpath("faults.yml").write_text("memory-leak: {title: [}\n")
    monkeypatch.setattr("tuheg_ir.catalogue.loader._FOLDER", folder)
    for command in (RESPOND, ["faults"], ["show", "memory-leak"]):
        assert run(command) == 4
        assert str(folder / "faults.yml") in told(capsys)


def test_a_missing_collection(
    platform: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuheg_ir.project._installed_version", lambda *_: None)
    assert run(RESPOND) == 4
    line = told(capsys)
    assert line.startswith("Error: The Ansible collection kubernetes.core is not installed (needed: ")
    assert "Next: Install it: pip install 'tuheg-ir[collections]'" in line


def test_outside_of_every_project(
    platform: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    monkeypatch.setattr("tuheg_ir.project._PACKAGE", empty / "package")
    assert run(RESPOND) == 4
    assert told(capsys).startswith("Error: The playbooks cannot be found (looked in ")


def test_the_checkout_is_the_one_tested() -> None:
    assert (CHECKOUT / "playbooks" / "respond_memory_leak.yml").is_file()
