"""A drill is judged by its end and by what was done on the way."""

from __future__ import annotations

from typing import Any

import pytest

from tuheg_ir.sim.scenario import scenarios
from tuheg_ir.sim.score import score

LEAK = scenarios()["memory-leak"]
RELEASE = scenarios()["bad-release"]


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


def test_what_is_done_twice_is_told() -> None:
    found = score(RELEASE, 0, result(action("rollback_workload"), action("rollback_workload")))
    assert (found.repeated_actions, found.passed) == (("rollback_workload",), False)


def test_a_cure_that_does_not_last_has_to_say_so() -> None:
    assert not score(LEAK, 0, result(action("restart_workload"))).expected_end
    assert score(LEAK, 0, result(action("restart_workload", temporary=True))).passed
