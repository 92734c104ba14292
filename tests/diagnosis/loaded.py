"""Cases as the snapshots that a user would hand in, and their answers; made once for all tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tests.diagnosis.worlds import without
from tuheg_ir.diagnosis.decide import decide
from tuheg_ir.diagnosis.model import Finding, Snapshot
from tuheg_ir.diagnosis.snapshot import load


@cache
def snapshot(folder: Path) -> Snapshot:
    """Return the snapshot of a case; shared, so to be read only."""
    return load(folder)


@cache
def findings(folder: Path, *gone: str) -> tuple[Finding, ...]:
    """Return the answer to a case, or to what is left of it without some kinds of sources."""
    return decide(without(snapshot(folder), *gone)).findings
