"""A drill is named by scenario, by fault or by file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import layout
from tuheg_ir.catalogue import load_catalogue
from tuheg_ir.errors import UsageError
from tuheg_ir.incidents.drill import DrillOrder, choose, choose_all
from tuheg_ir.project import find_project
from tuheg_ir.sim.scenario import Scenario, scenarios

GOOD = """\
title: {en: Ours, zh: 我们的}
fault: high-error-rate
expected: {exit: 0, status: nothing_to_do}
allowed: []
"""


def chosen(word: str) -> Scenario:
    return choose(load_catalogue(), find_project(layout.ROOT), word, "sim")


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("database-connection", "leaked-transactions"),
        ("response-timeout", "cpu-starvation"),
        ("high-error-rate", "bad-release"),
        ("memory-leak", "memory-leak"),
        ("service-crash", "crash-at-start"),
        ("foreign-sessions", "foreign-sessions"),
    ],
)
def test_a_fault_is_drilled_with_the_first_scenario_that_ends_healed(word: str, name: str) -> None:
    assert chosen(word).name == name


def test_every_fault_of_the_catalogue_can_be_drilled() -> None:
    assert {chosen(fault).fault for fault in load_catalogue().faults} == set(load_catalogue().faults)


def test_all_is_all() -> None:
    assert choose_all(find_project(layout.ROOT), "sim") == list(scenarios().values())


def test_a_team_drills_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "ours.yml").write_text(GOOD, encoding="utf-8")
    assert chosen(str(tmp_path / "ours.yml")).name == "ours"


@pytest.mark.parametrize(
    ("text", "what", "where"),
    [
        (None, "The scenario file cannot be read", "No such file"),
        (GOOD.replace("fault: high-", "fault: hi-"), "fault 'hi-error-rate' is not in the catalogue", "own.yml"),
        (GOOD + "minuts: 3\n", "minuts is not a field of scenarios", "own.yml, line 5"),
    ],
)  # fmt: skip
def test_a_file_that_is_wrong_is_named(text: str | None, what: str, where: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "own.yml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as refused:
        chosen(str(tmp_path / "own.yml"))
    assert refused.value.what == what
    assert where in refused.value.which
    assert refused.value.next


def test_an_unknown_word_lists_what_there_is() -> None:
    with pytest.raises(UsageError) as refused:
        chosen("bad-relase")
    assert refused.value.what == "There is no scenario and no fault 'bad-relase'"
    assert refused.value.next.startswith("Did you mean bad-release")
    assert "? The scenarios are: bad-release, cpu-starvation," in refused.value.next


@pytest.mark.parametrize(("asked", "pace"), [(None, 3.0), (1.0, 1.0), (0.5, 0.5), (50.0, 3.0)])
def test_a_scenario_is_never_faster_than_it_bears(asked: float | None, pace: float) -> None:
    assert DrillOrder(scenarios()["memory-leak"], "P0", "kim", speed=asked).pace == pace
