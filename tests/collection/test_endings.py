"""How rungs, ladders and runs end, and how that is said."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuheg_ir.project import find_project

endings = find_project().module_utils("endings").endings

RUNG: dict[str, Any] = {
    "rung": "restart_workload",
    "remedy": "restart_workload",
    "target": "Deployment/web",
    "workload": "web",
    "class": "safe",
    "key": "INC-20251105-001/1/restart_workload",
    "args": {},
    "minutes": 3,
    "blast": "every pod is replaced",
}
HEALED = {"verdict": "healed", "reason": "all 3 pods ready"}


def tried(verdict: str = "healed", **more: Any) -> dict[str, Any]:
    made = {"rung": "r", "target": "Deployment/web", "remedy": "rollback_workload", "changed": True}
    return {**made, "temporary": False, "reason": "because", "verdict": verdict, **more}


def run(**more: Any) -> dict[str, Any]:
    base: dict[str, Any] = {"service": "web", "initial": "not_healed", "actions": [], "tried": []}
    return {**base, "planned": False, "refused": "", "problem": {}, "single": False, **more}


def decided(do: str, reason: str = "so", next_step: str = "") -> dict[str, str]:
    return {"do": do, "reason": reason, "next": next_step}


# --- a rung


@pytest.mark.parametrize(
    ("do", "result", "event", "said"),
    [
        ("skip", {}, "skipped", "not_healed"),
        ("refuse", {}, "refused", "not_healed"),
        ("list", {}, "planned", "unknown"),
        ("plan", {"changed": True, "reason": ""}, "planned", "unknown"),
        ("plan", {"skipped": True, "reason": "no use"}, "skipped", "not_healed"),
        ("act", {"skipped": True, "reason": "no use"}, "skipped", "not_healed"),
        ("act", {"changed": True}, "outcome", "healed"),
        ("verify", {}, "outcome", "healed"),
    ],
)
def test_a_rung_ends_as_what_was_decided_and_what_its_role_found(
    do: str, result: dict[str, Any], event: str, said: str
) -> None:
    outcome = endings.rung_outcome(RUNG, decided(do), result, HEALED)
    assert (outcome["event"], outcome["verdict"]["verdict"]) == (event, said)
    assert outcome["tried"] == (event == "outcome")


def test_only_a_refusal_refuses_and_it_says_what_would_allow_it() -> None:
    outcome = endings.rung_outcome(RUNG, decided("refuse", "needs approval", "approve"), {}, {})
    assert (outcome["refused"], outcome["next"]) == ("needs approval", "approve")
    assert endings.rung_outcome(RUNG, decided("act"), {"changed": True}, HEALED)["refused"] == ""


def test_a_plan_tells_blast_radius_class_minutes_and_the_approval_it_needs() -> None:
    outcome = endings.rung_outcome(RUNG, decided("list", "later", "-e ir_approved_by=NAME"), {}, {})
    assert outcome["verdict"]["reason"] == (
        "if not healed: every pod is replaced; safe; about 3 min; needs approval: -e ir_approved_by=NAME"
    )


def test_a_plan_changes_nothing_whatever_its_dry_run_says() -> None:
    result = {"changed": True, "reason": ""}
    outcome = endings.rung_outcome(RUNG, decided("plan"), result, {})
    assert endings.action(RUNG, result, outcome, "then", "now")["changed"] is False


def test_a_rung_that_is_only_verified_keeps_its_temporary_nature() -> None:
    rung = {**RUNG, "args": {"temporary": True}}
    outcome = endings.rung_outcome(rung, decided("verify"), {}, HEALED)
    action = endings.action(rung, {}, outcome, "then", "now")
    assert (action["temporary"], action["changed"], action["verdict"]) == (True, False, "healed")


# --- the ladder


@pytest.mark.parametrize(("verdict", "ends"), [("healed", True), ("unknown", True), ("not_healed", False)])
def test_healed_and_unknown_end_the_ladder(verdict: str, ends: bool) -> None:
    assert endings.ladder_ends([tried("not_healed"), tried(verdict)]) is ends


def test_nothing_tried_does_not_end_the_ladder() -> None:
    assert endings.ladder_ends([]) is False


@pytest.mark.parametrize(
    ("action", "proves"),
    [
        (tried(), True),
        (tried(remedy="scale_workload"), True),
        (tried(remedy="restart_workload"), False),
        (tried(remedy="restart_connection_pool"), False),
        (tried(temporary=True), False),
        (tried("not_healed"), False),
        (tried("unknown"), False),
    ],
)
def test_only_a_lasting_cure_proves_a_template(action: dict[str, Any], proves: bool) -> None:
    assert endings.proves_template([action]) is proves
    assert endings.proves_template([]) is False


# --- the first look

WEB = {"metadata": {"name": "web", "annotations": {}}, "spec": {"template": {}}}
ACTED = {**WEB, "metadata": {"name": "web", "annotations": {"ir.tuheg.com/restart_workload": RUNG["key"]}}}


@pytest.mark.parametrize(
    ("rollout", "probe", "workload", "single", "go"),
    [
        ("healthy", "healthy", WEB, False, "done"),
        ("healthy", "healthy", WEB, True, "ladder"),
        ("healthy", "healthy", ACTED, True, "done"),
        ("healthy", "unhealthy", WEB, False, "ladder"),
        ("unhealthy", "healthy", WEB, False, "ladder"),
        ("unknown", "unhealthy", WEB, False, "ladder"),
        ("healthy", "unknown", WEB, False, "hold"),
        ("unknown", "healthy", WEB, False, "hold"),
        ("unknown", "healthy", ACTED, False, "ladder"),
        ("healthy", "unknown", WEB, True, "ladder"),
    ],
)
def test_the_first_look_acts_on_what_is_bad_and_holds_where_nobody_can_tell(
    rollout: str, probe: str, workload: dict[str, Any], single: bool, go: str
) -> None:
    looks = ({"verdict": rollout, "reason": "r"}, {"verdict": probe, "reason": "p"})
    assert endings.first_look(*looks, [workload], [RUNG], single)["go"] == go


@pytest.mark.parametrize(
    ("cause", "probe", "workload", "single", "go"),
    [
        ("progressing", "healthy", WEB, False, "wait"),
        ("stale", "healthy", WEB, False, "wait"),
        ("progressing", "unknown", WEB, False, "hold"),
        ("progressing", "unhealthy", WEB, False, "ladder"),
        ("progressing", "healthy", ACTED, False, "ladder"),
        ("progressing", "healthy", WEB, True, "ladder"),
        ("timeout", "healthy", WEB, False, "hold"),
        ("paused", "healthy", WEB, False, "hold"),
    ],
)
def test_the_first_look_waits_for_a_roll_out_under_way_while_users_are_served(
    cause: str, probe: str, workload: dict[str, Any], single: bool, go: str
) -> None:
    looks = ({"verdict": "unknown", "cause": cause, "reason": "r"}, {"verdict": probe, "reason": "p"})
    assert endings.first_look(*looks, [workload], [RUNG], single)["go"] == go


def test_the_first_look_finds_the_key_on_whatever_the_rung_acted_on() -> None:
    looks = ({"verdict": "healthy", "reason": "r"}, {"verdict": "healthy", "reason": "p"})
    rung = {**RUNG, "rung": "scale_database", "workload": "db", "key": "INC-20251105-001/1/scale_database"}
    marked = {"metadata": {"name": "db", "annotations": {"ir.tuheg.com/scale_database": rung["key"]}}}
    assert endings.first_look(*looks, [WEB, marked], [rung], single=True)["go"] == "done"
    assert endings.first_look(*looks, [marked], [rung], single=True)["go"] == "done"
    assert endings.first_look(*looks, [WEB, {}], [rung], single=True)["go"] == "ladder"


# --- the run


@pytest.mark.parametrize(
    ("given_run", "status"),
    [
        (run(initial="healed"), "nothing_to_do"),
        (run(initial="unknown"), "unknown"),
        (run(initial=""), "unknown"),
        (run(tried=[tried()], actions=[tried()]), "healed"),
        (run(tried=[tried(changed=False)], actions=[tried(changed=False)]), "healed"),
        (run(initial="healed", tried=[tried(changed=False)]), "nothing_to_do"),
        (run(tried=[tried("unknown")], actions=[tried("unknown")]), "unknown"),
        (run(tried=[tried("not_healed")], actions=[tried("not_healed")]), "not_healed"),
        (run(tried=[tried("not_healed")], actions=[tried("not_healed")], refused="needs approval"), "refused"),
        (run(planned=True, actions=[tried("unknown")]), "planned"),
        (run(actions=[tried("not_healed")]), "not_healed"),
        (run(actions=[tried("not_healed")], single=True), "refused"),
        (run(problem={"status": "error", "what": "no", "which": "", "next": ""}, tried=[tried()]), "error"),
        (run(problem={"status": "refused", "what": "no", "which": "", "next": ""}), "refused"),
    ],
)
def test_a_run_has_one_status(given_run: dict[str, Any], status: str) -> None:
    ended = endings.run_status(given_run)
    assert ended["status"] == status
    assert ended["failed"] == (status not in {"healed", "nothing_to_do", "planned"})
    assert bool(ended["error"]) == ended["failed"]
    assert set(ended["error"]) in (set(), {"what", "which", "next"})


def test_a_refusal_is_told_with_its_rung_and_the_way_to_allow_it() -> None:
    refused = tried("not_healed", rung="rollback_workload", reason="a reversible remedy needs approval at P1")
    ended = endings.run_status(run(actions=[refused], refused=refused["reason"], next="approve with -e x=NAME"))
    assert ended["reason"] == (
        "a reversible remedy needs approval at P1 (rollback_workload on Deployment/web). Next: approve with -e x=NAME."
    )


def test_an_exhausted_ladder_points_to_what_the_diagnosis_found() -> None:
    finding = {"component": "Deployment/redis", "root_cause": "dependency_failure", "remedy": "page_human"}
    ended = endings.run_status(run(actions=[tried("not_healed")], findings=[finding]))
    assert "Deployment/redis (dependency failure)" in ended["error"]["next"]


ACTIONS = st.lists(
    st.sampled_from(["healed", "not_healed", "unknown"]).map(tried),
    max_size=4,
)


@given(actions=ACTIONS, initial=st.sampled_from(["healed", "not_healed", "unknown", ""]), single=st.booleans())
def test_no_data_is_never_good_news(actions: list[dict[str, Any]], initial: str, single: bool) -> None:
    ended = endings.run_status(run(actions=actions, tried=actions, initial=initial, single=single))
    last = actions[-1]["verdict"] if actions else initial
    if last in ("unknown", ""):
        assert ended["status"] == "unknown"
    if ended["status"] in ("healed", "nothing_to_do"):
        assert last == "healed"


# --- what is printed


def test_the_lines_of_a_result_name_status_findings_actions_undo_and_notes() -> None:
    undo = {"what": "go forward", "command": "kubectl -n ns rollout undo deployment/web --to-revision=4", "data": {}}
    report = {
        "service": "web",
        "status": "healed",
        "incident": "INC-20251105-001",
        "severity": "P0",
        "findings": [{"component": "Deployment/web", "root_cause": "code_defect", "remedy": "rollback_workload"}],
        "actions": [tried(rung="rollback_workload", undo=undo, temporary=True)],
    }
    assert endings.lines(report, ["the store was slow"]) == [
        "web: healed (INC-20251105-001, P0)",
        "finding: Deployment/web code_defect -> rollback_workload",
        "rollback_workload on Deployment/web: healed, changed: because",
        "  temporary: what caused it is still there; the follow-up is in the journal",
        "  undo: kubectl -n ns rollout undo deployment/web --to-revision=4",
        "note: the store was slow",
    ]


def test_no_problem_is_no_sentence() -> None:
    assert endings.sentence({}) == ""


# --- the lock, the evidence


def test_a_lock_that_may_be_taken_is_no_problem_and_a_held_one_names_its_holder() -> None:
    assert endings.lock_problem({"action": "take"}, "web") == {}
    held = {"action": "refuse", "reason": "INC-20251105-002/r1 holds it", "next": "wait"}
    assert endings.lock_problem(held, "web") == {
        "status": "refused",
        "what": "INC-20251105-002/r1 holds it",
        "which": "lock of web",
        "next": "wait",
    }


@pytest.mark.parametrize(
    ("kept", "check", "status"), [(True, False, None), (False, True, None), (False, False, "error")]
)
def test_evidence_that_was_asked_for_and_not_kept_is_an_error(kept: bool, check: bool, status: str | None) -> None:
    result = endings.evidence_result({"kept": kept, "folder": "f", "files": [], "note": "disk full"}, check)
    assert result["problem"].get("status") == status
    assert result["facts"]["evidence"]["folder"] == "f"


def test_before_counts_back_from_a_moment_and_refuses_what_is_none() -> None:
    assert endings.before("2025-11-05T14:30:00Z", 300) == "2025-11-05T14:25:00.000000Z"
    with pytest.raises(ValueError, match="is not an ISO 8601 time"):
        endings.before("soon", 300)
