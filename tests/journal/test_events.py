"""What events may hold: required fields are there, and named fields have their type."""

from typing import Any

import pytest

from tuheg_ir.errors import UsageError
from tuheg_ir.journal.events import KINDS, Intent, check_event, check_number, faults_of

INTENT = Intent(
    key="INC-20251105-001/1/restart",
    rung="restart",
    remedy="restart_workload",
    target="Deployment/backend-gateway",
)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("intent", INTENT),
        ("intent", {**INTENT, "class": "safe", "args": {"a": 1}}),
        ("intent", {**INTENT, "something_else": [1, 2]}),
        ("process", {"pid": 17, "start_time": 1234}),
        ("process", {"pid": 17, "start_time": 1234.5}),
        ("run_ended", {"status": "healed", "result": None}),
        ("run_ended", {"status": "healed", "result": {"schema": 1}}),
        ("incident_changed", {"reason": "more users than thought", "severity": "P0"}),
    ],
)
def test_data_that_fits_its_kind_is_taken(kind: str, data: dict[str, Any]) -> None:
    assert faults_of(kind, data) == []


@pytest.mark.parametrize(
    ("kind", "data", "fault"),
    [
        ("intent", {k: v for k, v in INTENT.items() if k != "key"}, "intent: 'key' is missing"),
        ("intent", {**INTENT, "target": None}, "intent: 'target' must be text, not None"),
        ("intent", {**INTENT, "class": 1}, "intent: 'class' must be text, not 1"),
        ("intent", {**INTENT, "args": []}, "intent: 'args' must be a mapping, not []"),
        ("process", {"pid": "17", "start_time": 1}, "process: 'pid' must be a whole number, not '17'"),
        ("process", {"pid": True, "start_time": 1}, "process: 'pid' must be a whole number, not True"),
        ("process", {"pid": 1, "start_time": "x"}, "process: 'start_time' must be a number, not 'x'"),
        (
            "look",
            {"service": "redis", "verdict": "good"},
            "look: 'verdict' must be one of healthy, unhealthy, unknown, not 'good'",
        ),
        ("run_ended", {"status": "healed", "result": 1}, "run_ended: 'result' must be a mapping or null, not 1"),
        (
            "incident_changed",
            {"reason": "x", "closed": 1},
            "incident_changed: 'closed' must be true or false, not 1",
        ),
    ],
)
def test_data_that_does_not_fit_is_named(kind: str, data: dict[str, Any], fault: str) -> None:
    assert faults_of(kind, data) == [fault]
    with pytest.raises(UsageError, match="does not fit its schema"):
        check_event(kind, data)


def test_an_unknown_kind_lists_the_kinds() -> None:
    (fault,) = faults_of("party", {})
    assert fault == f"there is no event kind 'party'; kinds are: {', '.join(KINDS)}"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_documented_and_refuses_empty_data(kind: str) -> None:
    assert (KINDS[kind].__doc__ or "").startswith(f"``{kind}``:")
    assert faults_of(kind, {}) != []


@pytest.mark.parametrize("number", ["INC-20251105-001", "INC-20251105-1000"])
def test_incident_numbers_are_taken(number: str) -> None:
    check_number(number)


@pytest.mark.parametrize(
    "number", ["", "INC-20251105-01", "inc-20251105-001", "INC-20251105-001\n", "../INC-20251105-001"]
)
def test_anything_else_is_no_incident_number(number: str) -> None:
    with pytest.raises(UsageError, match="Write it like INC-20251105-001"):
        check_number(number)
