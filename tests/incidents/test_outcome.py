"""How a run ended decides the exit code, and what is told as the error."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tuheg_ir.incidents.deliver import stages_for
from tuheg_ir.incidents.outcome import FOLLOW_UP, Report, error_of, owed, reason_of, status_of
from tuheg_ir.journal import Event
from tuheg_ir.runner import PlayError, RunOutcome


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("healed", 0),
        ("nothing_to_do", 0),
        ("planned", 0),
        ("not_healed", 3),
        ("error", 4),
        ("refused", 5),
        ("unknown", 6),
        ("something new", 1),
    ],
)
def test_every_status_has_its_exit_code(status: str, code: int) -> None:
    assert Report("INC-20251105-001", status, "respond_x", {}).exit_code == code


def ended(result: dict[str, Any] | None, rc: int = 2, error: PlayError | None = None) -> RunOutcome:
    return RunOutcome(rc, "failed" if rc else "successful", result, {}, error)


def test_a_play_without_a_result_is_an_error_whatever_its_return_code() -> None:
    assert status_of(ended(None, rc=0)) == "error"
    assert status_of(ended({"status": "fine"}, rc=0)) == "error"
    assert status_of(ended({"status": "healed"}, rc=0)) == "healed"


@pytest.mark.parametrize(
    ("result", "play", "status", "error"),
    [
        ({"facts": {"error": {"what": "held", "next": "wait"}}}, None, "refused", PlayError("held", "", "wait")),
        ({}, PlayError("no hosts"), "error", PlayError("no hosts")),
        ({}, None, "error", PlayError("the play ended without a result")),
        ({}, PlayError("x"), "healed", None),
        ({}, PlayError("the last sentence"), "not_healed", None),
    ],
)
def test_the_error_is_the_plays_own_word_first(
    result: dict[str, Any], play: PlayError | None, status: str, error: PlayError | None
) -> None:
    assert error_of(ended(result, error=play), status) == error


def test_the_reason_is_that_of_the_last_action() -> None:
    assert reason_of({"actions": [{"reason": "one"}, {"reason": "two"}]}) == "two"
    assert reason_of({}) == ""


TARGET = {"key": "INC-20251105-001/1/restart_workload", "remedy": "restart_workload", "target": "Deployment/web"}


def event(kind: str, **data: Any) -> Event:
    at = datetime(2025, 11, 5, tzinfo=UTC)
    return Event(1, "INC-20251105-001", "run-1", at, "kim", kind, {**TARGET, **data}, "", "")


INTENT = event("intent", args={"temporary": True, "follow_up": "find the leak"})
HEALED = event("outcome", verdict="healed")


@pytest.mark.parametrize(
    ("events", "task"),
    [
        pytest.param([INTENT], "find the leak", id="killed before the outcome"),
        pytest.param([INTENT, HEALED], "find the leak", id="killed before the task"),
        pytest.param([INTENT, HEALED, event("followup", task="find the leak")], None, id="on record"),
        pytest.param([INTENT, event("outcome", verdict="not_healed")], None, id="it did not help"),
        pytest.param([event("intent", args={})], None, id="a lasting cure"),
        pytest.param([event("intent", args={"temporary": True})], FOLLOW_UP, id="a cure that names no task"),
        pytest.param([INTENT, event("intent", args={})], None, id="another cure came after it"),
        pytest.param([], None, id="nothing was done"),
    ],
)
def test_a_cure_that_only_buys_time_owes_a_task(events: list[Event], task: str | None) -> None:
    found = owed(events)
    assert (found["task"] if found else None) == task


@pytest.mark.parametrize(
    ("status", "acted", "stages"),
    [
        ("healed", True, ("internal_update", "user_notice", "summary")),
        ("nothing_to_do", True, ("internal_update", "user_notice", "summary")),
        ("nothing_to_do", False, ("internal_update",)),
        ("planned", False, ("internal_update",)),
        ("not_healed", False, ("internal_update", "user_notice")),
        ("refused", False, ("internal_update", "user_notice")),
    ],
)
def test_messages_fit_the_end(status: str, acted: bool, stages: tuple[str, ...]) -> None:
    assert stages_for(status, acted=acted) == stages
