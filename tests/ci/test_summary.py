"""The last lines of `make test` tell the truth about every run."""

from __future__ import annotations

from pathlib import Path

import pytest
from check import Gate, Result
from summary import Case, cases, summary

REPORT = """<testsuites><testsuite>
<testcase classname="tests.test_a" name="test_good" time="0.5" />
<testcase classname="tests.test_a" name="test_bad" time="2.0"><failure message="no">trace</failure></testcase>
<testcase classname="tests.test_a" name="test_broken" time="0.0"><error message="no fixture">trace</error></testcase>
<testcase classname="tests.test_a" name="test_left" time="0.0"><skipped message="needs root" /></testcase>
</testsuite></testsuites>"""


def result(name: str, code: int) -> Result:
    return Result(Gate(name, ("true",)), code, 1.0, "")


def case(outcome: str, *, run: str = "pytest-main", seconds: float = 0.0, reason: str = "") -> Case:
    return Case(run, f"test_{outcome}_{seconds:g}", seconds, outcome, reason)


def last(results: list[Result], found: list[Case]) -> str:
    return summary(results, found, [], 3.0).splitlines()[-1]


def test_a_junit_report_becomes_cases(tmp_path: Path) -> None:
    (tmp_path / "pytest-main.xml").write_text(REPORT)
    found = cases([tmp_path / "pytest-main.xml", tmp_path / "absent.xml"])
    assert [one.outcome for one in found] == ["passed", "failed", "failed", "skipped"]
    assert found[1] == Case("pytest-main", "tests.test_a::test_bad", 2.0, "failed", "no")


def test_gates_and_tests_are_counted_together() -> None:
    results = [result("pytest-main", 0), result("ruff", 0), result("lab-up", 0)]
    assert last(results, [case("passed")]) == "==== 0 failed, 3 passed in 3.00s ===="


def test_a_failed_test_counts_once_though_its_run_failed_too() -> None:
    line = last([result("pytest-main", 1)], [case("failed"), case("passed"), case("skipped")])
    assert line == "==== 1 failed, 1 passed, 1 skipped in 3.00s ===="


@pytest.mark.parametrize("code", [2, 3, 4, 5])
def test_a_run_that_ended_without_a_failed_test_is_a_failure(code: int) -> None:
    """5: nothing collected; 2: a file that cannot be imported, or interrupted."""
    assert last([result("pytest-main", code)], []).startswith("==== 1 failed")


def test_a_failed_gate_is_named() -> None:
    assert "failed: mypy" in summary([result("mypy", 1), result("ruff", 0)], [], [], 1.0)


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("AssertionError: exit 0\n{much}\nassert [1] == [2]\n  At index 0", "assert [1] == [2]"),
        ("RuntimeError: no lab\n\nmore", "RuntimeError: no lab"),
        ("", "no reason given"),
        ("x" * 600, f"{'x' * 500} ..."),
    ],
)
def test_why_a_test_failed_stands_at_the_end(message: str, told: str) -> None:
    lines = summary([result("pytest-main", 1)], [case("failed", reason=message)], [], 1.0).splitlines()
    assert lines[-4:-2] == ["why:", f"  test_failed_0 (pytest-main): {told}"]


def test_slowest_tests_come_first_and_are_ten() -> None:
    found = [case("passed", seconds=float(number)) for number in range(12)]
    text = summary([], found, [], 1.0)
    assert text.index("test_passed_11") < text.index("test_passed_2")
    assert "test_passed_1 " not in text


def test_what_was_left_out_is_said_with_its_reason() -> None:
    text = summary([], [case("skipped", reason="needs root")] * 2, ["all tests on the lab: no Go"], 1.0)
    assert "2 skipped: needs root (pytest-main)" in text
    assert "all tests on the lab: no Go" in text
