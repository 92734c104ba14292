"""A journal of its own for every test, with no way out to the spool of the machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tuheg_ir.journal import Incident, open_journal, spool
from tuheg_ir.journal.journal import Journal

OPENING = {
    "cluster": "production",
    "severity": "P0",
    "fault": "database-connection",
    "service": "backend-gateway",
    "actor": "lin",
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the journal; the outer spool lies beside it."""
    folders = [tmp_path / "place" / "spool", tmp_path / "outside" / "spool"]
    monkeypatch.setattr(spool, "spool_folders", lambda _place: folders)
    return tmp_path / "place"


@pytest.fixture
def journal(place: Path) -> Iterator[Journal]:
    with open_journal(place) as opened:
        yield opened


@pytest.fixture
def incident(journal: Journal) -> Incident:
    return journal.open_incident(number="INC-20251105-001", **OPENING)  # type: ignore[arg-type]
