"""How many requests a workload gets now, against what it got before."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.diagnosis.rules.tiny import NOW, series, snapshot, workload
from tuheg_ir.diagnosis.view.demand import grew_then, more_asked, requests_grew, traffic_growth
from tuheg_ir.diagnosis.view.view import View

SHOP = "Deployment/shop"
MINUTES = timedelta(minutes=1)


def asked(*steps: tuple[float, float]) -> View:
    """Return a shop whose requests a second took these values, each since so many seconds ago."""
    figures = [("request_rate", series({"component": "shop"}, *steps))] if steps else []
    return View.of(snapshot(workload("shop"), figures=figures))


@pytest.mark.parametrize(
    ("steps", "grown"),
    [
        (((3600, 10), (900, 30)), 3.0),
        (((3600, 10),), 1.0),
        (((3600, 30), (900, 10)), 1 / 3),
        (((3600, 0), (900, 10)), None),
        ((), None),
    ],
    ids=["more", "as many", "fewer", "none at first", "not measured"],
)
def test_growth_is_told_against_the_first_requests_that_are_known(
    steps: tuple[tuple[float, float], ...], grown: float | None
) -> None:
    assert traffic_growth(asked(*steps), SHOP) == (None if grown is None else pytest.approx(grown))


@pytest.mark.parametrize(
    ("steps", "more"),
    [
        (((3600, 10), (900, 16)), True),
        (((3600, 10), (900, 14)), False),
        (((3600, 20), (1800, 10), (620, 20)), True),
        (((3600, 10), (3000, 14)), False),
        ((), False),
    ],
    ids=["by far", "a little", "just then, after a quiet hour", "long before the trouble", "not measured"],
)
def test_much_more_is_asked_than_at_first_or_than_just_before_the_trouble(
    steps: tuple[tuple[float, float], ...], more: bool
) -> None:
    assert more_asked(asked(*steps), SHOP, NOW - 10 * MINUTES) == more


@pytest.mark.parametrize(("at", "grew"), [(10, True), (30, False), (3, False)], ids=["then", "before it", "after it"])
def test_growth_belongs_to_its_moment(at: int, grew: bool) -> None:
    view = asked((3600, 10), (600, 30))
    assert grew_then(view, SHOP, NOW - at * MINUTES, 5 * MINUTES, 5 * MINUTES, 2.0) == grew


def test_of_a_moment_that_nobody_knows_no_growth_is_told() -> None:
    assert requests_grew(asked((3600, 10)), SHOP, None) is None
    assert requests_grew(asked((3600, 10), (600, 30)), SHOP, NOW - 20 * MINUTES) == pytest.approx(3.0)
