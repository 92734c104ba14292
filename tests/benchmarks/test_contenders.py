"""The contenders are what they say: the handbook's lines, and the shipped playbook with less waiting."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import yaml

from benchmarks.reads import script
from benchmarks.restart import comparable, new_incident, write_comparable
from tests import layout

SHIPPED = layout.PLAYBOOKS / "restart_workload.yml"


def reads(text: str) -> Counter[str]:
    """Return what the command lines of a text read, and how often: a verb and its object, or curl."""
    return Counter(re.findall(r"^ *(?:\S*kubectl(?: -n \S+)? )?(get \w+|top \w+|logs|exec|curl)\b", text, re.MULTILINE))


def test_the_script_has_each_reading_command_of_the_handbook_as_often_as_the_handbook() -> None:
    handbook = (layout.ROOT / "docs" / "handbook.zh-CN.md").read_text(encoding="utf-8")
    assert reads(handbook).total() == 12
    assert reads(script("kubectl", "http://prometheus")) == reads(handbook)


def test_the_script_changes_nothing_and_follows_nothing() -> None:
    lines = script("kubectl", "http://prometheus")
    assert not re.search(r"\b(?:restart|scale|patch|delete|apply)\b| -f\b", lines)


def test_the_comparable_restart_differs_from_the_shipped_one_in_what_is_waited_for() -> None:
    shipped = layout.load(SHIPPED)
    [play] = comparable(shipped)
    [rung] = play["vars"].pop("ir_rungs")
    [shipped_rung] = shipped[0]["vars"].pop("ir_rungs")
    assert play == shipped[0]
    assert {key for key in rung if rung.get(key) != shipped_rung.get(key)} == {"settle_s", "probes"}


def test_it_is_written_under_the_shipped_name(tmp_path: Path) -> None:
    path = write_comparable(tmp_path)
    assert path.name == SHIPPED.name
    assert yaml.safe_load(path.read_text()) == comparable(layout.load(SHIPPED))


def test_each_restart_is_an_incident_of_its_own() -> None:
    numbers = {new_incident() for _ in range(100)}
    assert len(numbers) == 100
    assert all(re.fullmatch(r"INC-\d{8}-\d{3,}", number) for number in numbers)
