"""The arithmetic of the benchmarks."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.measure import Contender, compare, figures, measure, table


def test_every_contender_runs_once_a_round() -> None:
    calls: list[tuple[str, int]] = []

    def contender(name: str) -> Contender:
        return Contender(name, lambda number: calls.append((name, number)))

    seconds = measure([contender(name) for name in "abc"], 4, random.Random(1))
    assert sorted(calls) == [(name, number) for name in "abc" for number in range(4)]
    assert {name: len(values) for name, values in seconds.items()} == {"a": 4, "b": 4, "c": 4}


def test_a_contender_that_fails_stops_the_measurement() -> None:
    def broken(_: int) -> None:
        raise RuntimeError("no cluster")

    with pytest.raises(RuntimeError, match="no cluster"):
        measure([Contender("broken", broken)], 1, random.Random(1))


@given(st.lists(st.floats(0.001, 1000), min_size=1), st.floats(0.001, 1000))
def test_the_ratio_is_of_medians(values: list[float], factor: float) -> None:
    rows = {row.name: row for row in compare({"base": values, "other": [v * factor for v in values]}, "base")}
    assert rows["base"].ratio == 1
    assert rows["other"].ratio == pytest.approx(factor)
    assert rows["other"].least <= rows["other"].median <= rows["other"].most


@pytest.mark.parametrize(("goal", "word"), [(2.0, "met"), (1.99, "MISSED")])
def test_a_goal_is_met_or_missed(goal: float, word: str) -> None:
    rows = compare({"kubectl": [1.0], "ours": [2.0]}, "kubectl")
    lines = table("reads", rows, {"ours": goal}).splitlines()
    assert lines[-1].endswith(f"goal {goal:.2f}: {word}")
    assert "goal" not in lines[-2]


@pytest.mark.parametrize(("goal", "word"), [(2.0, "met"), (1.99, "MISSED")])
def test_without_a_baseline_the_median_is_held_against_seconds(goal: float, word: str) -> None:
    shown = figures("the start", {"start": [9.0, 2.0, 1.0]}, {"start": goal})
    assert shown.splitlines()[-1] == f"  start   2.0000 s   1.0000 s   9.0000 s  goal {goal:g} s: {word}"
