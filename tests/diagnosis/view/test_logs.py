"""What lines tell: since when a trouble goes on, and that a number alone is no error code."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.diagnosis.rules.tiny import NOW, at, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log
from tuheg_ir.diagnosis.view import View

FULL = "FATAL:  sorry, too many clients already"


def began(*ages: float) -> float:
    """Return for how many seconds a trouble goes on that was told so many seconds ago."""
    told = Log(pod("shop"), "shop", tuple(f"{at(age)} {FULL}" for age in ages))
    (hit,) = View(snapshot(workload("shop"), logs=[told])).hits_of("Deployment/shop", "database_full")
    assert hit.first is not None
    assert hit.last == NOW - timedelta(seconds=min(ages))
    return (NOW - hit.first).total_seconds()


@pytest.mark.parametrize(
    ("ages", "since"),
    [
        ([600, 590, 580, 40, 30, 20, 10], 40),
        ([600, 590, 580, 20, 10], 600),
        ([600, 40, 30, 20, 10], 40),
        ([600, 450, 300, 150, 0], 600),
        ([900, 899, 898, 897, 600, 599, 598, 597, 30, 29, 28, 27], 30),
        ([100, 90, 9, 8, 7, 6], 100),
        ([10], 10),
    ],
    ids=[
        "told again after minutes of silence",
        "too few lines to say that it came anew",
        "one old line",
        "told as seldom as ever",
        "the third time",
        "a silence of a minute",
        "one line",
    ],
)
def test_a_trouble_goes_on_since_it_was_last_silent(ages: list[float], since: float) -> None:
    assert began(*ages) == since


@pytest.mark.parametrize(
    ("line", "trouble"),
    [
        ("INFO GET /products/25006 200 9ms", ""),
        ("INFO order 53300 paid", ""),
        ("INFO shipment 42703 priced", ""),
        ("ERROR cannot write (SQLSTATE 25006)", "read_only_database"),
        ("ERROR: 25006: cannot execute that", "read_only_database"),
        ('{"code": "53300"}', "database_full"),
        ("[42703] column missing", "schema"),
    ],
)
def test_a_number_alone_is_no_error_code(line: str, trouble: str) -> None:
    found = View(snapshot(workload("shop"), logs=[log(pod("shop"), line)])).hits
    assert {hit.trouble for hit in found} == ({trouble} if trouble else set())
