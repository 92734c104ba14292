"""The documents name what is there: links, commands, options, inputs, statuses."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from tests import layout
from tuheg_ir.cli.app import tuheg_ir
from tuheg_ir.errors import Interrupted, TuhegError, UsageError
from tuheg_ir.incidents.outcome import EXIT_CODES

DOCUMENTS = sorted(
    [*layout.ROOT.glob("*.md"), *(layout.ROOT / "docs").glob("*.md"), *(layout.ROOT / "collection").rglob("README.md")]
)
OURS = [path for path in DOCUMENTS if path.name != "handbook.zh-CN.md"]
COMMAND = re.compile(r"(?:^|[`/]|\$ )tuheg-ir ((?:[a-z]+ ?){1,2})((?: ?[^`\n]*)?)", re.MULTILINE)


def name(path: Path) -> str:
    return str(path.relative_to(layout.ROOT))


@pytest.mark.parametrize("path", OURS, ids=name)
def test_relative_links_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", OURS, ids=name)
def test_make_targets_that_are_named_exist(path: Path) -> None:
    makefile = (layout.ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z]+)", path.read_text(encoding="utf-8"), re.MULTILINE))
    assert named <= targets


def commands() -> dict[str, click.Command]:
    """Return every command of the program, those of groups by both words."""
    context = click.Context(tuheg_ir)
    found: dict[str, click.Command] = {}
    for word in tuheg_ir.list_commands(context):
        command = tuheg_ir.get_command(context, word)
        assert command is not None
        found[word] = command
        if isinstance(command, click.Group):
            found |= {f"{word} {sub}": each for sub, each in command.commands.items()}
    return found


@pytest.mark.parametrize("path", OURS, ids=name)
def test_commands_and_options_that_are_named_exist(path: Path) -> None:
    known = commands()
    for words, rest in COMMAND.findall(path.read_text(encoding="utf-8")):
        first, _, second = words.strip().partition(" ")
        command = known.get(f"{first} {second}") or known.get(first)
        assert command, f"tuheg-ir {words}"
        options = {option for parameter in command.params for option in parameter.opts}
        assert set(re.findall(r"(?<!\S)--[a-z]+", rest)) <= options | {"--help"}, f"tuheg-ir {words}{rest}"


def test_every_input_that_is_documented_is_read_and_the_other_way_round() -> None:
    text = (layout.ROOT / "docs" / "playbooks.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`(ir_[a-z_]+)`", text.split("## Inputs")[1].split("## ")[0]))
    defaults = (layout.ROLES / "common" / "defaults" / "main.yml").read_text(encoding="utf-8")
    read = set(re.findall(r"\b(ir_[a-z_]+)\b", defaults))
    for_machines = {
        "ir_actor",
        "ir_act_once",
        "ir_fault",
        "ir_incident_uid",
        "ir_lock_takeover",
        "ir_operation",
        "ir_rungs",
        "ir_run",
    }
    assert documented == read - for_machines


def result_page() -> str:
    return (layout.ROOT / "docs" / "result.md").read_text(encoding="utf-8")


def first_words(page: str) -> list[str]:
    """Return the words in the first cells of a page's tables."""
    cells = re.findall(r"^\| ((?:`\w+` ?)+)\|", page, re.MULTILINE)
    return [word for cell in cells for word in re.findall(r"`(\w+)`", cell)]


def test_every_status_is_documented() -> None:
    table = result_page().split("| status | means |")[1].split("\n\n")[0]
    assert set(first_words(table)) == set(EXIT_CODES)


def test_every_exit_code_is_documented() -> None:
    codes = re.findall(r"^\| (\d+) \|", result_page(), re.MULTILINE)
    assert set(map(int, codes)) == {
        *EXIT_CODES.values(),
        TuhegError.exit_code,
        UsageError.exit_code,
        Interrupted.exit_code,
    }


def test_every_field_of_the_result_is_documented() -> None:
    report = layout.tasks(layout.load(layout.ROLES / "common" / "tasks" / "report.yml"))
    facts = [task["ansible.builtin.set_fact"] for task in report if "ansible.builtin.set_fact" in task]
    [result] = [fact["common_report"] for fact in facts if "common_report" in fact]
    table = result_page().split("## ir_result")[1].split("| status | means |")[0]
    assert set(first_words(table)) == set(result)
