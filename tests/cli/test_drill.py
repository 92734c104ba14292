"""`tuheg-ir drill` as it is typed: what cannot be right is refused before anything is started."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tuheg_ir.cli.app import run
from tuheg_ir.cli.card import show_card, show_sum
from tuheg_ir.incidents import Report
from tuheg_ir.incidents.drill import DrillReport
from tuheg_ir.journal import open_journal
from tuheg_ir.sim.scenario import scenarios
from tuheg_ir.sim.score import Score

NAMES = ", ".join(scenarios())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], f"Error: Nothing is named to drill. Next: Give --all, a fault, or a scenario: {NAMES}."),
        (
            ["bad-release", "--all"],
            "Error: --all drills every scenario, and bad-release is one. Next: Give one of the two.",
        ),
        (
            ["bad-relase"],
            "Error: There is no scenario and no fault 'bad-relase'. "
            f"Next: Did you mean bad-release? The scenarios are: {NAMES}. Or name a file of your own, ending in .yml.",
        ),
        (
            ["bad-release", "--jobs", "2"],
            "Error: --jobs is for --all on the embedded cluster (2). Next: Leave it out.",
        ),
        (
            ["--all", "--on", "lab", "--jobs", "2"],
            "Error: --jobs is for --all on the embedded cluster (2). Next: Leave it out.",
        ),
        (
            ["--all", "--jobs", "0"],
            "Error: Invalid value for '--jobs': 0 is not in the range x>=1. Next: See tuheg-ir drill --help.",
        ),
        (
            ["bad-release", "--speed", "0"],
            "Error: --speed is a number above 0 (0). Next: 1 is the pace of the clock.",
        ),
        (
            ["bad-release", "--speed", "-2"],
            "Error: --speed is a number above 0 (-2). Next: 1 is the pace of the clock.",
        ),
        (
            ["bad-release", "--speed", "nan"],
            "Error: --speed is a number above 0 (nan). Next: 1 is the pace of the clock.",
        ),
        (
            ["bad-release", "--speed", "fast"],
            "Error: Invalid value for '--speed': 'fast' is not a valid float. Next: See tuheg-ir drill --help.",
        ),
        (
            ["bad-release", "--seed", "x"],
            "Error: Invalid value for '--seed': 'x' is not a valid integer. Next: See tuheg-ir drill --help.",
        ),
        (
            ["bad-release", "--severity", "P3"],
            "Error: Invalid value for '--severity': 'P3' is not one of 'P0', 'P1', 'P2'. "
            "Next: See tuheg-ir drill --help.",
        ),
        (
            ["bad-release", "--on", "production"],
            "Error: Invalid value for '--on': 'production' is not one of 'sim', 'lab'. "
            "Next: See tuheg-ir drill --help.",
        ),
        (
            ["bad-release", "--on", "lab", "--speed", "2"],
            "Error: --speed and --seed are for the embedded cluster (--on lab). Next: Leave them out.",
        ),
        (
            ["nowhere/ours.yml"],
            "Error: The scenario file cannot be read (nowhere/ours.yml: No such file or directory). "
            "Next: Name a scenario file.",
        ),
    ],
)  # fmt: skip
def test_each_mistake_gets_its_sentence(
    platform: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert run(["drill", *arguments]) == 2
    shown = capsys.readouterr()
    assert (shown.out, shown.err.splitlines()) == ("", [sentence])
    assert not (platform.parent / "journal").exists()


def test_a_wrong_scenario_file_is_told_with_line_and_field(
    platform: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "ours.yml"
    file.write_text("title: {en: Ours, zh: 我们的}\nfault: memory-leak\nexpected: {exit: 0}\nallowed: []\n", "utf-8")
    assert run(["drill", str(file), "--format", "json"]) == 2
    told = json.loads(capsys.readouterr().out)["error"]
    assert told["what"] == "expected needs exit (a number) and status"
    assert told["which"] == f"{file}, line 3"


def test_a_step_that_the_platform_cannot_take_is_told(
    platform: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "ours.yml"
    file.write_text(
        "title: {en: Ours, zh: 我们的}\nfault: memory-leak\nexpected: {exit: 0, status: healed}\nallowed: []\n"
        "break: [{delete: {resource: services, name: nobody}}]\n",
        "utf-8",
    )
    assert run(["drill", str(file)]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        'Error: Break has a delete that the platform cannot take: services "nobody" not found '
        f"({file}). Next: What there is: tuheg_ir/sim/platform/objects.yml."
    )


def test_the_scenarios_are_listed(platform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["drill", "--list", "--lang", "en"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(scenarios())
    assert run(["drill", "--list", "--format", "json"]) == 0
    listed = json.loads(capsys.readouterr().out)["scenarios"]
    assert [each["name"] for each in listed] == list(scenarios())


@pytest.mark.usefixtures("platform")
def test_the_lab_needs_a_checkout(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site-packages" / "tuheg_ir"
    (package / "_project" / "playbooks").mkdir(parents=True)
    monkeypatch.setattr("tuheg_ir.project._PACKAGE", package)
    monkeypatch.chdir(tmp_path)
    assert run(["drill", "bad-release", "--on", "lab"]) == 4
    assert "A drill on the lab needs a checkout of tuheg-ir" in capsys.readouterr().err


def test_without_kubernetes_core_it_says_how_to_get_it(
    platform: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuheg_ir.project._installed_version", lambda _name, _paths: None)
    assert run(["drill", "bad-release"]) == 4
    told = capsys.readouterr().err.splitlines()[-1]
    assert told.startswith("Error: The Ansible collection kubernetes.core is not installed (needed: ")
    assert "Next: Install it: pip install 'tuheg-ir[collections]'" in told


# --- the score card ---

REPORT = Report(
    "INC-20251105-9001",
    "healed",
    "respond_high_error_rate",
    {"actions": [{"remedy": "rollback_workload", "target": "Deployment/backend-gateway", "changed": True}]},
    messages={"summary": "/home/kim/summary.en.md"},
)


LOAD = {"component": "Deployment/web", "root_cause": "capacity", "remedy": "scale_workload", "confidence": 0.6}
SECOND = Report("INC-20251105-9001", "nothing_to_do", "respond_high_error_rate", {"findings": [LOAD]})


def report(**changes: Any) -> DrillReport:
    known: dict[str, Any] = {
        "scenario": "bad-release",
        "title": {"en": "A release is bad", "zh": "版本有问题"},
        "severity": "P0",
        "on": "sim",
        "speed": 20.0,
        "seed": 0,
        "expected": {"exit": 0, "status": "healed"},
        "fault": "high-error-rate",
        "first": REPORT,
        "score": Score(True, (), ()),
        "second": SECOND,
        "second_run_changes": (),
        "times": {"detected": 0.01, "diagnosed": 1.5, "fixed": 4.0, "verified": 4000.0},
        "limits": {"detected": None, "diagnosed": 1800.0, "fixed": 3600.0, "verified": 3600.0},
    }
    return DrillReport(**{**known, **changes})


def printed(show: Callable[[Console], None], width: int = 100) -> str:
    out = io.StringIO()
    show(Console(file=out, width=width, force_terminal=False))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def test_the_card_tells_end_times_and_messages() -> None:
    card = printed(lambda console: show_card(report(), "en", console))
    assert card.splitlines()[:3] == [
        "INC-20251105-9001: drill passed",
        "  bad-release: A release is bad",
        "  end              healed, as expected",
    ]
    assert "  diagnosed           1.5 s   (handbook: within 30 min)" in card
    assert "  changed          rollback_workload on Deployment/backend-gateway" in card
    assert "  second run       nothing_to_do, no change" in card
    assert "  summary          /home/kim/summary.en.md" in card


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"score": Score(True, ("restart_workload",), ())}, "wrong actions    restart_workload"),
        ({"score": Score(True, (), ("rollback_workload",))}, "repeated         rollback_workload"),
        ({"second_run_changes": ("patch deployments/web",)}, "second run       patch deployments/web"),
        (
            {"score": Score(False, (), ()), "expected": {"exit": 5, "status": "refused"}},
            "end              healed (exit 0), expected was refused (exit 5)",
        ),
    ],
)
def test_the_card_tells_what_is_wrong(changes: dict[str, Any], line: str) -> None:
    failed = report(**changes)
    card = printed(lambda console: show_card(failed, "en", console))
    assert card.startswith("INC-20251105-9001: drill NOT passed\n")
    assert line in card
    assert (failed.passed, failed.exit_code) == (False, 3)


def test_what_the_second_run_found_is_told_where_it_changed_something() -> None:
    failed, passed = report(second_run_changes=("patch deployments/web",)), report()
    told = "it found: Deployment/web capacity scale_workload"
    assert told in printed(lambda console: show_card(failed, "en", console))
    assert told not in printed(lambda console: show_card(passed, "en", console))
    wanted = {name: LOAD[name] for name in ("component", "root_cause", "remedy")}
    assert passed.as_dict()["second_run_findings"] == [wanted]


def test_the_sum_counts_what_went_as_expected() -> None:
    failed = report(scenario="memory-leak", second_run_changes=("patch deployments/web",))
    shown = printed(lambda console: show_sum([report(), failed], console), width=80)
    assert shown.splitlines()[-1] == "1 of 2 drills went as expected"
    assert "memory-leak" in shown


# --- the record ---


def test_drills_are_listed_only_when_asked_for(platform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_journal() as journal:
        for drill in (True, False, True):
            journal.open_incident(
                cluster="drill", severity="P0", fault="memory-leak", service="web", actor="kim", drill=drill
            )

    def listed(*options: str) -> list[str]:
        assert run(["incident", "list", "--format", "json", *options]) == 0
        return [each["number"][-4:] for each in json.loads(capsys.readouterr().out)["incidents"]]

    assert listed() == ["-001"]
    assert listed("--drills") == ["9001", "-001", "9002"]


def test_the_last_drill_of_a_playbook_stands_beside_its_faults(
    platform: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def shown(*options: str) -> str:
        assert run(["faults", *options]) == 0
        return capsys.readouterr().out

    assert {fault["last_drill"] for fault in json.loads(shown("--format", "json"))["faults"]} == {None}
    assert not (platform.parent / "journal").exists(), "to look leaves nothing behind"
    with open_journal() as journal:
        made = journal.open_incident(
            cluster="drill", severity="P0", fault="memory-leak", service="web", actor="kim", drill=True
        )
        for passed in (False, True):
            data = {"scenario": "memory-leak", "playbook": "respond_memory_leak", "on": "sim", "passed": passed}
            last = journal.append(made, "drill", data, actor="kim")
    drills = {fault["name"]: fault["last_drill"] for fault in json.loads(shown("--format", "json"))["faults"]}
    wanted = {"at": last.at.isoformat(), "scenario": "memory-leak", "on": "sim", "passed": True}
    assert {name: drill for name, drill in drills.items() if drill} == {"memory-leak": wanted}
    text = shown("--lang", "en")
    assert f"drill passed {last.at:%Y-%m-%d} (memory-leak, sim)" in text
    assert "not drilled yet" in text


@pytest.mark.parametrize(("drill", "first"), [(True, "[DRILL] "), (False, "🚨 ")])
def test_a_message_of_a_drill_says_that_it_is_one(
    platform: Path, capsys: pytest.CaptureFixture[str], drill: bool, first: str
) -> None:
    with open_journal() as journal:
        number = journal.open_incident(
            cluster="drill", severity="P0", fault="memory-leak", service="web", actor="kim", drill=drill
        ).number
    assert run(["message", "internal_update", "--incident", number, "--lang", "en"]) == 0
    assert capsys.readouterr().out.startswith(first)


def test_a_drill_is_not_resumed(platform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_journal() as journal:
        number = journal.open_incident(
            cluster="drill", severity="P0", fault="memory-leak", service="web", actor="kim", drill=True
        ).number
    assert run(["resume", number]) == 2
    assert f"A drill cannot be resumed ({number})" in capsys.readouterr().err
    assert run(["resume"]) == 2
    assert "There is nothing to resume" in capsys.readouterr().err
    assert run(["respond", "memory-leak", "--severity", "P0", "--incident", number, "--cluster", "lab"]) == 5
    assert f"belongs to another incident ({number}" in capsys.readouterr().err
