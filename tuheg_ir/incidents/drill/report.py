"""What a drill was worth: the score card as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tuheg_ir.errors import NotHealedError
from tuheg_ir.incidents.outcome import Report
from tuheg_ir.sim.score import Score, found_by


@dataclass(frozen=True, slots=True)
class DrillReport:
    """Both runs, what was wrong with the first one, and what the second one changed.

    ``times`` and ``limits`` are seconds by step (see ``times``).
    """

    scenario: str
    title: dict[str, str]
    severity: str
    on: str
    speed: float
    seed: int
    expected: dict[str, Any]
    fault: str
    first: Report
    score: Score
    second: Report
    second_run_changes: tuple[str, ...]
    expected_findings: tuple[dict[str, str], ...] = ()
    times: dict[str, float | None] = field(default_factory=dict)
    limits: dict[str, float | None] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Return whether the drill went as expected."""
        return self.score.passed and not self.second_run_changes

    @property
    def found_again(self) -> tuple[dict[str, str], ...]:
        """Return what the second run diagnosed, best first."""
        return found_by(self.second.result)

    @property
    def exit_code(self) -> int:
        """Return the exit code of the command for this drill alone."""
        return 0 if self.passed else NotHealedError.exit_code

    def as_dict(self) -> dict[str, Any]:
        """Return the documented shape of one drill of `drill --format json`."""
        return {
            "scenario": self.scenario,
            "fault": self.fault,
            "severity": self.severity,
            "on": self.on,
            "speed": self.speed,
            "seed": self.seed,
            "incident": self.first.incident,
            "playbook": self.first.playbook,
            "status": self.first.status,
            "reason": self.first.error.what if self.first.error else self.first.reason,
            "expected": self.expected,
            "expected_end": self.score.expected_end,
            "expected_findings": [dict(each) for each in self.expected_findings],
            "findings": [dict(each) for each in self.score.found],
            "diagnosed": self.score.diagnosed,
            "actions": [_action(action) for action in self.first.result.get("actions") or [] if action.get("changed")],
            "wrong_actions": list(self.score.wrong_actions),
            "repeated_actions": list(self.score.repeated_actions),
            "second_run": self.second.status,
            "second_run_findings": [dict(each) for each in self.found_again],
            "second_run_changes": len(self.second_run_changes),
            "changed_again": list(self.second_run_changes),
            "times": self.times,
            "limits": self.limits,
            "messages": self.first.messages,
            "passed": self.passed,
        }


def _action(action: dict[str, Any]) -> str:
    return f"{action.get('remedy')} on {action.get('target')}"
