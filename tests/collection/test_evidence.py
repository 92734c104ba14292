"""Evidence: which logs hold a crash, what is read, where it lies, and that it is private."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from tuheg_ir.project import find_project

utils = find_project().module_utils("evidence", "kubeerror")
evidence, KubeError = utils.evidence, utils.kubeerror.KubeError


def pod(name: str, state: str, restarts: int = 0, *, ready: bool = False) -> dict[str, Any]:
    status = {"name": "web", "state": {state: {}} if state else {}, "restartCount": restarts, "ready": ready}
    meta = {"name": name, "uid": name, "managedFields": [{"noise": 1}]}
    env = [{"name": "DB_PASSWORD", "value": "hunter2"}]
    spec = {"containers": [{"name": "web", "env": env}]}
    return {"metadata": meta, "spec": spec, "status": {"containerStatuses": [status]}}


@pytest.mark.parametrize(
    ("state", "restarts", "previous"),
    [
        ("running", 0, [False]),
        ("running", 2, [False, True]),
        # the plain log holds the crash; the previous one is an error text
        ("terminated", 2, [False]),
        ("waiting", 3, [True]),
        ("waiting", 0, []),
    ],
)
def test_the_log_that_holds_a_crash_is_the_one_that_is_read(state: str, restarts: int, previous: list[bool]) -> None:
    assert [log.previous for log in evidence.logs_of(pod("p", state, restarts))] == previous


def test_pods_in_trouble_come_first_and_no_more_than_ten_are_read() -> None:
    calm = [pod(f"calm-{number}", "running", ready=True) for number in range(12)]
    chosen = evidence.troubled_first([*calm, pod("bad", "terminated", 5)])
    assert (chosen[0]["metadata"]["name"], len(chosen)) == ("bad", 10)


class Cluster:
    """Answers as an API server with one workload would; a path in `broken` fails."""

    def __init__(self, broken: str = "") -> None:
        self.broken = broken
        meta = {"name": "web", "uid": "w", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}}
        self.workload = {"metadata": meta, "spec": {"selector": {"matchLabels": {"app": "web"}}}}

    def get(self, path: str, *_: object, **__: object) -> dict[str, Any]:
        self._fail(path)
        if path.endswith("/deployments/web"):
            return self.workload
        if path.endswith("/events"):
            return {"items": [{"lastTimestamp": stamp, "message": f"token={stamp}"} for stamp in ("b", "a")]}
        return {"items": [pod("web-1", "running", 1, ready=True)] if path.endswith("/pods") else []}

    def get_text(self, path: str, query: dict[str, str], **_: object) -> str:
        self._fail(path)
        if query.get("previous"):
            return "unable to retrieve container logs for containerd://1"
        return "ERROR password=hunter2\n"

    def _fail(self, path: str) -> None:
        if self.broken and path.endswith(self.broken):
            raise KubeError("forbidden", "our account lacks the right", "give it the rights in rbac/")


def gathered(broken: str = "") -> Any:
    return evidence.gather(Cluster(broken), "Deployment", "ns", "web")


def test_objects_events_and_logs_are_kept_without_secrets_and_noise() -> None:
    kept = gathered()
    assert sorted(kept.files) == ["events.json", "pods.json", "revisions.json", "web-1.web.log", "workload.json"]
    together = "".join(kept.files.values())
    for absent in ("hunter2", "managedFields", "last-applied-configuration", "unable to retrieve"):
        assert absent not in together
    assert [event["lastTimestamp"] for event in json.loads(kept.files["events.json"])] == ["a", "b"]
    assert kept.notes == []


@pytest.mark.parametrize(("broken", "lost"), [("/events", "events.json"), ("/web-1/log", "web-1.web.log")])
def test_a_read_that_fails_is_a_note_and_the_rest_is_kept(broken: str, lost: str) -> None:
    kept = gathered(broken)
    assert lost not in kept.files
    assert any(note.startswith(f"{lost}: our account lacks") for note in kept.notes)
    assert "workload.json" in kept.files


def test_a_workload_that_cannot_be_read_leaves_one_note() -> None:
    kept = gathered("/deployments/web")
    assert (kept.files, len(kept.notes)) == ({}, 1)


@pytest.mark.parametrize(
    ("folder", "environ", "expected"),
    [
        ("/evidence", {}, "/evidence/INC-1/evidence/r1"),
        ("", {"TUHEG_IR_HOME": "/place"}, "/place/INC-1/evidence/r1"),
        ("", {"XDG_STATE_HOME": "/state"}, "/state/tuheg-ir/INC-1/evidence/r1"),
    ],
)
def test_evidence_lies_beside_the_journal_unless_a_folder_is_named(
    folder: str, environ: dict[str, str], expected: str
) -> None:
    assert str(evidence.place(folder, "INC-1", "r1", environ)) == expected


def test_what_is_kept_is_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "evidence" / "r1"
    assert evidence.keep(gathered(), folder)[0] == "events.json"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
