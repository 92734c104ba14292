"""A table is read as YAML is, but that each value is a text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tuheg_ir.diagnosis import signals
from tuheg_ir.diagnosis.tables import load_table, made, read_table
from tuheg_ir.diagnosis.view import log_table

FOLDER = Path(signals.__file__).parent
TABLES = sorted([*FOLDER.glob("*.yml"), *FOLDER.glob("view/*.yml")])
READ = {
    FOLDER / "signals.json": signals.worked_out({file.stem: read_table(file) for file in signals.FILES}),
    FOLDER / "view" / "log_patterns.json": log_table.worked_out(read_table(log_table.FILE)),
}
"""What is read at run time, and what it is made of."""


def texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {texts(key): texts(each) for key, each in value.items()}
    return [texts(each) for each in value] if isinstance(value, list) else str(value)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_of_ours_is_read_as_yaml_is(table: Path) -> None:
    assert read_table(table) == texts(yaml.safe_load(table.read_text(encoding="utf-8")))


@pytest.mark.parametrize("file", READ, ids=lambda file: file.name)
def test_what_is_read_at_run_time_was_made_of_the_tables_as_they_are_now(file: Path) -> None:
    assert load_table(file) == json.loads(json.dumps(READ[file])), "stale: make docs"


def test_every_table_is_read_at_run_time() -> None:
    assert {*signals.FILES, log_table.FILE} == set(TABLES)


def test_a_table_that_was_made_is_read_as_it_was_written_an_entry_a_line(tmp_path: Path) -> None:
    file, table = tmp_path / "table.json", {"a": {"x": ["1", "é"]}, "b": {"y": "2", "z": "3"}}
    file.write_text(made(table, depth=2), encoding="utf-8")
    assert load_table(file) == table
    assert file.read_text(encoding="utf-8").splitlines()[1:3] == ['"a": {', '"x": ["1", "é"]']


def test_a_mapping_takes_over_another_and_its_own_words_win(tmp_path: Path) -> None:
    file = tmp_path / "table.yml"
    file.write_text("a: &a {x: 1, y: 2}\nb: {<<: *a, y: [3, z]}\n", encoding="utf-8")
    assert read_table(file) == {"a": {"x": "1", "y": "2"}, "b": {"x": "1", "y": ["3", "z"]}}


def test_an_empty_table_holds_nothing(tmp_path: Path) -> None:
    file = tmp_path / "table.yml"
    file.write_text("# nothing\n", encoding="utf-8")
    assert read_table(file) == {}
