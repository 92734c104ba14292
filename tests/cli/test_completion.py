"""What a shell offers where a name is to be typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from tuheg_ir.cli.app import tuheg_ir
from tuheg_ir.journal import open_journal

EXAMPLE = str(Path(__file__).parents[2] / "inventories" / "example")
CHOSEN = ["-i", EXAMPLE, "--cluster", "production"]


def offered(*typed: str) -> list[str]:
    """Return what is offered for the last word of a command."""
    asked = ShellComplete(tuheg_ir, {}, "tuheg-ir", "_TUHEG_IR_COMPLETE")
    return [each.value for each in asked.get_completions(list(typed[:-1]), typed[-1])]


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        (["inc"], ["incident"]),
        (["incident", ""], ["list", "show"]),
        (["respond", "data"], ["database-connection"]),
        (["show", "s"], ["service-crash"]),
        (["respond", "memory-leak", "--severity", ""], ["P0", "P1", "P2"]),
        (["drill", "two"], ["two-faults-at-once"]),
        (["message", "in"], ["internal_update"]),
        (["diagnose", "-i", EXAMPLE, "--cluster", ""], ["production"]),
        (["respond", *CHOSEN, "--service", "back"], ["backend-gateway"]),
        (["diagnose", *CHOSEN, "--service", "r"], ["redis"]),
    ],
)
def test_names_that_are_there_are_offered(typed: list[str], names: list[str]) -> None:
    assert offered(*typed) == names


@pytest.mark.parametrize(
    "typed",
    [
        ["diagnose", "-i", "/nowhere", "--cluster", ""],
        ["diagnose", "--cluster", ""],
        ["respond", "-i", EXAMPLE, "--service", ""],
        ["incident", "show", ""],
        ["resume", ""],
    ],
)
def test_where_something_cannot_be_read_nothing_is_offered(
    typed: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUHEG_IR_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert offered(*typed) == []


def test_incidents_are_offered_the_newest_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUHEG_IR_HOME", str(tmp_path))
    with open_journal() as journal:
        for number in ("INC-20260304-001", "INC-20260304-002"):
            journal.open_incident(
                cluster="lab", severity="P0", fault="memory-leak", service="web", actor="me", number=number
            )
    for typed in (["incident", "show"], ["resume"], ["message", "summary", "--incident"]):
        assert offered(*typed, "INC-2026") == ["INC-20260304-002", "INC-20260304-001"]
    assert offered("resume", "INC-20260304-001") == ["INC-20260304-001"]
