"""An order is in the journal before anything is done, and brought to its end from there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from tuheg_ir.cli.app import run
from tuheg_ir.journal import Event, Journal, open_journal
from tuheg_ir.runner import processes

pytestmark = pytest.mark.ansible

SECRET = "s3cr3t-planted-by-a-test"


def respond(capsys: pytest.CaptureFixture[str], *arguments: str, fault: str = "memory-leak") -> tuple[int, Any]:
    code = run(["respond", fault, "--severity", "P1", "--format", "json", *arguments])
    return code, json.loads(capsys.readouterr().out)


def kinds(journal: Journal, number: str) -> list[str]:
    return [event.kind for event in journal.events(number)]


def started(journal: Journal, number: str) -> list[Event]:
    return [event for event in journal.events(number) if event.kind == "run_started"]


def test_a_healed_incident_is_recorded_and_told(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = respond(capsys)
    assert code == 0
    assert told["status"] == "healed"
    assert told["playbook"] == "respond_memory_leak"
    assert set(told["messages"]) == {"internal_update", "user_notice", "summary"}
    for stage, path in told["messages"].items():
        assert Path(path).name == f"{stage}.zh.md"
        assert Path(path).read_text().strip()
    with open_journal() as journal:
        found = kinds(journal, told["incident"])
        assert found[:2] == ["incident_opened", "run_started"], "the record comes before the run"
        assert found[2:4] == ["process", "run_ended"]
        assert journal.verify() == []
        (run_of_it,) = journal.incident(told["incident"]).runs
        assert (run_of_it.id, run_of_it.status) == (told["run"], "healed")


@pytest.mark.parametrize(
    ("status", "code"),
    [("nothing_to_do", 0), ("planned", 0), ("not_healed", 3), ("refused", 5), ("unknown", 6), ("none", 4)],
)
def test_the_exit_code_tells_how_it_ended(
    checkout: Path, capsys: pytest.CaptureFixture[str], status: str, code: int
) -> None:
    found, told = respond(capsys, "-e", f"planted_status={status}")
    assert found == code
    assert told["status"] == {"none": "error"}.get(status, status)
    if status in ("refused", "none"):
        assert told["error"] == {
            "what": "The planted end",
            "which": "task: End as the status wants it",
            "next": "read the test.",
        }
    with open_journal() as journal:
        assert journal.incident(told["incident"]).runs[0].status == told["status"]


def test_a_plan_stores_nothing(checkout: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, told = respond(capsys, "--plan")
    assert code == 0
    assert told["incident"].endswith("-001")
    assert told["messages"] == {}
    with open_journal() as journal:
        assert journal.incidents() == []
    _, again = respond(capsys, "--plan")
    assert again["incident"] == told["incident"], "the number was only looked ahead at"


def test_the_same_incident_goes_on_with_the_same_attempt(
    checkout: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    _, first = respond(capsys, "-e", "planted_status=not_healed")
    mark = tmp_path / "mark"
    _, second = respond(capsys, "--incident", first["incident"], "--yes", "-e", f"planted_mark={mark}")
    assert second["incident"] == first["incident"]
    given = json.loads(mark.read_text())
    assert given["ir_attempt"] == 1
    assert given["ir_approved_by"] == given["ir_actor"] != ""
    assert given["ir_lock_takeover"] == "", "a run that came to its end holds no lock"


def test_an_override_is_on_record_before_the_run_and_approves_nothing_else(
    checkout: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    words = ("--override", "restart_workload", "--reason", "the  lead wants it", "-e", f"planted_mark={mark}")
    _, told = respond(capsys, *words, "-e", "planted_status=not_healed")
    given = json.loads(mark.read_text())
    order = {
        "ir_override": ["restart_workload"],
        "ir_override_by": given["ir_actor"],
        "ir_override_reason": "the lead wants it",
    }
    assert {name: given[name] for name in order} == order
    assert given["ir_approved_by"] == ""
    with open_journal() as journal:
        (start,) = started(journal, told["incident"])
    assert {name: start.data["extra_vars"][name] for name in order} == order
    respond(capsys, "--incident", told["incident"], "-e", f"planted_mark={mark}")
    assert "ir_override" not in json.loads(mark.read_text()), "it holds for the run that it was given to"


def test_an_override_that_is_none_opens_no_incident(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = respond(capsys, "--override", "scale_database", "--reason", "so")
    assert (code, told["error"]["which"]) == (2, "--override scale_database")
    with open_journal() as journal:
        assert journal.incidents() == []


def test_a_second_incident_gets_its_own_number(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, first = respond(capsys)
    _, second = respond(capsys, fault="service-crash")
    assert first["incident"][:-3] == second["incident"][:-3]
    assert (first["incident"][-3:], second["incident"][-3:]) == ("001", "002")


def test_another_cluster_cannot_take_a_number(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, told = respond(capsys)
    inventory = Path(os.environ["TUHEG_IR_INVENTORY"])
    inventory.joinpath("hosts").write_text(inventory.joinpath("hosts").read_text().replace("lab\n", "lab\nother\n", 1))
    code, refused = respond(capsys, "--cluster", "other", "--incident", told["incident"])
    assert code == 5
    assert refused["error"]["what"]


def wrapper(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", "from tuheg_ir.cli import main; main()", *arguments, "--format", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for_process(seconds: float = 20.0) -> str:
    """Wait until a run's ansible-playbook is on record; return the incident's number."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with open_journal() as journal:
            events = journal.events()
        if any(event.kind == "process" for event in events):
            return events[0].incident
        time.sleep(0.1)
    raise AssertionError("no run was started")


def test_ctrl_c_closes_the_journal_and_says_how_to_go_on(checkout: Path) -> None:
    child = wrapper("respond", "memory-leak", "--severity", "P1", "-e", "planted_sleep=60")
    number = wait_for_process()
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=30)
    assert child.returncode == 130
    assert json.loads(out)["error"] == {
        "what": "Interrupted",
        "which": number,
        "next": f"Go on with: tuheg-ir resume {number}",
    }
    with open_journal() as journal:
        assert kinds(journal, number)[-1] == "interrupted"
        (stopped,) = journal.incident(number).runs
    assert processes.of_run(stopped.id) == []


def test_a_killed_wrapper_is_resumed_to_the_same_end(
    checkout: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The mark tells what the second run was given: same attempt, and the dead run's lock."""
    mark = tmp_path / "mark"
    child = wrapper(
        "respond", "memory-leak", "--severity", "P0", "--yes",
        "--override", "restart_workload", "--reason", "the lead wants it",
        "-e", "planted_sleep=2", "-e", f"planted_mark={mark}",
    )  # fmt: skip
    number = wait_for_process()
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    with open_journal() as journal:
        (dead,) = journal.incident(number).runs
    code = run(["resume", "--format", "json", "-e", "planted_sleep=0", "-e", f"planted_mark={mark}"])
    told = json.loads(capsys.readouterr().out)
    assert code == 0
    assert (told["incident"], told["status"]) == (number, "healed")
    given = json.loads(mark.read_text())
    assert given["ir_lock_takeover"] == f"{number}/{dead.id}"
    assert (given["ir_attempt"], given["ir_severity"]) == (1, "P0")
    assert given["ir_approved_by"], "an approval on record holds for the run that goes on"
    assert (given["ir_override"], given["ir_override_reason"]) == (["restart_workload"], "the lead wants it")
    assert given["ir_run"] != dead.id
    assert processes.of_run(dead.id) == []
    assert list(Path(tempfile.gettempdir()).glob(f"tuheg-ir-run-{dead.id}-*")) == []
    with open_journal() as journal:
        assert [r.status for r in journal.incident(number).runs] == ["interrupted", "healed"]


def test_an_orphan_that_does_not_end_is_ended(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    child = wrapper("respond", "memory-leak", "--severity", "P1", "-e", "planted_sleep=600")
    number = wait_for_process()
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    with open_journal() as journal:
        (dead,) = journal.incident(number).runs
    began = time.monotonic()
    assert run(["resume", number, "--wait", "1", "-e", "planted_sleep=0"]) == 0
    assert time.monotonic() - began < 40
    assert processes.of_run(dead.id) == []


def test_a_run_that_is_still_at_work_is_not_resumed(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    child = wrapper("respond", "memory-leak", "--severity", "P1", "-e", "planted_sleep=60")
    try:
        number = wait_for_process()
        assert run(["resume", number, "--format", "json", "-e", "planted_sleep=0"]) == 5
        told = json.loads(capsys.readouterr().out)
        assert told["error"]["what"] == f"A run of {number} is still at work"
        assert told["error"]["which"] == f"process {child.pid}"
    finally:
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=30)


def test_resuming_what_has_ended_runs_nothing(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, first = respond(capsys, "-e", "planted_status=refused")
    code = run(["resume", "--format", "json", "-e", "planted_status=healed"])
    told = json.loads(capsys.readouterr().out)
    assert (code, told["status"], told["run"]) == (5, "refused", first["run"])
    with open_journal() as journal:
        assert len(started(journal, first["incident"])) == 1


def test_what_the_journal_may_not_hold_must_be_given_again(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    respond(capsys, "-e", "planted_status=not_healed")
    assert run(["resume", "--format", "json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["next"] == "Give it again with -e NAME=VALUE."


def test_there_may_be_nothing_to_resume(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["resume"]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        "Error: There is nothing to resume. Next: Every incident is over; see tuheg-ir incident list."
    )


def test_no_secret_is_left_behind_anywhere(
    checkout: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("K8S_AUTH_API_KEY", SECRET)
    temporary = tmp_path / "temporary"  # of this test alone: other runs on the machine come and go
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    _, told = respond(capsys, "-e", f"planted_word={SECRET}", "-e", f"ir_note=password={SECRET}")
    assert told["status"] == "healed"
    assert [path for path in temporary.iterdir() if path.name.startswith("tuheg-ir-run-")] == []
    files = [path for path in (tmp_path / "journal").rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []
    assert SECRET not in json.dumps(told)
