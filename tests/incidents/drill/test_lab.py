"""What a drill on the lab asks of it, in which order, and what it says when that cannot be had."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lab.paths import Lab
from tests import layout
from tuheg_ir.catalogue import load_catalogue
from tuheg_ir.errors import ClusterError, ProjectError, UsageError
from tuheg_ir.incidents.drill import DrillOrder, choose, choose_all
from tuheg_ir.incidents.drill import lab as module
from tuheg_ir.project import Project, find_project
from tuheg_ir.sim.scenario import scenarios

ORDER = DrillOrder(scenarios()["bad-release"], "P0", "kim", on="lab")
UP = {"state": "up", "owner": {"home": "/lab"}}


class Commands:
    """Stands in for `python -m lab`: keeps what was asked, answers what a test plants."""

    def __init__(self, **answers: tuple[int, str, str]) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, tuple[int, str, str]] = {"status": (0, json.dumps(UP), ""), **answers}

    def __call__(self, command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        words = command[3:]
        self.asked.append(" ".join(words))
        code, out, err = self.answers.get(words[0], (0, "", ""))
        return subprocess.CompletedProcess(command, code, out, err)


@pytest.fixture
def project() -> Project:
    return find_project(layout.ROOT)


def on_lab(project: Project, commands: Commands, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(subprocess, "run", commands)
    return module.on_lab(project, ORDER, lambda _text: None)


def test_it_is_reset_broken_and_put_back(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = Commands()
    with on_lab(project, commands, monkeypatch) as ground:
        assert commands.asked[-1] == "break bad-release --wait"
        assert (ground.inventory, ground.cluster) == (layout.ROOT / "lab" / "inventory", "lab")
        assert module.Lab(project).account() == Path("/lab/run/tuheg-ir.conf")
    rest = [word for word in commands.asked if not word.startswith("status")]
    assert rest == ["load --background", "reset", "break bad-release --wait", "reset --no-probes", "load --stop"]


def test_somebody_elses_load_is_left_running(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = Commands(load=(4, "", "error: load runs already"))
    with on_lab(project, commands, monkeypatch):
        pass
    assert "load --stop" not in commands.asked


def test_it_is_put_back_after_an_error_too(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = Commands()
    with pytest.raises(KeyboardInterrupt), on_lab(project, commands, monkeypatch):
        raise KeyboardInterrupt
    assert commands.asked[-2:] == ["reset --no-probes", "load --stop"]


def test_a_break_that_never_shows_is_told_and_put_back(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = Commands(**{"break": (1, "bad-release: NOT there after 60.0 s\n", "")})
    with (
        pytest.raises(ClusterError, match=r"could not do `break bad-release --wait`.*NOT there after 60"),
        on_lab(project, commands, monkeypatch),
    ):
        pytest.fail("nothing to drill")
    assert "reset --no-probes" in commands.asked


@pytest.mark.parametrize("answer", [(3, '{"state": "down", "reason": ""}', ""), (4, "", "error: no such thing")])
def test_without_a_running_lab_nothing_is_done(
    project: Project, monkeypatch: pytest.MonkeyPatch, answer: tuple[int, str, str]
) -> None:
    commands = Commands(status=answer)
    with pytest.raises(ClusterError) as refused, on_lab(project, commands, monkeypatch):
        pytest.fail("nothing to drill")
    assert refused.value.exit_code == 4
    assert refused.value.next == "Start it with: make lab"
    assert commands.asked == ["status --format json"]


def test_without_a_checkout_there_is_no_lab(project: Project, tmp_path: Path) -> None:
    for elsewhere in (project._replace(packaged=True), project._replace(root=tmp_path)):
        with pytest.raises(ProjectError, match="needs a checkout"):
            module.Lab(elsewhere)


def test_a_scenario_that_the_lab_has_not_is_refused_with_those_it_has(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "run", Commands(**{"break": (0, '{"bad-release": {}}', "")}))
    with pytest.raises(UsageError) as refused:
        choose(load_catalogue(), project, "metrics-vanish", "lab")
    assert (refused.value.what, refused.value.next) == ("The lab has no break 'metrics-vanish'", "It has: bad-release.")
    assert choose(load_catalogue(), project, "high-error-rate", "lab").name == "bad-release"
    assert [scenario.name for scenario in choose_all(project, "lab")] == ["bad-release"]


def test_the_account_lies_where_the_lab_keeps_it(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", Commands())
    assert module.Lab(project).account() == Lab(Path("/lab")).account


def test_the_labs_own_commands_say_what_is_read_here(project: Project) -> None:
    kinds = module.Lab(project).kinds()
    assert kinds == list(layout.load(layout.ROOT / "lab" / "faults.yml"))
    assert set(kinds) <= set(scenarios())
