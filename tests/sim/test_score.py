"""A drill is judged by its end and by what was done on the way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tuheg_ir.sim.scenario import scenarios
from tuheg_ir.sim.score import score

LEAK = replace(scenarios()["memory-leak"], findings=())
RELEASE = replace(scenarios()["bad-release"], findings=())


def action(remedy: str, *, changed: bool = True, temporary: bool = False) -> dict[str, Any]:
    return {"remedy": remedy, "target": "Deployment/backend-gateway", "changed": changed, "temporary": temporary}


def result(*actions: dict[str, Any], status: str = "healed") -> dict[str, Any]:
    return {"status": status, "actions": list(actions)}


def test_a_run_that_ends_as_expected_by_what_is_allowed_passes() -> None:
    assert score(RELEASE, 0, result(action("rollback_workload"))).passed


@pytest.mark.parametrize(("code", "status"), [(3, "healed"), (0, "not_healed")])
def test_another_end_does_not_pass(code: int, status: str) -> None:
    found = score(RELEASE, code, result(action("rollback_workload"), status=status))
    assert not found.expected_end
    assert not found.passed


def test_what_is_not_allowed_is_wrong_unless_it_changed_nothing() -> None:
    found = score(RELEASE, 0, result(action("restart_workload"), action("rollback_workload")))
    assert (found.wrong_actions, found.passed) == (("restart_workload",), False)
    assert score(RELEASE, 0, result(action("restart_workload", changed=False), action("rollback_workload"))).passed


GATEWAY, REPORTS = "Deployment/backend-gateway", "Deployment/report-runner"
TWO = (
    {"root_cause": "database_connection", "component": REPORTS, "remedy": "scale_database", "confidence": 0.85},
    {"root_cause": "code_defect", "component": GATEWAY, "remedy": "rollback_workload", "confidence": 0.83},
)


@pytest.mark.parametrize(
    ("expected", "found", "diagnosed"),
    [
        ((), TWO, None),
        (({"root_cause": "database_connection"}, {"root_cause": "code_defect", "component": GATEWAY}), TWO, True),
        (({"root_cause": "code_defect"}, {"root_cause": "database_connection"}), TWO, True),
        (({"root_cause": "code_defect"}, {"root_cause": "code_defect"}), TWO, False),
        (({"root_cause": "code_defect"}, {"root_cause": "code_defect", "component": REPORTS}), TWO, False),
        (({"root_cause": "database_connection"},), TWO, False),
        (({"root_cause": "code_defect"},), TWO[1:], True),
        (({"root_cause": "code_defect", "remedy": "restart_workload"},), TWO[1:], False),
        (({"root_cause": "code_defect"},), (), False),
    ],
)
def test_just_the_expected_findings_are_right(
    expected: tuple[dict[str, str], ...], found: tuple[dict[str, Any], ...], diagnosed: bool | None
) -> None:
    scenario = replace(RELEASE, findings=expected)
    judged = score(scenario, 0, {**result(action("rollback_workload")), "findings": list(found)})
    assert judged.diagnosed is diagnosed
    assert judged.passed is (diagnosed is not False)
    assert [each["component"] for each in judged.found] == [each["component"] for each in found]


def test_what_is_done_twice_is_told() -> None:
    found = score(RELEASE, 0, result(action("rollback_workload"), action("rollback_workload")))
    assert (found.repeated_actions, found.passed) == (("rollback_workload",), False)


def test_a_cure_that_does_not_last_has_to_say_so() -> None:
    assert not score(LEAK, 0, result(action("restart_workload"))).expected_end
    assert score(LEAK, 0, result(action("restart_workload", temporary=True))).passed
