"""What people and programs read."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tuheg_ir.cli.app import run, wants_json
from tuheg_ir.cli.incident import told
from tuheg_ir.cli.output import columns, error_text
from tuheg_ir.cli.progress import Progress
from tuheg_ir.cli.report import show
from tuheg_ir.errors import TuhegError
from tuheg_ir.incidents import Report
from tuheg_ir.journal import Event
from tuheg_ir.runner import Diff, PlayError, TaskEvent


def test_faults_and_show_agree_with_the_playbooks(platform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["faults", "--format", "json"]) == 0
    for fault in json.loads(capsys.readouterr().out)["faults"]:
        assert run(["show", fault["name"], "--format", "json"]) == 0
        shown = json.loads(capsys.readouterr().out)
        assert shown["playbook"] == fault["playbook"]
        assert shown["rungs"], "a fault is answered by a ladder"
        assert all(rung["remedy"] and rung["class"] for rung in shown["rungs"])


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_texts_come_in_both_languages(platform: Path, capsys: pytest.CaptureFixture[str], lang: str) -> None:
    assert run(["show", "memory-leak", "--lang", lang]) == 0
    shown = capsys.readouterr().out
    assert ("内存泄露" in shown.splitlines()[0]) == (lang == "zh")
    assert "Steps, least invasive first:" in shown


def test_an_empty_journal_is_whole(platform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["journal", "verify", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["ok"] is True
    assert run(["incident", "list"]) == 0
    assert capsys.readouterr().out == "There is no incident in the journal.\n"


def test_a_message_is_made_from_given_facts(platform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts = Path(__file__).parents[1] / "data" / "handbook_facts.yml"
    assert run(["message", "internal_update", "--facts", str(facts)]) == 0
    assert "INC-20251105-001" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (TuhegError("It broke"), "Error: It broke."),
        (TuhegError("It broke", "file x"), "Error: It broke (file x)."),
        (TuhegError("It broke", "x", "Mend it."), "Error: It broke (x). Next: Mend it."),
        (TuhegError("Why?", next="Look."), "Error: Why? Next: Look."),
        (TuhegError("the lock is held", next="wait"), "Error: The lock is held. Next: Wait."),
        (TuhegError("backend-gateway is ill"), "Error: backend-gateway is ill."),
        (TuhegError("ir_service is 1"), "Error: ir_service is 1."),
    ],
)
def test_an_error_is_one_line(error: TuhegError, text: str) -> None:
    assert error_text(error) == text


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["faults", "--format", "json"], True),
        (["faults", "--format=json"], True),
        (["faults", "--format", "text"], False),
        (["faults", "json"], False),
        (["faults", "--format"], False),
        ([], False),
    ],
)
def test_json_is_recognised_even_when_nothing_else_is(arguments: list[str], wanted: bool) -> None:
    assert wants_json(arguments) is wanted


def test_wide_characters_are_aligned() -> None:
    assert columns([["故障", "x"], ["ab", "y"]]) == ["故障  x", "ab    y"]


EVENTS: list[tuple[str, dict[str, object]]] = [
    ("diagnosis", {"findings": [{"root_cause": "code_defect", "component": "Deployment/web", "confidence": 0.9}]}),
    ("intent", {"rung": "rollback_workload", "target": "Deployment/web", "class": "reversible"}),
    ("outcome", {"rung": "rollback_workload", "verdict": "healed", "changed": True, "reason": "word " * 40}),
    ("skipped", {"rung": "restart_workload", "reason": "it runs the same template"}),
    ("refused", {"rung": "scale_workload", "reason": "P1 needs approval", "next": "--yes"}),
]


def recorded(kind: str, data: dict[str, object]) -> TaskEvent:
    return TaskEvent("ok", action="tuheg.ir.record", result={"kind": kind, "data": data})


@pytest.mark.parametrize("width", [80, 200])
def test_progress_is_one_step_a_line_and_fits_the_screen(width: int) -> None:
    out = io.StringIO()
    with Progress(Console(file=out, width=width)) as progress:
        progress.begin("memory-leak  P0  lab/web")
        for kind, data in EVENTS:
            progress.event(recorded(kind, data))
    lines = out.getvalue().splitlines()
    assert all(len(line.rstrip()) <= width for line in lines)
    assert "\x1b" not in out.getvalue(), "colour is for terminals"
    assert [re.sub(r"\s+", " ", line)[:16] for line in lines if line.startswith("0:0")] == [
        "0:00 finding cod",
        "0:00 act rollbac",
        "0:00 healed roll",
        "0:00 skipped res",
        "0:00 refused sca",
    ]


@pytest.mark.parametrize(
    ("kind", "data", "line"),
    [
        ("process", {"pid": 7848, "start_time": 1.5}, "pid 7848"),
        ("intent", {"rung": "scale_workload", "target": "Deployment/web"}, "scale_workload on Deployment/web"),
        ("outcome", {"rung": "scale_workload", "verdict": "healed", "reason": "so"}, "scale_workload: healed: so"),
        ("diagnosis", {"findings": []}, ""),
        ("drill", {"scenario": "slow-leak", "passed": False}, "slow-leak: NOT passed"),
    ],
)
def test_an_event_of_an_incident_is_one_line(kind: str, data: dict[str, Any], line: str) -> None:
    at = datetime(2026, 3, 4, tzinfo=UTC)
    assert told(Event(1, "INC-20260304-001", "", at, "me", kind, data, "", "")) == line


def test_progress_is_coloured_on_a_terminal() -> None:
    out = io.StringIO()
    progress = Progress(Console(file=out, force_terminal=True, width=80, color_system="standard"))
    progress.event(recorded("outcome", {"rung": "x", "verdict": "healed", "changed": True, "reason": "ok"}))
    assert "\x1b[32m" in out.getvalue()


def test_a_task_that_records_nothing_is_silent() -> None:
    out = io.StringIO()
    Progress(Console(file=out)).event(TaskEvent("ok", task="Read", action="tuheg.ir.read"))
    assert out.getvalue() == ""


def test_the_end_says_what_changed_how_to_undo_it_and_what_lies_ready() -> None:
    out = io.StringIO()
    action = {
        "rung": "scale_workload",
        "target": "Deployment/web",
        "changed": True,
        "temporary": True,
        "undo": {"command": "kubectl -n shop scale deployment/web --replicas=3"},
    }
    report = Report(
        "INC-20251105-001",
        "healed",
        "respond_x",
        {"actions": [action]},
        messages={"summary": "/j/summary.zh.md"},
        followups=("look into it",),
    )
    show(report, Console(file=out, width=100))
    assert out.getvalue().splitlines() == [
        "INC-20251105-001: Healed",
        "  changed: scale_workload on Deployment/web (buys time only)",
        "    undo: kubectl -n shop scale deployment/web --replicas=3",
        "  to do later: look into it",
        "  summary: /j/summary.zh.md",
    ]


def test_a_plan_shows_its_differences() -> None:
    out = io.StringIO()
    report = Report(
        "INC-20251105-001",
        "planned",
        "respond_x",
        {"actions": [{"rung": "scale_workload", "target": "Deployment/web", "reason": "would run: 5 replicas"}]},
        diffs=(Diff("Scale", "k8s_scale", "spec:\n  replicas: 3\n", "spec:\n  replicas: 5\n"),),
    )
    show(report, Console(file=out, width=100))
    shown = out.getvalue()
    assert "Plan made; nothing was changed" in shown
    assert "scale_workload on Deployment/web: would run: 5 replicas" in shown
    assert "    -  replicas: 3" in shown
    assert "    +  replicas: 5" in shown


def test_a_refusal_is_told_with_what_allows_it() -> None:
    out = io.StringIO()
    error = PlayError("a reversible remedy needs approval at P1", "rollback_workload", "--yes")
    show(Report("INC-20251105-001", "refused", "respond_x", {}, error=error), Console(file=out, width=200))
    assert "Error: A reversible remedy needs approval at P1 (rollback_workload). Next: --yes." in out.getvalue()


def test_help_imports_nothing_heavy() -> None:
    heavy = ["sqlalchemy", "ansible", "ansible_runner", "kubernetes", "jinja2", "rich", "yaml"]
    code = (
        "import sys; from tuheg_ir.cli.app import run; run(['--help']); "
        f"print(sorted(set(sys.modules) & set({heavy!r})), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
