"""A store that cannot be used says what, which and what to do, within bounded time."""

import json
import shutil
import sqlite3
import subprocess
import sys
import textwrap
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from tests.journal.conftest import OPENING
from tuheg_ir.errors import StoreError
from tuheg_ir.journal import open_journal
from tuheg_ir.journal.journal import Journal
from tuheg_ir.journal.place import FILE_NAME

LOOK = {"service": "backend-gateway", "verdict": "unknown"}
NUMBER = "INC-20251105-001"


def append(journal: Journal) -> None:
    journal.append(NUMBER, "look", LOOK, actor="lin")


@pytest.fixture
def store(place: Path) -> Path:
    with open_journal(place) as journal:
        journal.open_incident(number=NUMBER, **OPENING)  # type: ignore[arg-type]
    return place / FILE_NAME


def test_a_locked_store_is_given_up_after_the_wait(store: Path) -> None:
    with open_journal(store.parent) as other, other._store.writing(), open_journal(store.parent, wait_s=0.3) as journal:
        begun = time.monotonic()
        with pytest.raises(StoreError) as caught:
            append(journal)
        assert 0.2 < time.monotonic() - begun < 3
    assert str(caught.value) == (
        f"The journal was locked by another process for 0.3 s: {store}. "
        "Try again; `fuser` on the file shows who holds it."
    )


def test_a_locked_store_can_be_read(store: Path) -> None:
    with open_journal(store.parent) as other, other._store.writing(), open_journal(store.parent) as journal:
        assert journal.incident(NUMBER).number == NUMBER


@pytest.mark.parametrize("size", [30, 5000])
def test_a_file_that_is_no_database_is_named(store: Path, size: int) -> None:
    store.write_bytes(b"x" * size)
    with pytest.raises(StoreError, match="damaged or is no journal") as caught:
        open_journal(store.parent)
    assert caught.value.which == str(store)
    assert "Keep the file as evidence" in caught.value.next


def test_a_damaged_page_is_told(store: Path) -> None:
    content = bytearray(store.read_bytes())
    content[4096 : 3 * 4096] = b"\xff" * (2 * 4096)
    store.write_bytes(content)
    with pytest.raises(StoreError, match="The journal is damaged"), open_journal(store.parent) as journal:
        journal.events()


def test_a_database_of_somebody_else_is_left_alone(place: Path) -> None:
    place.mkdir()
    with closing(sqlite3.connect(place / FILE_NAME)) as connection:
        connection.execute("CREATE TABLE recipes (name)")
    with pytest.raises(StoreError, match="not a journal of tuheg-ir"):
        open_journal(place)


def test_a_newer_schema_is_left_alone(store: Path) -> None:
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("PRAGMA user_version = 2")
    with pytest.raises(StoreError, match="has schema 2, this version reads 1"):
        open_journal(store.parent)


def test_a_store_that_cannot_grow_says_that_the_disk_is_full(store: Path) -> None:
    with open_journal(store.parent) as journal:
        limit = "PRAGMA max_page_count = 1"  # SQLite takes the present size
        journal._store._engine.dispose()
        event.listen(journal._store._engine, "connect", lambda connection, _: connection.execute(limit))
        with pytest.raises(StoreError, match="the disk is full") as caught:
            journal.append(NUMBER, "look", {**LOOK, "reason": "x" * 100_000}, actor="lin")
        assert "Free some space" in caught.value.next
        assert journal.verify() == []


def test_a_folder_that_is_a_file_is_told(place: Path) -> None:
    place.write_text("")
    with pytest.raises(StoreError, match="folder of the journal") as caught:
        open_journal(place)
    assert "TUHEG_IR_HOME" in caught.value.next


def test_without_a_home_the_variable_to_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TUHEG_IR_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)

    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(StoreError, match=r"Set TUHEG_IR_HOME\."):
        open_journal()


def in_a_mount_namespace(script: str, tmp_path: Path) -> dict[str, Any]:
    """Run a script where it may mount file systems of its own; return what it printed as JSON."""
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare (util-linux)")
    command = ["unshare", "--mount", "--map-root-user"]
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip("needs a mount namespace, which this machine does not give")
    head = f"""
        import json, subprocess, sys
        from pathlib import Path
        from tuheg_ir.errors import StoreError
        from tuheg_ir.journal import Opening, open_journal, record_event, spool
        disk = Path({str(tmp_path)!r}) / "disk"; disk.mkdir()
        outer = Path({str(tmp_path)!r}) / "outer" / "spool"
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(disk)], check=True)
        place = disk / "place"
        spool.spool_folders = lambda _: [place / "spool", outer]
        opening = Opening("{NUMBER}", "production", "s", "f", "P0", uid="u")
        LOOK = {LOOK!r}
        def record():
            return record_event(opening, "look", LOOK, run="r", actor="a", place=place, wait_s=0.2)
        record()
    """
    done = subprocess.run(
        [*command, sys.executable, "-c", textwrap.dedent(head) + textwrap.dedent(script)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_on_a_disk_that_is_really_full_events_go_to_the_outer_spool_and_come_back(tmp_path: Path) -> None:
    answer = in_a_mount_namespace(
        """
        filler = disk / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while file.write(b"x" * 1024): pass
            except OSError: pass
        notes = [record() for _ in range(40)]
        spooled = [n for n in notes if n.where == "spool"]
        waiting = len(list(outer.glob("*.json")))
        filler.unlink()
        with open_journal(place) as journal:
            print(json.dumps({
                "note": spooled[-1].note, "spooled": len(spooled), "waiting": waiting,
                "events": len(journal.events()), "problems": len(journal.verify()),
                "left": len(list(outer.glob("*.json"))),
            }))
        """,
        tmp_path,
    )
    assert int(answer["spooled"]) > 0
    assert int(answer["waiting"]) == int(answer["spooled"])
    assert (answer["events"], answer["problems"], answer["left"]) == (42, 0, 0)
    assert "the event waits in" in answer["note"]


def test_on_a_read_only_disk_the_error_says_so_and_events_go_to_the_outer_spool(tmp_path: Path) -> None:
    answer = in_a_mount_namespace(
        """
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        recorded = record()
        print(json.dumps({"where": recorded.where, "note": recorded.note,
                          "waiting": len(list(outer.glob("*.json")))}))
        """,
        tmp_path,
    )
    assert (answer["where"], answer["waiting"]) == ("spool", 1)
    assert "The journal cannot be" in answer["note"]
    assert "point TUHEG_IR_HOME elsewhere" in answer["note"]
