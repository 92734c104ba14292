"""Cases as the snapshots that a user would hand in; loaded once for all tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tuheg_ir.diagnosis.model import Snapshot
from tuheg_ir.diagnosis.snapshot import load


@cache
def snapshot(folder: Path) -> Snapshot:
    """Return the snapshot of a case; shared, so to be read only."""
    return load(folder)
