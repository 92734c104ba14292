"""The lab's commands for breaking and loading, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from lab.breaks_cli import break_command
from lab.errors import LabError
from lab.faults import load_breaks
from lab.load_cli import load_command
from lab.probing import Verdict
from lab.symptoms import strays


@pytest.fixture(autouse=True)
def _no_lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUHEG_LAB_HOME", str(tmp_path))


def test_break_without_a_kind_lists_what_there_is() -> None:
    text = CliRunner().invoke(break_command, []).output
    assert [line.split()[0] for line in text.splitlines()] == list(load_breaks())
    listed = json.loads(CliRunner().invoke(break_command, ["--format", "json"]).output)
    assert listed["foreign-sessions"]["ends"] == {"exit": 5, "approved": 0}


def test_an_unknown_kind_is_a_usage_error_that_lists_the_kinds() -> None:
    done = CliRunner().invoke(break_command, ["none-such"])
    assert done.exit_code == 2
    assert "crash-at-start" in done.output


def test_waiting_for_a_symptom_that_needs_load_asks_for_the_load_first() -> None:
    done = CliRunner().invoke(break_command, ["bad-release", "--wait"])
    assert isinstance(done.exception, LabError)
    assert "shows only under load" in str(done.exception)


def test_a_load_that_makes_no_sense_is_a_usage_error() -> None:
    done = CliRunner().invoke(load_command, ["--rps", "0"])
    assert done.exit_code == 2
    assert "above zero" in done.output


def test_stopping_a_load_that_never_ran_says_how_to_start_one() -> None:
    done = CliRunner().invoke(load_command, ["--stop"])
    assert isinstance(done.exception, LabError)
    assert "--background" in str(done.exception)


def test_an_unhealthy_probe_that_a_break_does_not_tell_of_is_a_stray() -> None:
    kind = load_breaks()["cpu-starvation"]
    verdicts = [
        Verdict("backend-gateway/latency", "unhealthy", ""),
        Verdict("backend-gateway/core", "unhealthy", ""),
        Verdict("redis/latency", "unhealthy", ""),
        Verdict("postgres/up", "unknown", ""),
    ]
    assert strays(kind, verdicts) == ["redis/latency"]
