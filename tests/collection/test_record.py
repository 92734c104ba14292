"""Write ahead, or say why not: required intent is on disk before the task is fine."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.tuheg.ir.plugins.action import record
from ansible_collections.tuheg.ir.plugins.plugin_utils.door import Missing

from tuheg_ir.errors import RefusedError, StoreError
from tuheg_ir.journal import open_journal
from tuheg_ir.journal.place import FILE_NAME

INCIDENT = "INC-20251105-001"
INTENT = {"key": f"{INCIDENT}/1/r", "rung": "r", "remedy": "restart_workload", "target": "Deployment/web"}


class Templar:
    def template(self, value: Any) -> Any:
        return value


def act(check: bool = False, variables: dict[str, Any] | None = None, **arguments: Any) -> dict[str, Any]:
    action = record.ActionModule.__new__(record.ActionModule)
    action._task = SimpleNamespace(check_mode=check)
    action._templar = Templar()
    action._task_vars = {"ir_cluster": "lab", "ir_service": "web", "ir_severity": "P1", "ir_fault": ""} | (
        variables or {}
    )
    defaults = {"kind": "intent", "data": INTENT, "incident": INCIDENT, "run": "r1", "required": True}
    spec_of: dict[str, dict[str, Any]] = record.ActionModule.SPEC
    given = {name: spec.get("default") for name, spec in spec_of.items()}
    result: dict[str, Any] = action.act(given | defaults | arguments)
    return result


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "journal"
    monkeypatch.setenv("TUHEG_IR_HOME", str(folder))
    return folder


def test_an_event_is_in_the_store_when_the_task_is_done_and_opens_its_incident(place: Path) -> None:
    result = act(actor="ann")
    with open_journal(place) as journal:
        opened, event = journal.events(INCIDENT)
        incident = journal.incident(INCIDENT)
    assert (result["recorded"], result["where"], result["uid"], result["note"]) == (True, "store", incident.uid, "")
    assert (result["kind"], result["data"]) == ("intent", INTENT)
    assert (opened.kind, event.kind, event.data, event.run, event.actor) == (
        "incident_opened",
        "intent",
        INTENT,
        "r1",
        "ann",
    )
    assert (incident.cluster, incident.severity) == ("lab", "P1")


def test_what_the_task_says_wins_over_the_variables_of_the_play(place: Path) -> None:
    act(severity="P0", uid="uid-1")
    with open_journal(place) as journal:
        assert (journal.incident(INCIDENT).severity, journal.incident(INCIDENT).uid) == ("P0", "uid-1")


def test_the_number_of_another_incident_is_refused(place: Path) -> None:
    act(uid="uid-1")
    result = act(uid="uid-2")
    assert result["failed"]
    assert result["error"]["kind"] == "refused"
    assert result["msg"].startswith(result["what"])


def test_check_mode_writes_nothing_but_tells_what_it_would(place: Path) -> None:
    result = act(check=True)
    assert (result["recorded"], result["where"], result["data"]) == (False, "none", INTENT)
    assert result["note"] == "check mode: nothing is written"
    assert not place.exists()


def test_an_event_that_does_not_fit_its_kind_fails_the_task() -> None:
    result = act(data={"key": "x"})
    assert result["failed"]
    assert "'rung' is missing" in result["msg"]


def test_a_store_that_cannot_be_written_is_replaced_by_a_synced_spool(place: Path) -> None:
    place.mkdir(mode=0o700)
    (place / FILE_NAME).mkdir()  # SQLite cannot open a folder
    result = act()
    assert (result["recorded"], result["where"]) == (True, "spool")
    assert result["note"]
    (waiting,) = (place / "spool").glob("*.json")
    assert waiting.stat().st_mode & 0o777 == 0o600


def refusing(error: Exception) -> Any:
    def record_event(*_: object, **__: object) -> None:
        raise error

    return SimpleNamespace(record_event=record_event, Opening=lambda **words: words)


def behind_the_door(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    import tuheg_ir.errors

    modules = {"tuheg_ir.journal": refusing(error), "tuheg_ir.errors": tuheg_ir.errors}
    monkeypatch.setattr(record, "open_door", modules.__getitem__)


FULL = StoreError("Neither the journal nor a spool can be written", "/var: full", "Free some space.")


def test_if_nothing_can_be_written_a_required_event_fails_the_task(monkeypatch: pytest.MonkeyPatch) -> None:
    behind_the_door(monkeypatch, FULL)
    result = act()
    assert result["failed"]
    assert (result["what"], result["which"], result["next"]) == (FULL.what, FULL.which, FULL.next)


def test_and_another_event_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    behind_the_door(monkeypatch, FULL)
    result = act(required=False)
    assert "failed" not in result
    assert (result["recorded"], result["where"]) == (False, "none")
    assert result["note"].startswith("not recorded: Neither the journal nor a spool can be written")


@pytest.mark.parametrize("error", [RefusedError("no"), ValueError("bad")])
def test_other_errors_are_not_swallowed(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    behind_the_door(monkeypatch, error)
    if isinstance(error, RefusedError):
        assert act()["failed"]
    else:
        with pytest.raises(ValueError, match="bad"):
            act()


def test_without_the_package_a_playbook_still_heals_and_says_what_it_could_not_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def closed(_: str) -> None:
        raise Missing("the Python package tuheg_ir cannot be imported (...): pip install tuheg-ir==0.1.0 ...")

    monkeypatch.setattr(record, "open_door", closed)
    result = act(required=True)
    assert "failed" not in result
    assert (result["recorded"], result["where"]) == (False, "none")
    assert result["note"].startswith("not recorded: the Python package tuheg_ir cannot be imported")


def test_the_process_is_named_by_pid_and_start_so_that_a_reused_pid_is_not_taken_for_it() -> None:
    from tuheg_ir.runner.processes import start_time

    found = record.process_of_play()
    assert found == {"pid": os.getppid(), "start_time": start_time(os.getppid())}
    data = act(kind="process", data={}, process=True)["data"]
    assert data == found
