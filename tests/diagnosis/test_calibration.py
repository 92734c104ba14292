"""A confidence is worth what it says, measured on all cases and on what is left of them without evidence.

What asks all of them is slow: it runs where the same answers are asked for anyway.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import pytest

from tests import layout
from tests.diagnosis.calibration import (
    Said,
    answered,
    bins,
    brier,
    calibration_error,
    report,
    share_right,
)
from tests.diagnosis.corpus import HALVES, cases

pytestmark = pytest.mark.corpus

SURE, RIGHT_WHEN_SURE = 0.8, 0.95
"""An answer so sure is right 19 times out of 20."""
LIKELY, RIGHT_WHEN_LIKELY = 0.6, 0.9
MOST_ERROR = {"tuning": 0.2, "validation": 0.12}
"""The half that rules are tuned on is answered better than anybody may count on: there they say too little.

Of the other half too, more answers are right than they say; each that comes to be right widens that. It was 0.11 before
nine of ten of its cases were decided right. What would mislead is bounded by MOST_CLAIMED.
"""
MOST_CLAIMED = 0.03
"""How far answers may say too much: the part of the error that would make a responder trust what is wrong."""
MOST_BRIER = 0.14
SLACK = 0.03
"""By so much a bin may be right less often than the one below it: a bin holds a few dozen answers."""


@cache
def said() -> tuple[Said, ...]:
    if not all(cases(half) for half in HALVES):
        pytest.skip("a half of the cases is not in this checkout: one alone says nothing of the others")
    return tuple(answered(cases()))


def claimed_too_much(found: list[Said]) -> float:
    """Return the part of the calibration error that comes of bins which say more than is right."""
    over = (len(each.said) * max(0.0, each.confidence - share_right(each.said)) for each in bins(found))
    return sum(over) / len(found)


def of(confidence: float, *right: bool) -> list[Said]:
    return [Said(confidence, each, "tuning") for each in right]


@pytest.mark.slow
def test_the_surer_the_answers_the_more_of_them_are_right() -> None:
    for lower, higher in pairwise(bins(said())):
        assert share_right(higher.said) >= share_right(lower.said) - SLACK, (lower.low, higher.low)
    assert share_right(bins(said())[-1].said) >= share_right(bins(said())[0].said) + 0.5


@pytest.mark.slow
@pytest.mark.parametrize(("least", "right"), [(SURE, RIGHT_WHEN_SURE), (LIKELY, RIGHT_WHEN_LIKELY)])
def test_what_is_surely_said_is_right(least: float, right: float) -> None:
    assert share_right(each for each in said() if each.confidence >= least) >= right


@pytest.mark.slow
@pytest.mark.parametrize("half", HALVES)
def test_what_is_said_is_near_to_what_comes(half: str) -> None:
    mine = [each for each in said() if each.half == half]
    assert calibration_error(mine) <= MOST_ERROR[half]
    assert claimed_too_much(mine) <= MOST_CLAIMED
    assert brier(mine) <= MOST_BRIER


@pytest.mark.slow
def test_the_table_in_the_document_is_what_comes() -> None:
    page = (layout.ROOT / "docs" / "diagnosis.md").read_text(encoding="utf-8")
    table = page.split("<!-- table:calibration -->\n")[1].split("\n<!-- /table:calibration -->")[0]
    assert table == report(said()), "make docs writes it anew"


def test_answers_are_sorted_by_what_they_say() -> None:
    found = bins([*of(0.2, True), *of(0.21, False), *of(0.4, True), *of(1.0, True)])
    assert [(each.low, each.high, len(each.said)) for each in found] == [(0.0, 0.2, 1), (0.2, 0.4, 2), (0.8, 1.0, 1)]


def test_who_says_what_comes_has_no_error() -> None:
    well = [*of(0.75, True, True, True, False), *of(0.25, False, False, False, True)]
    assert calibration_error(well) == pytest.approx(0.0)
    assert brier(well) == pytest.approx(0.1875)


def test_who_is_surely_wrong_has_much() -> None:
    assert calibration_error(of(0.9, False, False)) == pytest.approx(0.9)
    assert brier(of(0.9, False)) == pytest.approx(0.81)
    assert calibration_error(of(0.9, False)) > calibration_error(of(0.1, False))


def test_the_report_tells_sums_and_no_case() -> None:
    told = report([*of(0.9, True, True), Said(0.5, right=False, half="validation")])
    assert "| 0.8 to 1.0 | 2 | 0.90 | 100% | 100% |  |" in told
    assert "| all | 3 | 67% |" in told
    assert not any(case.name in told for case in cases())


def test_too_much_is_claimed_only_where_more_is_said_than_is_right() -> None:
    assert claimed_too_much([*of(0.5, True), *of(0.9, True)]) == 0
    assert claimed_too_much(of(0.9, True, False)) == pytest.approx(0.4)
