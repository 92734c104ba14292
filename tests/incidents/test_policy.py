"""What is decided about an incident and its runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tuheg_ir.errors import UsageError
from tuheg_ir.incidents import Order, extra_vars, policy
from tuheg_ir.incidents.order import DECIDED
from tuheg_ir.journal import Incident, Run

AT = datetime(2025, 11, 5, 14, 30, tzinfo=UTC)


def run(number: int, status: str, *, check: bool = False) -> Run:
    return Run(f"run-{number}", "respond_memory_leak", AT, status=status, check=check)


def incident(*runs: Run, **changes: Any) -> Incident:
    made = Incident("uid-1", "INC-20251105-001", "lab", "P1", "memory-leak", drill=False, opened_at=AT, actor="kim")
    return replace(made, runs=runs, **changes)


@pytest.mark.parametrize(
    ("known", "ill", "attempt"),
    [
        pytest.param(incident(), True, 1, id="a new one"),
        pytest.param(incident(run(1, "not_healed")), True, 1, id="still open: what was done stays done"),
        pytest.param(incident(run(1, "interrupted")), True, 1, id="stopped: the same attempt goes on"),
        pytest.param(incident(run(1, "healed")), False, 1, id="healed and well"),
        pytest.param(incident(run(1, "healed")), True, 2, id="healed and ill again"),
        pytest.param(incident(run(1, "nothing_to_do"), attempt=4), True, 5, id="was well, is ill now"),
        pytest.param(incident(run(1, "not_healed"), closed=True), True, 2, id="closed and ill again"),
        pytest.param(incident(run(1, "healed"), run(2, "planned", check=True)), True, 2, id="plans do not count"),
        pytest.param(incident(run(1, "healed"), run(2, "not_healed")), True, 1, id="a later run failed"),
    ],
)
def test_the_attempt_rises_only_when_what_was_over_is_ill_again(known: Incident, ill: bool, attempt: int) -> None:
    assert policy.attempt_for(known, ill=ill) == attempt


def test_dead_runs_are_those_after_the_last_end() -> None:
    known = incident(run(1, "interrupted"), run(2, "refused"), run(3, "running"), run(4, "interrupted"))
    assert [r.id for r in policy.dead_runs(known)] == ["run-3", "run-4"]
    assert policy.holders(known) == "INC-20251105-001/run-3,INC-20251105-001/run-4"


def test_an_incident_whose_runs_all_ended_has_no_dead_run() -> None:
    assert policy.dead_runs(incident(run(1, "running"), run(2, "healed"))) == ()
    assert policy.holders(incident(run(1, "healed"))) == ""


@pytest.mark.parametrize("name", sorted(DECIDED))
def test_what_the_wrapper_decides_cannot_be_given_with_e(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        extra_vars([f"{name}=x"])
    assert caught.value.what == f"-e cannot set {name}"
    assert caught.value.next


@pytest.mark.parametrize("pair", ["ir_lock_wait_s", "=5", "a b=1", "1x=2", "@file"])
def test_a_malformed_extra_variable_is_named(pair: str) -> None:
    with pytest.raises(UsageError, match="-e takes NAME=VALUE"):
        extra_vars([pair])


def test_extra_variables_keep_their_text() -> None:
    assert extra_vars(["ir_lock_wait_s=60", "note=a=b", "empty="]) == {
        "ir_lock_wait_s": "60",
        "note": "a=b",
        "empty": "",
    }


def test_the_wrappers_own_variables_win() -> None:
    order = Order("memory-leak", "P0", Path("inv"), "lab", "kim", approved_by="kim", extra={"note": "x"})
    given = policy.variables(order, incident(run(1, "running")), run="run-2", service="web", attempt=3)
    assert given == {
        "note": "x",
        "ir_cluster": "lab",
        "ir_incident": "INC-20251105-001",
        "ir_incident_uid": "uid-1",
        "ir_attempt": 3,
        "ir_run": "run-2",
        "ir_severity": "P0",
        "ir_fault": "memory-leak",
        "ir_service": "web",
        "ir_actor": "kim",
        "ir_approved_by": "kim",
        "ir_lock_takeover": "INC-20251105-001/run-1",
    }


def test_values_of_unknown_names_never_reach_the_journal() -> None:
    assert policy.recordable({"ir_lock_wait_s": "60", "password": "s3cr3t", "a": "1"}) == {
        "ir_lock_wait_s": "60",
        "not_recorded": ["a", "password"],
    }
