"""The state of an incident follows from its events alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuheg_ir.journal import Event, Followup, Incident, Process, fold
from tuheg_ir.journal.chain import stamp

START = datetime(2025, 11, 5, 14, 30, tzinfo=UTC)
OPENED = {
    "uid": "u",
    "cluster": "production",
    "service": "backend-gateway",
    "fault": "database-connection",
    "severity": "P1",
    "drill": False,
}


def tell(*steps: tuple[str, dict[str, Any]] | tuple[str, dict[str, Any], str]) -> Incident:
    """Fold an opening and these steps, one a minute; a step is kind, data and perhaps its run."""
    events = []
    for n, (kind, data, *run) in enumerate([("incident_opened", OPENED), *steps]):
        at = START + timedelta(minutes=n)
        events.append(Event(n + 1, "INC-20251105-001", run[0] if run else None, at, "lin", kind, data, "", ""))
    return fold(events)


def started(run: str, **more: Any) -> tuple[str, dict[str, Any], str]:
    data = {"playbook": "respond_database_connection", "service": "backend-gateway", **more}
    return ("run_started", data, run)


def ended(run: str, status: str, **more: Any) -> tuple[str, dict[str, Any], str]:
    return ("run_ended", {"status": status, **more}, run)


def test_an_opened_incident_is_open_and_knows_what_it_was_told() -> None:
    incident = tell()
    assert incident == Incident(
        uid="u",
        number="INC-20251105-001",
        cluster="production",
        severity="P1",
        fault="database-connection",
        drill=False,
        opened_at=START,
        actor="lin",
        services=("backend-gateway",),
    )
    assert incident.open
    assert (incident.last_run, incident.last_result) == (None, None)


def test_stated_changes_replace_what_was_known() -> None:
    incident = tell(
        (
            "incident_changed",
            {
                "reason": "half of the users",
                "severity": "P0",
                "fault": "service-crash",
                "attempt": 2,
                "users": "~50%",
                "impact": "API",
                "owner": "@dba",
                "expected_recovery": "2025-11-05T15:30:00Z",
            },
        ),
        ("incident_changed", {"reason": "counted", "users": "~60%"}),
    )
    assert (incident.severity, incident.fault, incident.attempt) == ("P0", "service-crash", 2)
    assert (incident.users, incident.impact, incident.owner) == ("~60%", "API", "@dba")
    assert incident.expected_recovery == datetime(2025, 11, 5, 15, 30, tzinfo=UTC)


def test_a_run_is_running_until_its_end_is_on_record() -> None:
    incident = tell(started("r1", pid=7, start_time=70, attempt=2), ("process", {"pid": 8, "start_time": 80}, "r1"))
    (run,) = incident.runs
    assert (run.status, run.finished, run.attempt, run.check) == ("running", False, 2, False)
    assert run.processes == (Process(7, 70), Process(8, 80))
    assert incident.attempt == 2
    assert incident.open


def test_a_start_told_twice_is_one_run() -> None:
    incident = tell(started("r1", pid=7, start_time=70), started("r1", playbook="other", pid=8, start_time=80))
    (run,) = incident.runs
    assert run.playbook == "respond_database_connection"
    assert [process.pid for process in run.processes] == [7, 8]


@pytest.mark.parametrize(
    ("status", "still_open"),
    [
        ("healed", False),
        ("nothing_to_do", False),
        ("planned", True),
        ("not_healed", True),
        ("unknown", True),
        ("refused", True),
        ("error", True),
    ],
)
def test_only_a_good_end_is_an_end(status: str, *, still_open: bool) -> None:
    incident = tell(started("r1"), ended("r1", status, result={"status": status}))
    assert incident.open is still_open
    assert incident.runs[0].status == status
    assert incident.last_result == {"status": status}


def test_a_plan_closes_nothing() -> None:
    assert tell(started("r1", check=True), ended("r1", "nothing_to_do")).open


def test_an_interrupted_run_leaves_the_incident_open() -> None:
    incident = tell(started("r1"), ("interrupted", {"reason": "Ctrl-C"}, "r1"))
    assert incident.runs[0].status == "interrupted"
    assert incident.runs[0].finished
    assert incident.open


def test_an_orphan_that_ends_after_the_interruption_has_the_last_word() -> None:
    incident = tell(started("r1"), ("interrupted", {"reason": "killed"}, "r1"), ended("r1", "healed", result={"a": 1}))
    assert incident.runs[0].status == "healed"
    assert not incident.open


def test_an_end_without_result_keeps_the_result_already_there() -> None:
    incident = tell(started("r1"), ended("r1", "healed", result={"a": 1}), ended("r1", "healed"))
    assert incident.last_result == {"a": 1}


def test_a_new_run_reopens_what_was_closed() -> None:
    closed = ("incident_changed", {"reason": "over", "closed": True})
    assert not tell(closed).open
    assert tell(closed, started("r2")).open


def test_services_are_those_of_the_opening_and_of_all_runs() -> None:
    incident = tell(started("r1", service="postgres"), started("r2", service="postgres"))
    assert incident.services == ("backend-gateway", "postgres")


def test_follow_ups_are_listed_once() -> None:
    task = ("followup", {"task": "find the leak", "target": "backend-gateway"})
    assert tell(task, task).followups == (
        Followup("find the leak", START + timedelta(minutes=1), target="backend-gateway"),
    )


def test_an_event_that_waited_in_the_spool_counts_from_when_it_happened() -> None:
    before = START - timedelta(minutes=9)
    waited = ("run_started", {"playbook": "p", "service": "s", "spooled": {"id": "1", "at": stamp(before)}}, "r1")
    assert tell(waited).runs[0].started_at == before


def test_events_of_runs_that_nobody_started_are_passed_over() -> None:
    assert tell(ended("ghost", "healed"), ("process", {"pid": 1, "start_time": 1}, "ghost")).runs == ()


def test_a_record_that_does_not_begin_with_its_opening_is_refused() -> None:
    event = Event(5, "INC-20251105-001", None, START, "lin", "look", {}, "", "")
    with pytest.raises(ValueError, match="event 5 of INC-20251105-001 is look"):
        fold([event])
    with pytest.raises(ValueError, match="no events"):
        fold([])


KINDS = ["run_started", "run_ended", "process", "interrupted", "followup", "incident_changed", "look", "x"]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(KINDS),
            st.dictionaries(st.sampled_from(["task", "status", "service", "playbook", "reason"]), st.text()),
            st.sampled_from(["r1", "r2"]),
        )
    )
)
def test_missing_fields_never_stop_the_fold(steps: list[tuple[str, dict[str, Any], str]]) -> None:
    assert tell(*steps).number == "INC-20251105-001"
