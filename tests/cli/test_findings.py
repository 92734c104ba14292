"""A diagnosis for people says each thing once."""

from __future__ import annotations

from typing import Any

from tuheg_ir.cli.findings import lines

PODS = ("web-1", "web-2", "web-3")


def found(evidence: list[tuple[str, str]], excluded: list[tuple[str, str, str]]) -> list[str]:
    """Return what is shown of one finding at Deployment/web: (object, fact), and (remedy, target, reason) not to do."""
    finding: dict[str, Any] = {
        "component": "Deployment/web",
        "root_cause": "code_defect",
        "remedy": "rollback_workload",
        "target": "Deployment/web",
        "confidence": 0.9,
        "since": None,
        "evidence": [{"object": at, "fact": fact, "source": "logs", "time": None} for at, fact in evidence],
        "excluded": [{"remedy": remedy, "target": at, "reason": why} for remedy, at, why in excluded],
    }
    taken = {"namespace": "shop", "verdict": "unhealthy", "taken_at": "2026-11-30T10:00:00Z", "sources": []}
    return lines({**taken, "findings": [finding]})[2:]


def test_what_several_pods_tell_is_told_once() -> None:
    evidence = [(f"Pod/{pod}", f"log ({n} lines): no room") for n, pod in enumerate(PODS, 5)]
    assert found(evidence, [])[0] == "  why     Pod/web-1 and 2 more: log (5 lines): no room"


def test_each_fact_is_an_item_and_those_left_out_are_counted() -> None:
    shown = found([(f"Pod/{n}", f"fact {n}") for n in range(6)], [])
    assert shown[:5] == [
        "  why     - Pod/0: fact 0",
        "          - Pod/1: fact 1",
        "          - Pod/2: fact 2",
        "          - Pod/3: fact 3",
        "          - and 2 more: --explain",
    ]


def test_a_long_fact_goes_on_under_its_words() -> None:
    shown = found([("Pod/a", "word " * 30), ("Pod/b", "short")], [])
    assert shown[0].startswith("  why     - Pod/a: word")
    assert shown[1].startswith("            word")


def test_targets_that_one_reason_spares_stand_together_after_the_own_one() -> None:
    others = [("restart_workload", f"Deployment/{n}", "no use") for n in "abcde"]
    shown = found([], [*others, ("scale_workload", "Deployment/web", "no room")])
    assert shown[-3:] == [
        "  do not  - scale_workload: no room",
        "          - restart_workload Deployment/a, Deployment/b, Deployment/c and 2",
        "            more: no use",
    ]


def test_nothing_to_be_left_alone_is_not_spoken_of() -> None:
    assert not any("do not" in line for line in found([("Pod/a", "a fact")], []))
