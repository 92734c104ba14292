"""Lines that real software writes in a trouble tell of that trouble, and lines that are like them do not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.diagnosis.rules.tiny import log, snapshot
from tuheg_ir.diagnosis.view.logs import hits

FILES = sorted((Path(__file__).parent / "real_lines").glob("*.yml"))
KINDS = {kind: entry for path in FILES for kind, entry in yaml.safe_load(path.read_text(encoding="utf-8")).items()}


def troubles(line: str) -> set[str]:
    """Return the troubles that are read in a log of one line."""
    return {hit.trouble for hit in hits(snapshot(logs=[log("shop", line)]), {})}


def rows(part: str) -> Iterator[tuple[str, str]]:
    """Yield each kind with each of its lines, or of its near misses."""
    for kind, entry in KINDS.items():
        for each in entry[part]:
            yield kind, each["line"] if part == "lines" else each


@pytest.mark.parametrize(("kind", "line"), [*rows("lines")])
def test_a_line_tells_of_its_kind(kind: str, line: str) -> None:
    assert kind in troubles(line)


@pytest.mark.parametrize(("kind", "line"), [*rows("not")])
def test_a_near_miss_does_not(kind: str, line: str) -> None:
    assert kind not in troubles(line)
