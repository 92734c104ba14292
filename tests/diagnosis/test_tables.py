"""A table is read as YAML is, but that each value is a text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tuheg_ir.diagnosis import signals
from tuheg_ir.diagnosis.tables import read_table

FOLDER = Path(signals.__file__).parent
TABLES = sorted([*FOLDER.glob("*.yml"), *FOLDER.glob("view/*.yml")])


def texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {texts(key): texts(each) for key, each in value.items()}
    return [texts(each) for each in value] if isinstance(value, list) else str(value)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_of_ours_is_read_as_yaml_is(table: Path) -> None:
    assert read_table(table) == texts(yaml.safe_load(table.read_text(encoding="utf-8")))


def test_a_mapping_takes_over_another_and_its_own_words_win(tmp_path: Path) -> None:
    file = tmp_path / "table.yml"
    file.write_text("a: &a {x: 1, y: 2}\nb: {<<: *a, y: [3, z]}\n", encoding="utf-8")
    assert read_table(file) == {"a": {"x": "1", "y": "2"}, "b": {"x": "1", "y": ["3", "z"]}}


def test_an_empty_table_holds_nothing(tmp_path: Path) -> None:
    file = tmp_path / "table.yml"
    file.write_text("# nothing\n", encoding="utf-8")
    assert read_table(file) == {}
