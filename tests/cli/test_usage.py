"""What cannot be right is refused with exit code 2 before anything is started."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tuheg_ir.cli.app import run

FAULTS = "database-connection, response-timeout, high-error-rate, memory-leak, service-crash"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["respond", "databse-connection", "--severity", "P0"],
            "Error: There is no fault 'databse-connection' in the catalogue. "
            f"Next: Did you mean database-connection? The faults are: {FAULTS}.",
        ),
        (
            ["show", "zzz"],
            f"Error: There is no fault 'zzz' in the catalogue. Next: The faults are: {FAULTS}.",
        ),
        (
            ["respond", "memory-leak", "--severity", "P9"],
            "Error: Invalid value for '--severity': 'P9' is not one of 'P0', 'P1', 'P2'. "
            "Next: See tuheg-ir respond --help.",
        ),
        (
            ["respond", "memory-leak", "--severity", "P0", "-e", "ir_approved_by=me"],
            "Error: -e cannot set ir_approved_by (tuheg-ir decides it). Next: Approval is given with --yes.",
        ),
        (
            ["respond", "memory-leak", "--severity", "P0", "--override", "restart_workload"],
            "Error: An override needs a reason, for the record (--override restart_workload). "
            "Next: Say why you want what the diagnosis rules out: --reason TEXT.",
        ),
        (
            ["respond", "memory-leak", "--severity", "P0", "--override", "restart_workload", "--reason", "{{ 1 }}"],
            "Error: A reason is plain words ({{ 1 }}). Next: Leave out the double braces: a playbook would read them.",
        ),
        (
            ["respond", "memory-leak", "--severity", "P0", "--override", "scale_database", "--reason", "so"],
            "Error: scale_database is no remedy of the ladder of respond_memory_leak (--override scale_database). "
            "Next: It has: restart_workload, rollback_workload.",
        ),
        (
            ["respond", "memory-leak", "--severity", "P0", "-e", "ir_override=restart_workload"],
            "Error: -e cannot set ir_override (tuheg-ir decides it). Next: Use --override.",
        ),
        (
            ["respond", "memory-leak", "--severity", "P0", "-e", "oops"],
            "Error: -e takes NAME=VALUE (oops). Next: Example: -e ir_lock_wait_s=60.",
        ),
        (
            ["respond", "memory-leak", "--severity", "P0", "--service", "shop"],
            "Error: The inventory has no such service (shop). Next: Services of lab: backend-gateway, postgres, redis.",
        ),
        (
            ["diagnose", "--service", "shop"],
            "Error: The inventory has no such service (shop). Next: Services of lab: backend-gateway, postgres, redis.",
        ),
        (
            ["diagnose", "--at", "2025-11-05T14:30:00Z"],
            "Error: --at belongs to --snapshot. Next: Add --snapshot DIR, or leave it out.",
        ),
        (
            ["diagnose", "--snapshot", ".", "--also", "edge"],
            "Error: -n and --also are of a live cluster. Next: Leave them or --snapshot out.",
        ),
        (
            ["message", "summary"],
            "Error: A message needs its facts. Next: Give either --incident INC or --facts FILE.",
        ),
        (
            ["incident", "show", "INC-20251105-001"],
            "Error: There is no such incident in the journal (INC-20251105-001). Next: There is none yet.",
        ),
        (["nosuch"], "Error: No such command 'nosuch'. Next: See tuheg-ir --help."),
        (["respnd"], "Error: No such command 'respnd'. Did you mean respond? Next: See tuheg-ir --help."),
    ],
)
def test_each_mistake_gets_its_sentence(
    platform: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert run(arguments) == 2
    assert capsys.readouterr().err.splitlines()[-1] == sentence


def test_an_error_is_json_too(platform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["show", "zzz", "--format", "json"]) == 2
    assert json.loads(capsys.readouterr().out) == {
        "error": {
            "what": "There is no fault 'zzz' in the catalogue",
            "which": "",
            "next": f"The faults are: {FAULTS}.",
        }
    }


def test_a_misspelt_fault_is_told_before_an_inventory_is_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TUHEG_IR_INVENTORY", raising=False)
    assert run(["respond", "databse-connection"]) == 2
    assert "Did you mean database-connection?" in capsys.readouterr().err


def test_the_inventory_is_never_guessed(
    platform: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TUHEG_IR_INVENTORY")
    assert run(["diagnose"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("Error: No inventory is given (in this project there are: ")
    assert "inventories/example" in error
    assert f"inventory = ... in {tmp_path}/config/tuheg-ir/config.toml" in error


def test_the_cluster_is_never_guessed_even_if_there_is_one_only(
    platform: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TUHEG_IR_CLUSTER")
    assert run(["diagnose"]) == 2
    assert f"Error: No cluster is given ({platform} has: lab)." in capsys.readouterr().err


def test_config_toml_names_them(
    platform: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TUHEG_IR_INVENTORY")
    monkeypatch.delenv("TUHEG_IR_CLUSTER")
    config = tmp_path / "config" / "tuheg-ir" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('inventory = "../../inventory"\ncluster = "lab"\n')
    assert run(["diagnose", "--service", "shop"]) == 2
    assert "Services of lab: backend-gateway" in capsys.readouterr().err


def test_a_broken_config_is_named(
    platform: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TUHEG_IR_CLUSTER")
    config = tmp_path / "config" / "tuheg-ir" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("cluster = lab\n")
    assert run(["diagnose"]) == 2
    assert f"The configuration cannot be read ({config}: " in capsys.readouterr().err


def test_help_names_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "Exit codes: 0 healed, nothing to do, or plan made" in shown
    assert "130 interrupted" in shown


def test_a_bug_of_ours_is_exit_1_and_no_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise KeyError("surprise")

    monkeypatch.setattr("tuheg_ir.catalogue.load_catalogue", broken)
    assert run(["faults"]) == 1
    shown = capsys.readouterr().err
    assert shown.startswith("Error: A bug in tuheg-ir stopped it (KeyError: 'surprise').")
    assert "Traceback" not in shown


@pytest.mark.parametrize(
    ("arguments", "commands"),
    [([], ("diagnose", "respond", "resume")), (["incident"], ("list", "show")), (["journal"], ("verify",))],
)
def test_who_asks_for_no_command_sees_which_there_are(
    arguments: list[str], commands: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(" ".join(["Usage: tuheg-ir", *arguments]))
    assert all(f"\n  {command} " in told.err for command in commands)


@pytest.mark.parametrize("group", [[], ["incident"], ["journal"]])
def test_what_a_command_is_for_is_told_whole_on_a_narrow_terminal(
    group: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run([*group, "--help"]) == 0
    told = capsys.readouterr().out
    assert "Commands:" in told
    assert "..." not in told.partition("Commands:")[2]
