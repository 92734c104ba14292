"""`tuheg-ir snapshot`: what it saves, what it says, what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import FakeApi, status
from tuheg_ir.cli.app import run
from tuheg_ir.diagnosis.snapshot import load

POD = {"metadata": {"name": "web-1", "namespace": "shop", "creationTimestamp": "2025-11-05T14:00:00Z"}}


@pytest.fixture
def cluster(api: FakeApi, platform: Path, monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    """An API with one pod, and without a right to Secrets."""

    def answer(path: str) -> tuple[int, object]:
        if path.endswith("/secrets"):
            return 403, status(403, 'User "x" cannot list resource "secrets" in API group ""')
        return 200, {"items": [POD] if path.endswith("/pods") and "metrics" not in path else []}

    api.answer = answer
    monkeypatch.setenv("K8S_AUTH_HOST", api.url)
    monkeypatch.setenv("K8S_AUTH_API_KEY", "a-token-of-the-test")
    return api


def test_it_says_what_was_saved_and_what_was_not(
    cluster: FakeApi, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["snapshot", str(tmp_path / "saved")]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith(f"tuheg-production: saved in {tmp_path / 'saved'}, ")
    assert told[1].split() == ["objects", "1", "Pod"]
    assert "not read: secrets: our account lacks the right (see rbac/)" in told
    assert [pod["metadata"]["name"] for pod in load(tmp_path / "saved").of("Pod")] == ["web-1"]
    assert cluster.changes == []


def test_a_namespace_needs_no_inventory(
    cluster: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TUHEG_IR_INVENTORY")
    monkeypatch.delenv("TUHEG_IR_CLUSTER")
    assert run(["snapshot", str(tmp_path / "saved"), "-n", "shop", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["namespace"], told["objects"]["Pod"], told["databases"], told["probes"]) == ("shop", 1, [], 0)
    assert {source["source"]: source["kind"] for source in told["sources"] if not source["ok"]} == {
        "secrets": "forbidden"
    }
    assert load(tmp_path / "saved").namespace == "shop"


def test_other_namespaces_are_read_beside_it_and_one_that_is_empty_is_told(
    cluster: FakeApi, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = {"items": [{**POD, "metadata": {**POD["metadata"], "name": "proxy-1", "namespace": "edge"}}]}
    here = cluster.answer

    def answer(path: str) -> tuple[int, object]:
        if "/namespaces/egde/" in path:
            return 200, {"items": []}
        return (200, there) if path == "/api/v1/namespaces/edge/pods" else here(path)

    cluster.answer = answer
    folder = tmp_path / "saved"
    assert run(["snapshot", str(folder), "-n", "shop", "--also", "edge", "--also", "shop", "--also", "egde"]) == 0
    assert {pod["metadata"]["name"] for pod in load(folder).of("Pod")} == {"web-1", "proxy-1"}
    told = " ".join(capsys.readouterr().out.split())
    assert "not read: namespace egde: there is nothing in it: is that the right namespace? (invalid)" in told
    assert "namespace shop" not in told


def test_another_namespace_has_none_of_the_inventorys_services(cluster: FakeApi, tmp_path: Path) -> None:
    assert run(["snapshot", str(tmp_path / "saved"), "-n", "shop"]) == 0
    assert load(tmp_path / "saved").services == {}


def test_a_folder_in_use_is_refused_before_anything_is_asked(
    cluster: FakeApi, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.answer = lambda _: (500, {})
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "notes.txt").write_text("mine")
    assert run(["snapshot", str(tmp_path / "saved")]) == 2
    assert capsys.readouterr().err == (
        f"Error: The snapshot's folder is not empty ({tmp_path / 'saved'}). "
        "Next: Name a new folder: nothing is overwritten.\n"
    )


def test_a_namespace_of_which_nothing_may_be_read_leaves_no_folder(
    cluster: FakeApi, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.answer = lambda _: (403, status(403, 'User "x" cannot list resource "pods" in API group ""'))
    assert run(["snapshot", str(tmp_path / "saved"), "-n", "shop"]) == 4
    assert capsys.readouterr().err == (
        "Error: Nothing in the namespace could be read (shop: our account lacks the right to list pods). "
        "Next: Give the account the rights in rbac/, or name another namespace.\n"
    )
    assert not (tmp_path / "saved").exists()
