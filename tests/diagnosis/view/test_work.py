"""How much of its former work a pod does."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pytest

from tests.diagnosis.rules.tiny import figure, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Series
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.work import work_of, work_of_all


def seen(figures: Iterable[tuple[str, Series]]) -> View:
    return View(snapshot(workload("shop", pods=2), figures=figures))


def used(number: int, before: float, now: float) -> tuple[str, Series]:
    return figure("cpu_share", before, now, pod=pod("shop", number))


@pytest.mark.parametrize(
    ("before", "now", "left"),
    [(0.4, 0.1, 0.25), (0.1, 0.4, 4.0), (0.4, 0.0, 0.0), (0.0, 0.4, math.inf), (0.0, 0.0, math.inf)],
    ids=["a quarter of it", "four times it", "nothing", "it did nothing before", "it never did anything"],
)
def test_what_is_left_of_the_work_of_a_pod(before: float, now: float, left: float) -> None:
    work = work_of(seen([used(0, before, now)]), pod("shop"))
    assert work is not None
    assert work.left == pytest.approx(left)


def test_of_whom_nothing_is_measured_nobody_knows_what_is_left() -> None:
    view = seen([used(0, 0.4, 0.1)])
    assert work_of(view, pod("shop", 1)) is None
    assert work_of(view, pod("shop"), "request_rate_by_pod") is None


def test_all_are_known_or_none() -> None:
    one, both = seen([used(0, 0.4, 0.1)]), seen([used(0, 0.4, 0.1), used(1, 0.4, 0.4)])
    assert work_of_all(one, one.workloads["Deployment/shop"]) == {}
    assert set(work_of_all(both, both.workloads["Deployment/shop"])) == {pod("shop"), pod("shop", 1)}
