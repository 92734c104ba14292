"""Whatever is done to the rows behind the journal's back is found."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.journal.conftest import OPENING
from tuheg_ir.errors import StoreError
from tuheg_ir.journal import Problem, open_journal
from tuheg_ir.journal.chain import link
from tuheg_ir.journal.journal import Journal
from tuheg_ir.journal.place import FILE_NAME
from tuheg_ir.journal.tables import TRIGGERS

LOOK = {"service": "backend-gateway", "verdict": "unhealthy"}
COLUMNS = {
    "events": ["seq", "incident", "run", "at", "actor", "kind", "data", "prev_hash", "hash"],
    "incidents": ["number", "uid", "opened_seq"],
}
KEYS = {"events": "seq", "incidents": "opened_seq"}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal file with two incidents and eight events, closed."""
    place = tmp_path_factory.mktemp("written")
    with open_journal(place) as journal:
        incidents = [journal.open_incident(number=f"INC-20251105-00{n}", **OPENING) for n in (1, 2)]  # type: ignore[arg-type]
        for n in range(6):
            journal.append(incidents[n % 2], "look", {**LOOK, "n": n}, run=f"r{n}", actor="lin")
    return place / FILE_NAME


@pytest.fixture
def copy(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(written, tmp_path / FILE_NAME))


def tamper(file: Path, *statements: str, values: tuple[Any, ...] = ()) -> bool:
    """Run SQL with the triggers off; tell whether any row is another one afterwards."""
    with closing(sqlite3.connect(file)) as connection:
        connection.text_factory = bytes  # also reads text that is no text
        before = rows(connection)
        for name in TRIGGERS:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement, values)
        for trigger in TRIGGERS.values():
            connection.execute(trigger)
        connection.commit()
        return rows(connection) != before


def rows(connection: sqlite3.Connection) -> list[Any]:
    return [
        list(connection.execute(f"SELECT *, {', '.join(f'typeof({c})' for c in columns)} FROM {table}"))
        for table, columns in COLUMNS.items()
    ]


def problems(file: Path) -> list[Problem]:
    with open_journal(file.parent) as journal:
        return journal.verify()


def test_an_untouched_journal_has_no_problems(copy: Path) -> None:
    assert problems(copy) == []


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE events SET actor = 'eve' WHERE seq = 3", [Problem(3, "edited", "")]),
        ("UPDATE events SET data = replace(data, '3', '4') WHERE seq = 6", [Problem(6, "edited", "")]),
        ("UPDATE events SET data = replace(data, ',', ', ') WHERE seq = 6", [Problem(6, "edited", "")]),
        ("UPDATE events SET at = 'yesterday' WHERE seq = 6", [Problem(6, "edited", "")]),
        ("UPDATE events SET data = x'ff' WHERE seq = 6", [Problem(6, "edited", "")]),
        ("UPDATE events SET actor = CAST(x'ff' AS TEXT) WHERE seq = 6", [Problem(6, "edited", "")]),
        ("DELETE FROM events WHERE seq = 4", [Problem(5, "gap", "")]),
        ("DELETE FROM events WHERE seq IN (3, 4)", [Problem(5, "gap", "")]),
        ("DELETE FROM events WHERE seq = 8", [Problem(7, "truncated", "")]),
        (
            "DELETE FROM events",
            [Problem(0, "truncated", ""), Problem(None, "incident", ""), Problem(None, "incident", "")],
        ),
        ("UPDATE incidents SET uid = 'x' WHERE opened_seq = 1", [Problem(1, "incident", "")]),
        ("DELETE FROM incidents WHERE opened_seq = 2", [Problem(2, "incident", "")]),
        ("INSERT INTO incidents VALUES ('INC-20251105-009', 'x', 99)", [Problem(None, "incident", "")]),
        ("DELETE FROM sqlite_sequence", [Problem(8, "truncated", "")]),
    ],
)
def test_each_kind_of_tampering_is_named(copy: Path, statement: str, expected: list[Problem]) -> None:
    tamper(copy, statement)
    found = problems(copy)
    assert [(p.seq, p.kind) for p in found] == [(p.seq, p.kind) for p in expected]
    assert all(p.what for p in found)


def test_two_events_that_changed_places_are_found(copy: Path) -> None:
    tamper(
        copy,
        "UPDATE events SET seq = 99 WHERE seq = 4",
        "UPDATE events SET seq = 4 WHERE seq = 5",
        "UPDATE events SET seq = 5 WHERE seq = 99",
    )
    found = [(problem.seq, problem.kind) for problem in problems(copy)]
    assert {(4, "edited"), (4, "link"), (5, "edited"), (5, "link")} <= set(found)


def test_an_edit_with_its_hash_made_to_fit_breaks_the_link(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as connection:
        connection.row_factory = sqlite3.Row
        row = dict(connection.execute("SELECT * FROM events WHERE seq = 4").fetchone())
    forged = link(row | {"actor": "eve", "data": json.loads(row["data"])})
    tamper(copy, "UPDATE events SET actor = 'eve', hash = ? WHERE seq = 4", values=(forged,))
    assert [(problem.seq, problem.kind) for problem in problems(copy)] == [(5, "link")]


def test_events_lost_from_the_end_stay_lost_after_new_ones(copy: Path) -> None:
    tamper(copy, "DELETE FROM events WHERE seq = 8")
    with open_journal(copy.parent) as journal:
        assert journal.append("INC-20251105-001", "look", LOOK, actor="lin").seq == 9
        assert [(p.seq, p.kind) for p in journal.verify()] == [(9, "gap")]


@pytest.mark.parametrize("name", TRIGGERS)
def test_a_missing_protection_is_found(copy: Path, name: str) -> None:
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute(f"DROP TRIGGER {name}")
    assert [(p.kind, name in p.what) for p in problems(copy)] == [("protection", True)]


@pytest.mark.parametrize("table", COLUMNS)
@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = 0", "DELETE FROM {}"])
def test_the_store_itself_refuses_changes(copy: Path, table: str, statement: str) -> None:
    with closing(sqlite3.connect(copy)) as connection, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement.format(table, COLUMNS[table][0]))


def test_reading_a_tampered_event_names_it_and_what_to_do(copy: Path) -> None:
    tamper(copy, "UPDATE events SET data = 'x' WHERE seq = 3")
    with open_journal(copy.parent) as journal, pytest.raises(StoreError, match="never written by it") as caught:
        journal.events()
    assert caught.value.which.startswith("event 3: ")
    assert "journal verify" in caught.value.next


VALUES = st.none() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | st.text() | st.binary()
EDITS = st.sampled_from([(table, column) for table, columns in COLUMNS.items() for column in columns])


@settings(deadline=None)
@given(edit=EDITS, row=st.integers(1, 8), value=VALUES)
def test_any_edit_of_any_row_is_found(
    written: Path, tmp_path_factory: pytest.TempPathFactory, edit: tuple[str, str], row: int, value: Any
) -> None:
    table, column = edit
    copy = Path(shutil.copy(written, tmp_path_factory.mktemp("edit") / FILE_NAME))
    try:
        changed = tamper(copy, f"UPDATE {table} SET {column} = ? WHERE {KEYS[table]} = {row}", values=(value,))
    except (sqlite3.IntegrityError, sqlite3.OperationalError):  # the table itself refuses it
        changed = False
    assume(changed)
    assert problems(copy) != []


@settings(deadline=None)
@given(gone=st.sets(st.integers(1, 8), min_size=1))
def test_any_loss_is_found(written: Path, tmp_path_factory: pytest.TempPathFactory, gone: set[int]) -> None:
    copy = Path(shutil.copy(written, tmp_path_factory.mktemp("loss") / FILE_NAME))
    tamper(copy, f"DELETE FROM events WHERE seq IN ({', '.join(map(str, gone))})")
    assert problems(copy) != []


def test_verify_reports_a_spooled_file_that_cannot_be_read(place: Path, journal: Journal) -> None:
    (place / "spool").mkdir(mode=0o700)
    (place / "spool" / "1.json").write_text("{")
    assert [problem.kind for problem in journal.verify()] == ["spool"]
