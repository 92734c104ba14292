"""What real programs write is read as the trouble that they are in, and what only sounds like it is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.diagnosis.rules.tiny import log, pod, snapshot, workload
from tuheg_ir.diagnosis.view import View

_READ = [
    yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    for path in sorted((Path(__file__).parent / "real_lines").glob("*.yml"))
]


def _entries(part: str) -> Iterator[tuple[str, Any]]:
    return ((kind, each) for told in _READ for kind, entry in told.items() for each in entry[part])


def troubles(line: str) -> set[str]:
    return {hit.trouble for hit in View(snapshot(workload("shop"), logs=[log(pod("shop"), line)])).hits}


@pytest.mark.parametrize(("kind", "line"), [(kind, each["line"]) for kind, each in _entries("lines")])
def test_a_line_tells_of_its_kind(kind: str, line: str) -> None:
    assert kind in troubles(line)


@pytest.mark.parametrize(("kind", "line"), list(_entries("not")))
def test_what_only_sounds_like_it_does_not(kind: str, line: str) -> None:
    assert kind not in troubles(line)
