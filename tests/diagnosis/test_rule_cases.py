"""Every rule has its file of cases, in which it is seen holding and seen not holding, and each case can fail."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.diagnosis.rules import cases
from tests.diagnosis.rules.cases import Answers, DoesNotHold, Holds
from tests.diagnosis.rules.conftest import RULES, TABLES, rule_of

FOLDER = Path(cases.__file__).parent
FILES = sorted(path.stem for path in FOLDER.glob("test_*.py"))
OF_NO_RULE = {
    "test_crowded_by_an_intruder",
    "test_console_left_open",
    "test_nothing_wrong_or_known",
    "test_order_of_causes",
    "test_run_made_good",
    "test_watchers_alarms",
    "test_words",
}
CRASHES = RULES["crashes"]


def module(stem: str) -> Any:
    return import_module(f"tests.diagnosis.rules.{stem}")


def rows(stem: str) -> list[Holds | DoesNotHold | Answers]:
    return [row for table in TABLES for row in getattr(module(stem), table, [])]


def holding() -> Holds:
    found: Holds = module("test_crashes").HOLDS[0]
    return found


def test_a_files_name_is_that_of_a_rule() -> None:
    assert {rule_of(stem) for stem in FILES if stem not in OF_NO_RULE} == set(RULES)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_rule_is_seen_holding_and_deciding(rule: str) -> None:
    table = module(f"test_{rule}").HOLDS
    assert all(isinstance(row, Holds) for row in table)
    assert any(not row.believed for row in table)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_rule_is_seen_not_holding(rule: str) -> None:
    table = module(f"test_{rule}").DOES_NOT_HOLD
    assert table
    assert all(isinstance(row, DoesNotHold) for row in table)


@pytest.mark.parametrize("rule", sorted({rule_of(stem) for stem in FILES}))
def test_no_two_cases_of_a_rule_have_one_name(rule: str) -> None:
    names = [(type(row), row.what) for stem in FILES if rule_of(stem) == rule for row in rows(stem)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("stem", FILES)
def test_every_table_is_one_that_tests_are_made_of(stem: str) -> None:
    tables = [getattr(module(stem), table) for table in TABLES if hasattr(module(stem), table)]
    assert tables or any(name.startswith("test_") for name in vars(module(stem)))
    assert all(isinstance(table, list) for table in tables)


def test_every_row_of_a_table_is_a_test() -> None:
    few = ("test_crashes", "test_order_of_causes", "test_alert_without_trouble__waiting")
    files = [str(FOLDER / f"{stem}.py") for stem in few]
    command = (sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *files)
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    collected = [line for line in told if any(f"::{table.lower()}[" in line for table in TABLES)]
    assert len(collected) == sum(len(rows(stem)) for stem in few)


WRONG: dict[str, dict[str, Any]] = {
    "component": {"found": ("Deployment/cart", "service_crash", "page_human")},
    "cause": {"found": ("Deployment/shop", "code_defect", "page_human")},
    "remedy": {"found": ("Deployment/shop", "service_crash", "restart_workload")},
    "target": {"target": "Deployment/cart"},
    "excluded": {"excludes": [("isolate_workload", "Deployment/shop")]},
    "believed": {"believed": "crash_later"},
    "harmful": {"harmful": ["page_human"]},
    "sure": {"sure": (0.9, 1.0)},
    "began": {"began": 1},
}


@pytest.mark.parametrize("part", sorted(WRONG))
def test_a_case_fails_where_a_part_of_the_answer_is_another(part: str) -> None:
    holding().judge(CRASHES)
    with pytest.raises(AssertionError):
        replace(holding(), **WRONG[part]).judge(CRASHES)


def test_a_case_fails_where_the_rule_does_not_hold() -> None:
    near = module("test_crashes").DOES_NOT_HOLD[0]
    with pytest.raises(AssertionError):
        Holds("", near.world, holding().found).judge(CRASHES)


def test_a_near_miss_fails_where_the_rule_holds_or_another_answer_is_given() -> None:
    near = module("test_crashes").DOES_NOT_HOLD[0]
    for wrong in (DoesNotHold("", holding().world), replace(near, instead=("no_fault", "page_human"))):
        with pytest.raises(AssertionError):
            wrong.judge(CRASHES)


def test_a_near_miss_that_says_nothing_of_the_answer_fails_where_somebody_is_told_to_act() -> None:
    acts = module("test_errors_since_release").HOLDS[0].world
    DoesNotHold("", acts, ("code_defect", "rollback_workload")).judge(CRASHES)
    with pytest.raises(AssertionError):
        DoesNotHold("", acts).judge(CRASHES)


@pytest.mark.parametrize("wrong", [{"also": ()}, {"right": []}, {"sure": (0.9, 1.0)}, {"tells": "elsewhere"}])
def test_an_answer_of_all_rules_fails_where_it_is_another(wrong: dict[str, Any]) -> None:
    two: Answers = module("test_order_of_causes").ANSWERS[-1]
    two.judge()
    with pytest.raises(AssertionError):
        replace(two, **wrong).judge()
