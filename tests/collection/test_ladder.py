"""Who may act, what a rung does next, and that nothing but health is called healed."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tuheg.ir.plugins.module_utils.ladder import (
    may_act,
    plan_rungs,
    probed,
    rung_decision,
    stuck_pods,
    verdict,
)
from ansible_collections.tuheg.ir.plugins.module_utils.workloads import key_present, slim_workload
from hypothesis import given
from hypothesis import strategies as st

from tests.collection.objects import deployment, template

TABLE = {"safe": ["P0", "P1"], "reversible": ["P0"], "irreversible": []}
SERVICES: dict[str, Any] = {
    "gateway": {"kind": "Deployment", "depends_on": ["postgres", "redis"], "probes": [{"name": "core"}]},
    "postgres": {"kind": "StatefulSet", "database": {"single_primary": True}, "probes": [{"name": "slots"}]},
    "redis": {"kind": "Deployment"},
}


@pytest.mark.parametrize(
    ("action_class", "severity", "approved_by", "mode"),
    [
        ("safe", "P0", "", "run"),
        ("safe", "P1", "", "run"),
        ("safe", "P2", "", "plan"),
        ("reversible", "P0", "", "run"),
        ("reversible", "P1", "", "refuse"),
        ("reversible", "P2", "", "plan"),
        ("irreversible", "P0", "", "refuse"),
        ("irreversible", "P1", "", "refuse"),
        ("irreversible", "P2", "", "plan"),
        ("irreversible", "P0", "ann", "run"),
        ("reversible", "P2", "ann", "run"),
    ],
)
def test_class_severity_and_approval_decide(action_class: str, severity: str, approved_by: str, mode: str) -> None:
    decision = may_act(action_class, severity, approved_by, TABLE)
    assert decision["mode"] == mode
    assert decision["allowed"] is (mode == "run")
    assert ("ir_approved_by=NAME" in decision["next"]) is (mode != "run")
    assert decision["reason"]


def test_a_class_or_severity_that_is_none_is_refused_not_guessed() -> None:
    with pytest.raises(ValueError, match="'harmless' is not a class"):
        may_act("harmless", "P0", "", TABLE)
    with pytest.raises(ValueError, match="'P5' is not a severity"):
        may_act("safe", "P5", "", TABLE)


def rungs(*given_rungs: dict[str, Any]) -> list[dict[str, Any]]:
    return plan_rungs(given_rungs, incident="INC-20251105-001", attempt=2, service="gateway", services=SERVICES)


def test_a_rung_is_filled_in_and_keeps_what_it_says_itself() -> None:
    (rung,) = rungs({"remedy": "restart_workload", "class": "safe", "minutes": 2, "settle_s": 1})
    assert rung == {
        "rung": "restart_workload",
        "remedy": "restart_workload",
        "class": "safe",
        "workload": "gateway",
        "kind": "Deployment",
        "target": "Deployment/gateway",
        "key": "INC-20251105-001/2/restart_workload",
        "args": {},
        "probes": [],
        "harm": "",
        "settle_s": 1,
        "minutes": 2,
    }


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("redis", "Deployment/redis"),
        ("StatefulSet/postgres", "StatefulSet/postgres"),
        ("$database", "StatefulSet/postgres"),
    ],
)
def test_a_target_is_told_as_kind_and_name(target: str, expected: str) -> None:
    (rung,) = rungs({"remedy": "x", "class": "safe", "target": target})
    assert rung["target"] == expected


def test_the_database_of_a_service_without_one_is_nothing() -> None:
    (rung,) = plan_rungs(
        [{"remedy": "x", "class": "safe", "target": "$database"}],
        incident="I",
        attempt=1,
        service="redis",
        services=SERVICES,
    )
    assert (rung["target"], rung["workload"], rung["kind"]) == ("", "", "")


def test_a_remedy_used_twice_has_two_names_and_two_keys() -> None:
    once = {"remedy": "restart_workload", "class": "safe"}
    assert [each["rung"] for each in rungs(once, once, once)] == [
        "restart_workload",
        "restart_workload-2",
        "restart_workload-3",
    ]
    with pytest.raises(ValueError, match="two rungs are called a"):
        rungs(once | {"rung": "a"}, once | {"rung": "a"})


@pytest.mark.parametrize("rung", [{"class": "safe"}, {"remedy": "x"}, {"remedy": "x", "class": "mild"}])
def test_a_rung_without_remedy_or_class_is_an_error(rung: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="needs a remedy and a class"):
        rungs(rung)


RUN = may_act("safe", "P0", "", TABLE)
REFUSE = may_act("irreversible", "P0", "", TABLE)
PLAN = may_act("safe", "P2", "", TABLE)
EXCLUDED = [{"remedy": "restart_workload", "target": "Deployment/gateway", "reason": "a restart frees none"}]


@pytest.mark.parametrize(
    ("excluded", "may", "options", "do"),
    [
        ([], RUN, {"key_present": False}, "act"),
        ([], RUN, {"key_present": True}, "verify"),
        ([], REFUSE, {"key_present": False}, "refuse"),
        ([], REFUSE, {"key_present": True}, "verify"),
        ([], PLAN, {"key_present": False}, "plan"),
        ([], PLAN, {"key_present": False, "planned": True}, "list"),
        ([], RUN, {"key_present": False, "plan": True}, "plan"),
        ([], REFUSE, {"key_present": False, "plan": True}, "plan"),
        ([], RUN, {"key_present": True, "plan": True}, "skip"),
        (EXCLUDED, RUN, {"key_present": False}, "skip"),
        (EXCLUDED, REFUSE, {"key_present": False}, "skip"),
        (EXCLUDED, RUN, {"key_present": True}, "verify"),
        ([EXCLUDED[0] | {"target": "gateway"}], RUN, {"key_present": False}, "skip"),
        ([EXCLUDED[0] | {"target": ""}], RUN, {"key_present": False}, "skip"),
        ([EXCLUDED[0] | {"target": "Deployment/redis"}], RUN, {"key_present": False}, "act"),
        ([EXCLUDED[0] | {"remedy": "scale_workload"}], RUN, {"key_present": False}, "act"),
    ],
)
def test_what_a_rung_does_next(
    excluded: list[dict[str, Any]], may: dict[str, Any], options: dict[str, Any], do: str
) -> None:
    (rung,) = rungs({"remedy": "restart_workload", "class": "safe"})
    decision = rung_decision(rung, excluded=excluded, may=may, **options)
    assert decision["do"] == do
    assert decision["reason"]


def test_a_skipped_rung_says_why_and_a_refused_one_how_to_approve() -> None:
    (rung,) = rungs({"remedy": "restart_workload", "class": "safe"})
    skipped = rung_decision(rung, excluded=EXCLUDED, may=RUN, key_present=False)
    assert skipped["reason"] == "a restart frees none"
    refused = rung_decision(rung, excluded=[], may=REFUSE, key_present=False)
    assert refused["reason"] == "an irreversible remedy needs approval at P0"
    assert refused["next"] == "approve with -e ir_approved_by=NAME (tuheg-ir respond: --yes)"


@pytest.mark.parametrize(
    ("rollout", "probes", "expected"),
    [
        ("healthy", "healthy", "healed"),
        ("healthy", "unhealthy", "not_healed"),
        ("healthy", "unknown", "unknown"),
        ("healthy", None, "unknown"),
        ("unhealthy", "healthy", "not_healed"),
        ("unhealthy", "unknown", "not_healed"),
        ("unknown", "healthy", "unknown"),
        ("unknown", "unhealthy", "unknown"),
        (None, "healthy", "unknown"),
        (None, None, "unknown"),
        ("fine", "healthy", "unknown"),
    ],
)
def test_healed_needs_both_healthy(rollout: str | None, probes: str | None, expected: str) -> None:
    def look(word: str | None) -> dict[str, str] | None:
        return None if word is None else {"verdict": word, "reason": f"looked {word}"}

    told = verdict(look(rollout), look(probes))
    assert told["verdict"] == expected
    assert told["reason"]


@given(st.dictionaries(st.sampled_from(["verdict", "reason", "x"]), st.none() | st.text(max_size=9)), st.none())
def test_healed_never_comes_from_nothing(rollout: dict[str, Any], probes: None) -> None:
    assert verdict(rollout, probes)["verdict"] != "healed"


def test_a_service_is_probed_with_what_it_depends_on() -> None:
    assert list(probed(SERVICES, "gateway")) == ["gateway", "postgres"]
    assert probed(SERVICES, "redis") == {}


def test_pods_that_a_statefulset_will_not_replace_are_named() -> None:
    workload = {"kind": "StatefulSet", "metadata": {"name": "db"}, "status": {"updateRevision": "new"}}
    pods = [
        {"name": "db-0", "service": "db", "ready": False, "revision": "old"},
        {"name": "db-1", "service": "db", "ready": True, "revision": "old"},
        {"name": "db-2", "service": "db", "ready": False, "revision": "new"},
        {"name": "x-0", "service": "x", "ready": False, "revision": "old"},
    ]
    assert stuck_pods(pods, workload) == ["db-0"]
    assert stuck_pods(pods, workload | {"kind": "Deployment"}) == []
    assert stuck_pods(pods, workload | {"status": {}}) == []


def test_an_action_is_known_by_either_of_its_marks() -> None:
    by_mark = deployment(annotations={"ir.tuheg.com/restart_workload": "key"})
    by_template = deployment(template(annotations={"ir.tuheg.com/restarted-by": "key"}))
    for workload in (by_mark, by_template):
        assert key_present(workload, "restart_workload", "key")
        assert not key_present(workload, "restart_workload", "other")
    assert not key_present(by_mark, "rollback_workload", "key")
    assert not key_present({}, "restart_workload", "key")
    assert not key_present(deployment(), "restart_workload", "")


def test_a_slim_workload_says_what_runs_and_carries_no_template() -> None:
    slim = slim_workload(deployment(annotations={"ir.tuheg.com/a": "1", "secret": "2"}))
    assert slim["images"] == {"app": "app:1"}
    assert slim["annotations"] == {"ir.tuheg.com/a": "1"}
    assert (slim["kind"], slim["name"], slim["generation"], slim["selector"]) == ("Deployment", "web", 3, "app=web")
    assert slim_workload({}) == slim_workload(None) == {}
