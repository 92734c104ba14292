"""When the store cannot be written, events wait beside it and are appended later, in order."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.journal.conftest import OPENING
from tuheg_ir.errors import RefusedError, StoreError, UsageError
from tuheg_ir.journal import Opening, open_journal, record_event, spool
from tuheg_ir.journal.chain import stamp
from tuheg_ir.journal.journal import Journal
from tuheg_ir.journal.place import FILE_NAME

NUMBER = "INC-20251105-001"
KNOWN = Opening(NUMBER, "production", "backend-gateway", "database-connection", "P0", uid="the-uid")
INTENT = {"key": f"{NUMBER}/1/restart", "rung": "restart", "remedy": "restart_workload", "target": "x"}


def record(place: Path, n: int = 0, *, opening: Opening = KNOWN) -> Any:
    return record_event(opening, "intent", {**INTENT, "n": n}, run="r1", actor="lin", place=place, wait_s=0.1)


def block(place: Path) -> None:
    """Make the store unusable, as a damaged file does."""
    place.mkdir(mode=0o700, exist_ok=True)
    (place / FILE_NAME).write_bytes(b"this is not a database, and long enough to be read as one" * 40)


def unblock(place: Path) -> None:
    (place / FILE_NAME).unlink()


def files(place: Path) -> list[Path]:
    return [path for path, _ in spool.waiting(place)]


def test_a_usable_store_takes_the_event_and_opens_its_incident(place: Path) -> None:
    recorded = record(place)
    assert (recorded.where, recorded.uid, recorded.note) == ("store", "the-uid", "")
    with open_journal(place) as journal:
        assert [event.kind for event in journal.events(NUMBER)] == ["incident_opened", "intent"]
        assert journal.incident(NUMBER).services == ("backend-gateway",)


def test_recording_the_opening_itself_writes_one_event(place: Path) -> None:
    data = {"uid": "u", "cluster": "c", "service": "s", "fault": "f", "severity": "P0", "drill": False}
    record_event(KNOWN, "incident_opened", data, run=None, actor="lin", place=place)
    with open_journal(place) as journal:
        assert len(journal.events()) == 1


def test_an_unusable_store_sends_the_event_to_the_spool_and_says_so(place: Path) -> None:
    block(place)
    recorded = record(place)
    assert (recorded.where, recorded.uid) == ("spool", "the-uid")
    assert "The journal is damaged" in recorded.note
    assert str(place / "spool") in recorded.note
    (file,) = files(place)
    assert file.parent == place / "spool"
    assert file.stat().st_mode & 0o777 == 0o600


def test_waiting_events_are_appended_in_order_with_their_own_time(place: Path) -> None:
    block(place)
    for n in range(3):
        record(place, n)
    times = [event.at for _, event in spool.waiting(place) if event]
    unblock(place)
    with open_journal(place) as journal:
        opened, *events = journal.events(NUMBER)
        assert journal.verify() == []
    assert opened.kind == "incident_opened"
    assert [event.data["n"] for event in events] == [0, 1, 2]
    assert [event.data["spooled"]["at"] for event in events] == times
    assert [stamp(event.happened_at) for event in events] == times
    assert all(event.at > event.happened_at for event in events)
    assert files(place) == []


def test_a_journal_that_is_open_takes_over_what_waits_before_it_writes(place: Path, journal: Journal) -> None:
    opened = journal.open_incident(number=NUMBER, uid="the-uid", **OPENING)  # type: ignore[arg-type]
    event = spool.Spooled("1", KNOWN, "r1", "2025-11-05T14:30:00.000000Z", "lin", "intent", INTENT)
    spool.spool(place, event)
    journal.append(opened, "look", {"service": "s", "verdict": "unknown"}, actor="lin")
    assert [event.kind for event in journal.events()] == ["incident_opened", "intent", "look"]


def test_an_event_taken_over_by_a_process_that_died_before_tidying_up_is_not_taken_twice(place: Path) -> None:
    block(place)
    record(place)
    (file,) = files(place)
    kept = file.read_bytes()
    unblock(place)
    with open_journal(place) as journal:
        file.write_bytes(kept)
        assert journal.take_over_spool() == 1
        assert [event.kind for event in journal.events()] == ["incident_opened", "intent"]
    assert files(place) == []


def test_without_a_uid_all_events_of_an_incident_share_one(place: Path) -> None:
    block(place)
    nameless = Opening(NUMBER, "production", "s", "f", "P0")
    first, second = record(place, opening=nameless), record(place, opening=nameless)
    assert first.uid == second.uid
    unblock(place)
    with open_journal(place) as journal:
        assert journal.incident(NUMBER).uid == first.uid


def test_a_locked_store_still_tells_the_uid_of_an_incident_that_it_knows(place: Path) -> None:
    with open_journal(place) as journal:
        known = journal.open_incident(number=NUMBER, **OPENING)  # type: ignore[arg-type]
        with journal._store.writing():
            recorded = record(place, opening=Opening(NUMBER, "production", "s", "f", "P0"))
    assert (recorded.where, recorded.uid) == ("spool", known.uid)
    assert "locked by another process for 0.1 s" in recorded.note


def test_a_full_or_closed_folder_sends_events_to_the_outer_spool(place: Path, tmp_path: Path) -> None:
    place.write_text("a file where the folder should be")
    assert record(place).where == "spool"
    (file,) = files(place)
    assert file.parent == tmp_path / "outside" / "spool"


def test_when_nothing_takes_the_event_the_error_names_every_place(place: Path, tmp_path: Path) -> None:
    for blocked in (place, tmp_path / "outside"):
        blocked.write_text("a file where the folder should be")
    with pytest.raises(StoreError, match="Neither the journal nor a spool can be written") as caught:
        record(place)
    assert str(place / "spool") in caught.value.which
    assert str(tmp_path / "outside" / "spool") in caught.value.which


@pytest.mark.parametrize("mode", [0o777, 0o720])
def test_a_folder_that_others_can_write_is_not_trusted(place: Path, tmp_path: Path, mode: int) -> None:
    block(place)
    (place / "spool").mkdir()
    (place / "spool").chmod(mode)
    record(place)
    assert [file.parent for file in files(place)] == [tmp_path / "outside" / "spool"]


def test_a_link_in_place_of_the_spool_is_not_followed(place: Path, tmp_path: Path) -> None:
    block(place)
    (tmp_path / "trap").mkdir(mode=0o700)
    (place / "spool").symlink_to(tmp_path / "trap")
    record(place)
    assert os.listdir(tmp_path / "trap") == []  # noqa: PTH208


def test_secrets_do_not_reach_the_spool(place: Path) -> None:
    block(place)
    record_event(
        KNOWN, "intent", {**INTENT, "args": {"password": "hunter2"}}, run="r", actor="lin", place=place, wait_s=0
    )
    assert b"hunter2" not in files(place)[0].read_bytes()


def test_a_number_of_another_incident_is_refused_not_spooled(place: Path) -> None:
    record(place)
    with pytest.raises(RefusedError):
        record(place, opening=Opening(NUMBER, "production", "s", "f", "P0", uid="another"))
    assert files(place) == []


@pytest.mark.parametrize(("kind", "number"), [("party", NUMBER), ("intent", "../x")])
def test_malformed_events_are_refused_not_spooled(place: Path, kind: str, number: str) -> None:
    block(place)
    with pytest.raises(UsageError):
        record_event(Opening(number, "c", "s", "f", "P0"), kind, INTENT, run="r", actor="lin", place=place, wait_s=0)
    assert files(place) == []


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        "{}",
        '{"id": "1", "opening": {}, "run": null, "at": "", "actor": "a", "kind": "look", "data": {}}',
    ],
)
def test_a_foreign_file_in_the_spool_stays_there_and_stops_nothing(place: Path, content: str) -> None:
    record(place)
    (place / "spool").mkdir(mode=0o700)
    foreign = place / "spool" / "0.json"
    foreign.write_text(content)
    assert record(place).where == "store"
    assert files(place) == [foreign]


def test_an_opening_that_could_not_be_written_later_is_refused_now(place: Path) -> None:
    block(place)
    with pytest.raises(UsageError, match="'cluster' must be text, not None"):
        record(place, opening=Opening(NUMBER, None, "s", "f", "P0"))  # type: ignore[arg-type]
    assert files(place) == []


@settings(max_examples=20, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=6))
def test_however_store_and_spool_alternate_the_order_is_kept(
    tmp_path_factory: pytest.TempPathFactory, usable: list[bool]
) -> None:
    root = tmp_path_factory.mktemp("alternate")
    folders = [root / "place" / "spool", root / "outside" / "spool"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spool, "spool_folders", lambda _place: folders)
        with open_journal(root / "place") as journal:
            for n, free in enumerate(usable):
                if free:
                    record(root / "place", n)
                else:
                    with journal._store.writing():
                        record_event(
                            KNOWN, "intent", {**INTENT, "n": n}, run="r", actor="a", place=root / "place", wait_s=0
                        )
            journal.take_over_spool()
            found = [event.data["n"] for event in journal.events() if event.kind == "intent"]
    assert found == list(range(len(usable)))
