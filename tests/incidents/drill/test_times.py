"""Each step is timed from the start of its phase, as the handbook's limits are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tuheg_ir.catalogue import load_catalogue
from tuheg_ir.incidents.drill.times import limits, times
from tuheg_ir.journal import Event

BROKEN = datetime(2025, 11, 5, 14, 30, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return BROKEN + timedelta(seconds=seconds)


def event(kind: str, seconds: float, run: str | None = "run-1", **data: Any) -> Event:
    return Event(1, "INC-20251105-9001", run, at(seconds), "kim", kind, data, "", "")


OPENED = event("incident_opened", 2, None)
DIAGNOSED = event("diagnosis", 5)


def outcome(seconds: float, verdict: str, settled: float | None, run: str = "run-1") -> Event:
    told = at(settled).isoformat() if settled is not None else ""
    return event("outcome", seconds, run, verdict=verdict, settled=told)


def test_each_counts_from_the_start_of_its_phase() -> None:
    events = [OPENED, DIAGNOSED, outcome(15, "not_healed", 12), outcome(30, "healed", 21.5)]
    assert times(events, "run-1", BROKEN) == {"detected": 2.0, "diagnosed": 3.0, "fixed": 16.5, "verified": 25.0}


def test_what_did_not_happen_has_no_time() -> None:
    assert times([OPENED], "run-1", BROKEN) == {"detected": 2.0, "diagnosed": None, "fixed": None, "verified": None}
    tried = times([OPENED, DIAGNOSED, outcome(9, "not_healed", 7)], "run-1", BROKEN)
    assert (tried["fixed"], tried["verified"]) == (None, None)


def test_the_second_run_is_not_counted() -> None:
    found = times([OPENED, DIAGNOSED, outcome(60, "healed", 50, run="run-2")], "run-1", BROKEN)
    assert found["verified"] is None


def test_a_cure_whose_roll_out_is_not_on_record_is_fixed_when_it_is_proven() -> None:
    found = times([OPENED, DIAGNOSED, outcome(30, "healed", None)], "run-1", BROKEN)
    assert found["fixed"] == found["verified"] == 25.0


@pytest.mark.parametrize(
    ("severity", "minutes"),
    [
        ("P0", {"detected": 5, "diagnosed": 30, "fixed": 60, "verified": 60}),
        ("P1", {"detected": None, "diagnosed": 60, "fixed": 120, "verified": 120}),
        ("P2", {"detected": None, "diagnosed": None, "fixed": None, "verified": None}),
    ],
)
def test_the_limits_are_the_handbooks(severity: str, minutes: dict[str, int | None]) -> None:
    wanted = {name: None if value is None else value * 60.0 for name, value in minutes.items()}
    assert limits(load_catalogue().severity(severity)) == wanted
