"""What a person orders against the diagnosis: when it is an order, what it does to a ladder, how it is told."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tuheg.ir.plugins.module_utils.guard import guard
from ansible_collections.tuheg.ir.plugins.module_utils.ladder import may_act, plan_rungs, rung_decision
from ansible_collections.tuheg.ir.plugins.module_utils.overrides import named, override_problem, told, with_override

from tuheg_ir.project import find_project

endings = find_project().module_utils("endings").endings

TABLE = {"safe": ["P0", "P1"], "reversible": ["P0"], "irreversible": []}
SERVICES: dict[str, Any] = {"web": {"kind": "Deployment"}}
RUNGS = [
    {"remedy": "scale_workload", "class": "reversible"},
    {"remedy": "restart_workload", "class": "safe"},
    {"remedy": "rollback_workload", "class": "reversible"},
]
BARRED = {"remedy": "restart_workload", "target": "Deployment/web", "reason": "Secret s is missing", "final": False}
FINAL = {"remedy": "restart_workload", "target": "Deployment/web", "reason": "it would destroy evidence", "final": True}


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("restart_workload", ["restart_workload"]),
        (" restart_workload, rollback_workload,", ["restart_workload", "rollback_workload"]),
        (["restart_workload", "restart_workload"], ["restart_workload"]),
        ([], []),
        (" , ", []),
        (7, None),
        ([7], None),
        ({"restart_workload": True}, None),
    ],
)
def test_remedies_are_named_in_a_list_or_in_text(given: Any, names: list[str] | None) -> None:
    assert named(given) == names


GOOD = {"override": "restart_workload", "override_by": "ann", "override_reason": "I know why", "rungs": RUNGS}


@pytest.mark.parametrize(
    ("change", "what", "cure"),
    [
        ({}, "", ""),
        ({"override": []}, "", ""),
        ({"override": "", "override_reason": "", "override_by": ""}, "", ""),
        ({"override_reason": " "}, "an override needs a reason, for the record", "ir_override_reason=TEXT"),
        ({"override_by": ""}, "an override needs the name of the person who orders it", "ir_override_by=NAME"),
        (
            {"override": "restart_wrokload"},
            "restart_wrokload is no remedy of this ladder",
            "use one of: scale_workload",
        ),
        ({"override": ["restart_workload", "scale_database"]}, "scale_database is no remedy of this ladder", "one of"),
        ({"override": 7}, "ir_override must be a remedy, or a list of them", "-e ir_override=restart_workload"),
        ({"override": ","}, "ir_override must be a remedy, or a list of them", "-e ir_override=restart_workload"),
        ({"rungs": []}, "this play has no ladder, so that nothing in it can be overridden", "leave ir_override out"),
    ],
)
def test_an_order_without_who_why_or_a_rung_is_refused(change: dict[str, Any], what: str, cure: str) -> None:
    found = override_problem({**GOOD, **change})
    assert (found or ("", "", ""))[0] == what
    assert cure in (found or ("", "", ""))[2]


def test_the_guard_of_a_play_asks_for_it() -> None:
    inputs = {
        "cluster": "c",
        "hosts": ["c"],
        "incident": "INC-20251105-001",
        "severity": "P1",
        "namespace": "n",
        "services": SERVICES,
        "service": "web",
        **GOOD,
    }
    assert guard(inputs) == {}
    assert guard({**inputs, "override_reason": ""}) == {
        "status": "refused",
        "what": "an override needs a reason, for the record",
        "which": "ir_override=restart_workload",
        "next": "set -e ir_override_reason=TEXT (tuheg-ir respond: --override REMEDY --reason TEXT)",
    }


def ladder(override: Any = "") -> list[dict[str, Any]]:
    rungs = plan_rungs(RUNGS, incident="INC-20251105-001", attempt=1, service="web", services=SERVICES)
    return with_override(rungs, override, " ann ", " I know why ")


def test_an_order_is_marked_at_its_rung_and_seen_from_the_others() -> None:
    rungs = ladder("restart_workload")
    assert [rung["ordered"] for rung in rungs] == ["later", "here", "before"]
    assert [rung["override"] for rung in rungs] == [{}, {"by": "ann", "reason": "I know why"}, {}]
    assert {rung["ordered"] for rung in ladder()} == {""}


Decided = list[tuple[str, str]]


def decided(
    override: Any, *excluded: dict[str, Any], severity: str = "P0", approved_by: str = "", plan: bool = False
) -> list[dict[str, Any]]:
    """Decide about every rung as tasks/climb.yml does: an order approves its own rung."""
    found, planned = [], False
    for rung in ladder(override):
        may = may_act(rung["class"], severity, approved_by or rung["override"].get("by", ""), TABLE)
        one = rung_decision(rung, excluded=excluded, may=may, key_present=False, plan=plan, planned=planned)
        planned = planned or one["do"] == "plan"
        found.append(one)
    return found


@pytest.mark.parametrize(
    ("override", "excluded", "options", "expected"),
    [
        # without an order the diagnosis decides
        ("", [BARRED], {}, ["act", "skip", "act"]),
        # with one, that rung runs, and the others as before
        ("restart_workload", [BARRED], {}, ["act", "act", "act"]),
        ("restart_workload", [BARRED | {"target": ""}], {}, ["act", "act", "act"]),
        ("scale_workload", [BARRED], {}, ["act", "skip", "act"]),
        # it approves its own rung alone; one before it that lacks an approval does not hold it up
        ("restart_workload", [BARRED], {"severity": "P1"}, ["skip", "act", "refuse"]),
        ("rollback_workload", [BARRED], {"severity": "P1"}, ["skip", "skip", "act"]),
        ("restart_workload", [BARRED], {"severity": "P1", "approved_by": "bob"}, ["act", "act", "act"]),
        # P2: what was ordered runs; what nobody approved is refused and never run for real
        ("restart_workload", [BARRED], {"severity": "P2"}, ["skip", "act", "refuse"]),
        ("", [BARRED], {"severity": "P2", "plan": True}, ["plan", "skip", "list"]),
        # a plan shows the same
        ("restart_workload", [BARRED], {"plan": True}, ["plan", "list", "list"]),
        ("restart_workload", [BARRED], {"plan": True, "severity": "P1"}, ["skip", "plan", "list"]),
        ("restart_workload", [BARRED], {"plan": True, "severity": "P2"}, ["skip", "plan", "list"]),
        # what is final stays refused, whoever approved it, in a plan too
        ("restart_workload", [FINAL], {}, ["act", "refuse", "act"]),
        ("restart_workload", [BARRED, FINAL], {}, ["act", "refuse", "act"]),
        ("restart_workload", [FINAL], {"approved_by": "bob"}, ["act", "refuse", "act"]),
        ("restart_workload", [FINAL], {"plan": True}, ["plan", "refuse", "list"]),
        ("", [FINAL], {}, ["act", "skip", "act"]),
    ],
)
def test_what_becomes_of_each_rung(
    override: str, excluded: list[dict[str, Any]], options: dict[str, Any], expected: list[str]
) -> None:
    assert [one["do"] for one in decided(override, *excluded, **options)] == expected


def test_a_decision_keeps_who_why_and_what_the_diagnosis_said() -> None:
    _, restart, rollback = decided("restart_workload", BARRED)
    assert restart["override"] == {"by": "ann", "reason": "I know why", "against": "Secret s is missing"}
    assert rollback["override"] == {}
    _, final, _ = decided("restart_workload", FINAL)
    assert final["reason"] == "restart_workload cannot be overridden: it would destroy evidence"
    assert "without this override" in final["next"]
    passed, _, _ = decided("restart_workload", severity="P1")
    assert passed["reason"] == "a reversible remedy needs approval at P1; passed over, for a later rung was ordered"


def test_what_was_done_already_is_verified_and_not_ordered_anew() -> None:
    rung = ladder("restart_workload")[1]
    may = may_act("safe", "P0", "", TABLE)
    assert rung_decision(rung, excluded=[FINAL], may=may, key_present=True)["do"] == "verify"


@pytest.mark.parametrize(
    ("override", "text"),
    [
        ({}, ""),
        ({"by": "ann", "reason": "so"}, "ordered by ann, who says: so; the diagnosis has nothing against it"),
        (
            {"by": "ann", "reason": "so", "against": "Secret s is missing"},
            "ordered by ann, who says: so; against the diagnosis, which says: Secret s is missing",
        ),
    ],
)
def test_an_order_is_told_in_one_clause(override: dict[str, str], text: str) -> None:
    assert told(override) == text


def test_a_plan_and_the_result_tell_of_it() -> None:
    rung = ladder("restart_workload")[1] | {"blast": "every pod is replaced", "minutes": 3}
    _, restart, _ = decided("restart_workload", BARRED, plan=True, severity="P1")
    outcome = endings.rung_outcome(rung, restart, {}, {})
    assert outcome["verdict"]["reason"].startswith(
        "would run: every pod is replaced; ordered by ann, who says: I know why; against the diagnosis, which says: "
    )
    action = endings.action(rung, {}, outcome, "then", "now")
    assert action["override"] == restart["override"]
    report = {"service": "web", "status": "planned", "incident": "", "severity": "P1", "findings": []}
    assert any("ordered by ann" in line for line in endings.lines({**report, "actions": [action]}))
    plain = endings.action(
        rung, {}, endings.rung_outcome(rung, decided("")[1], {}, {"verdict": "healed", "reason": ""}), "", ""
    )
    assert plain["override"] == {}
