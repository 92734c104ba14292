"""What a drill is worth: the end against the expected one, and what should not have been done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tuheg_ir.sim.scenario import FINDING, Scenario


@dataclass(frozen=True, slots=True)
class Score:
    """Whether the end was the expected one; actions that changed something and were not allowed, or done twice.

    ``found`` is what was diagnosed, best first; ``diagnosed`` whether that is what the scenario
    says, None where it says nothing.
    """

    expected_end: bool
    wrong_actions: tuple[str, ...]
    repeated_actions: tuple[str, ...]
    found: tuple[dict[str, str], ...] = ()
    diagnosed: bool | None = None

    @property
    def passed(self) -> bool:
        """Return whether there is nothing to say against the run."""
        right = self.expected_end and self.diagnosed is not False
        return right and not self.wrong_actions and not self.repeated_actions


def score(scenario: Scenario, exit_code: int, result: Mapping[str, Any], severity: str = "P0") -> Score:
    """Judge a run at a severity by its exit code and its ``ir_result``."""
    expected = scenario.end(severity)
    actions = list(result.get("actions") or [])
    changed = [action for action in actions if action.get("changed")]
    temporary = any(action.get("temporary") for action in changed)
    end = exit_code == expected["exit"] and result.get("status") == expected["status"]
    if "temporary" in expected:
        end = end and temporary == expected["temporary"]
    wrong = [str(action["remedy"]) for action in changed if action["remedy"] not in scenario.allowed]
    done = Counter((str(action["remedy"]), str(action["target"])) for action in changed)
    repeated = [remedy for (remedy, _), number in done.items() if number > 1]
    found = found_by(result)
    diagnosed = agrees(scenario.findings, found) if scenario.findings else None
    return Score(end, tuple(wrong), tuple(repeated), found, diagnosed)


def found_by(result: Mapping[str, Any]) -> tuple[dict[str, str], ...]:
    """Return what a run diagnosed, best first, by its ``ir_result``."""
    return tuple({name: str(each.get(name, "")) for name in FINDING} for each in result.get("findings") or [])


def agrees(expected: Sequence[Mapping[str, str]], found: Sequence[Mapping[str, str]]) -> bool:
    """Return whether just the expected was found, in any order; of each only what is said is compared."""
    left = list(found)
    for each in sorted(expected, key=len, reverse=True):  # what says most has the least choice
        one = next((one for one in left if each.items() <= one.items()), None)
        if one is None:
            return False
        left.remove(one)
    return not left
