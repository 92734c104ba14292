"""Opening incidents, appending events, reading them back."""

import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.journal.conftest import OPENING
from tuheg_ir.errors import RefusedError, UsageError
from tuheg_ir.journal import Incident, journal_place, open_journal
from tuheg_ir.journal.chain import GENESIS
from tuheg_ir.journal.journal import Journal

LOOK = {"service": "backend-gateway", "verdict": "unhealthy"}


def open_one(journal: Journal, **more: Any) -> Incident:
    return journal.open_incident(**{**OPENING, **more})


@pytest.mark.parametrize(
    ("environ", "place"),
    [
        ({"TUHEG_IR_HOME": "/srv/ir", "XDG_STATE_HOME": "/state"}, "/srv/ir"),
        ({"XDG_STATE_HOME": "/state"}, "/state/tuheg-ir"),
        ({"XDG_STATE_HOME": "relative", "HOME": "/home/lin"}, "/home/lin/.local/state/tuheg-ir"),
        ({"HOME": "/home/lin"}, "/home/lin/.local/state/tuheg-ir"),
    ],
)
def test_the_place_follows_the_environment(
    environ: dict[str, str], place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TUHEG_IR_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert journal_place() == Path(place)


def test_the_place_and_its_files_are_closed_to_others(place: Path) -> None:
    place.mkdir(mode=0o755)
    with open_journal(place) as journal:
        folder = journal.directory("INC-20251105-001")
    assert folder == place / "INC-20251105-001"
    assert {stat.S_IMODE(path.stat().st_mode) for path in (place, folder)} == {0o700}
    assert stat.S_IMODE((place / "journal.sqlite3").stat().st_mode) == 0o600


def test_the_store_writes_ahead_and_syncs_fully(journal: Journal) -> None:
    with journal._store.reading() as connection:
        answers = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
    assert answers == ["wal", 2]


def test_incidents_are_numbered_by_day(journal: Journal) -> None:
    day, next_day = datetime(2025, 11, 5, 23, 59, tzinfo=UTC), datetime(2025, 11, 6, tzinfo=UTC)
    numbers = [open_one(journal, at=at).number for at in (day, day, next_day, day)]
    assert numbers == ["INC-20251105-001", "INC-20251105-002", "INC-20251106-001", "INC-20251105-003"]


def test_numbers_go_on_above_999_and_above_given_ones(journal: Journal) -> None:
    day = datetime(2025, 11, 5, tzinfo=UTC)
    open_one(journal, number="INC-20251105-999")
    assert open_one(journal, at=day).number == "INC-20251105-1000"
    assert open_one(journal, at=day).number == "INC-20251105-1001"


def test_every_incident_has_a_uid_of_its_own(journal: Journal) -> None:
    uids = {open_one(journal).uid for _ in range(3)}
    assert len(uids) == 3
    assert {len(uid) for uid in uids} == {36}


def test_opening_a_number_again_returns_the_same_incident(journal: Journal, incident: Incident) -> None:
    again = open_one(journal, number=incident.number, uid=incident.uid, fault="service-crash")
    assert again == incident
    assert len(journal.events()) == 1


@pytest.mark.parametrize(
    ("other", "told"),
    [({"uid": "another"}, "not 'another'"), ({"cluster": "staging"}, "has cluster 'production', not 'staging'")],
)
def test_a_number_with_another_uid_or_cluster_is_refused(
    journal: Journal, incident: Incident, other: dict[str, str], told: str
) -> None:
    with pytest.raises(RefusedError, match="belongs to another incident") as caught:
        open_one(journal, number=incident.number, **other)
    assert told in caught.value.which
    assert len(journal.events()) == 1


def test_events_are_linked_in_one_chain_over_all_incidents(journal: Journal, incident: Incident) -> None:
    other = open_one(journal)
    journal.append(incident, "look", LOOK, run="r1", actor="lin")
    journal.append(other.number, "look", LOOK, actor="lin")
    events = journal.events()
    assert [event.seq for event in events] == [1, 2, 3, 4]
    assert [event.prev_hash for event in events] == [GENESIS, *(event.hash for event in events[:-1])]
    assert [event.seq for event in journal.events(incident.number)] == [1, 3]
    assert journal.verify() == []


def test_an_event_comes_back_as_it_was_appended(journal: Journal, incident: Incident) -> None:
    appended = journal.append(incident, "look", {**LOOK, "reason": "连接池耗尽", "n": 1.5}, run="r1", actor="林")
    assert journal.events(incident.number)[-1] == appended
    assert appended.data["reason"] == "连接池耗尽"
    assert appended.at.tzinfo is UTC


def test_secrets_never_reach_the_file(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8S_AUTH_API_KEY", "correct-horse-battery")
    with open_journal(place) as journal:
        opened = open_one(journal)
        data = {**LOOK, "reason": "postgres://app:hunter2@db said correct-horse-battery", "token": "s3cr3t"}
        journal.append(opened, "look", data, actor="lin")
    written = b"".join(path.read_bytes() for path in place.iterdir() if path.is_file())
    assert b"unhealthy" in written
    assert [secret for secret in (b"hunter2", b"correct-horse", b"s3cr3t") if secret in written] == []


def test_a_change_is_an_event_with_its_reason(journal: Journal, incident: Incident) -> None:
    recovery = datetime(2025, 11, 5, 15, 30, tzinfo=UTC)
    changed = journal.change(incident, reason="more users", actor="lin", severity="P1", expected_recovery=recovery)
    assert (changed.severity, changed.expected_recovery) == ("P1", recovery)
    event = journal.events(incident.number)[-1]
    assert (event.kind, event.data["reason"]) == ("incident_changed", "more users")


def test_unknown_incidents_and_malformed_events_are_refused(journal: Journal, incident: Incident) -> None:
    with pytest.raises(UsageError, match=r"The newest ones are: INC-20251105-001\."):
        journal.append("INC-20251105-002", "look", LOOK, actor="lin")
    for read in (journal.incident, journal.events):
        with pytest.raises(UsageError, match="no such incident"):
            read("INC-20251105-002")
    with pytest.raises(UsageError, match="does not fit its schema"):
        journal.append(incident, "look", {}, actor="lin")
    with pytest.raises(UsageError, match="not an incident number"):
        journal.directory("../elsewhere")
    assert len(journal.events()) == 1


def test_an_empty_journal_says_that_there_is_no_incident(journal: Journal) -> None:
    with pytest.raises(UsageError, match="There is none yet"):
        journal.incident("INC-20251105-001")
    assert (journal.incidents(), journal.latest_open(), journal.events()) == ([], None, [])


def test_the_latest_open_incident_is_the_one_that_something_happened_to_last(journal: Journal) -> None:
    first, second, third = (open_one(journal) for _ in range(3))
    journal.append(first, "look", LOOK, actor="lin")
    assert journal.latest_open() == journal.incident(first.number)
    journal.change(first, reason="over", actor="lin", closed=True)
    assert journal.latest_open() == third
    assert [incident.number for incident in journal.incidents()] == [
        first.number,
        second.number,
        third.number,
    ]


def test_a_journal_can_be_opened_while_it_is_open(place: Path, journal: Journal, incident: Incident) -> None:
    with open_journal(place) as other:
        other.append(incident.number, "look", LOOK, actor="lin")
    assert len(journal.events()) == 2


def test_drills_have_numbers_of_their_own(journal: Journal) -> None:
    day = datetime(2025, 11, 5, 12, tzinfo=UTC)
    numbers = [open_one(journal, at=day, drill=drill).number for drill in (True, False, True, False)]
    assert numbers == ["INC-20251105-9001", "INC-20251105-001", "INC-20251105-9002", "INC-20251105-002"]
    assert journal.next_number(day) == "INC-20251105-003"


@pytest.mark.parametrize(("last", "following"), [("8999", "9000"), ("9000", "10000"), ("10000", "10001")])
def test_a_day_with_very_many_incidents_leaves_the_drills_their_numbers(
    journal: Journal, last: str, following: str
) -> None:
    day = datetime(2025, 11, 5, 12, tzinfo=UTC)
    open_one(journal, at=day, number=f"INC-20251105-{last}")
    assert open_one(journal, at=day).number == f"INC-20251105-{following}"


def test_the_numbers_of_drills_run_out(journal: Journal) -> None:
    day = datetime(2025, 11, 5, 12, tzinfo=UTC)
    open_one(journal, at=day, number="INC-20251105-9999", drill=True)
    with pytest.raises(RefusedError, match="No more drills"):
        open_one(journal, at=day, drill=True)


def test_a_drill_is_never_the_newest_incident_that_is_open(journal: Journal) -> None:
    live = open_one(journal)
    open_one(journal, drill=True)
    newest = journal.latest_open()
    assert newest is not None
    assert newest.number == live.number


def test_events_can_be_asked_for_by_kind(journal: Journal) -> None:
    first, second = open_one(journal), open_one(journal)
    for incident in (first, second, first):
        journal.append(incident, "look", LOOK, actor="kim")
    assert [event.incident for event in journal.events(kind="look")] == [first.number, second.number, first.number]
    assert [event.kind for event in journal.events(first.number, kind="incident_opened")] == ["incident_opened"]
