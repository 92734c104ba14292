"""Every kind of trouble is named, with what would help and what would not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuheg_ir.diagnosis.facts import (
    Crashes,
    Database,
    Errors,
    Facts,
    PodFailure,
    Probe,
    Resources,
    Rollback,
    Source,
    Workload,
)
from tuheg_ir.diagnosis.service_decide import decide

GATEWAY = "Deployment/backend-gateway"
POSTGRES = "StatefulSet/postgres"
REDIS = "Deployment/redis"
REPORTS = "Deployment/report-runner"

WELL = Workload(
    ref=GATEWAY,
    desired=3,
    ready=3,
    verdict="healthy",
    reason="3 of 3 pods are ready",
    revision="backend-gateway-1",
    revision_age_s=86400 * 7,
    rollback=Rollback(possible=True, target="backend-gateway-0"),
)
RELEASED = replace(WELL, revision="backend-gateway-2", revision_age_s=300.0)
ONLY_REVISION = replace(RELEASED, rollback=Rollback(possible=False, reason="there is no older template"))


def probe(service: str, name: str, verdict: Any, reason: str = "measured") -> Probe:
    return Probe(service, name, "user", verdict, 1.0, "max 0.01", reason)


HEALTHY_PROBES = (
    probe("backend-gateway", "core", "healthy"),
    probe("postgres", "connections", "healthy"),
    probe("redis", "latency", "healthy"),
)
NORMAL = Facts(
    service="backend-gateway",
    workload=WELL,
    probes=HEALTHY_PROBES,
    dependencies={"postgres": POSTGRES, "redis": REDIS},
)


def database(holder: Any, own_idle: int = 0, other: int = 0) -> Database:
    refs = {"own": GATEWAY, "load": GATEWAY, "other": REPORTS}
    return Database(
        "postgres", POSTGRES, 40, 40, 43, 30, own_idle, other, holder, "40 of 40 taken", refs.get(holder, "")
    )


def errors(before: float | None) -> Errors:
    return Errors(failing=True, told="30.0% of requests fail", limit=0.01, ratio=0.3, before_revision=before)


def ill(facts: Facts, **changes: Any) -> Facts:
    """Give the service itself a measurable symptom."""
    bad = (probe("backend-gateway", "core", "unhealthy", "12 of 20 requests failed"), *HEALTHY_PROBES[1:])
    return replace(facts, probes=bad, **changes)


def with_redis(verdict: Any, **changes: Any) -> Facts:
    probes = (*HEALTHY_PROBES[:2], probe("redis", "latency", verdict, "0.8 is above 0.1"))
    return replace(NORMAL, probes=probes, **changes)


FAILING_START = replace(
    RELEASED,
    verdict="unhealthy",
    start_failures=(PodFailure("gw-2-x", "backend-gateway-2", "exit 3 Error"),),
    older_serving=2,
)
CRASHED = Crashes(3, ("gw-2-x", "gw-2-y"), (1, 1), on_current_revision=True)

CASES: dict[str, tuple[Facts, tuple[str, str, str, str], set[str]]] = {
    "nothing wrong": (NORMAL, (GATEWAY, "no_fault", "no_action", GATEWAY), set()),
    "the newest revision ends at start while older ones serve": (
        replace(NORMAL, workload=FAILING_START),
        (GATEWAY, "code_defect", "rollback_workload", GATEWAY),
        {"restart_workload", "restart_connection_pool"},
    ),
    "the newest revision cannot even be created": (
        replace(
            NORMAL,
            workload=replace(
                FAILING_START,
                start_failures=(PodFailure("gw-2-x", "r", "ErrImagePull", configuration=True),),
            ),
        ),
        (GATEWAY, "configuration_error", "rollback_workload", GATEWAY),
        {"restart_workload", "restart_connection_pool"},
    ),
    "nothing starts and nothing older is there": (
        replace(
            NORMAL,
            workload=replace(FAILING_START, older_serving=0, ready=0, rollback=ONLY_REVISION.rollback),
        ),
        (GATEWAY, "service_crash", "page_human", GATEWAY),
        {"rollback_workload"},
    ),
    "a dependency is slow by itself": (
        with_redis("unhealthy"),
        (REDIS, "dependency_failure", "page_human", REDIS),
        {"restart_workload", "scale_workload", "rollback_workload", "restart_connection_pool"},
    ),
    "another client holds the database's slots": (
        replace(NORMAL, database=database("other", other=10)),
        (REPORTS, "database_connection", "scale_database", POSTGRES),
        {"restart_connection_pool", "restart_workload", "rollback_workload"},
    ),
    "the service's own open transactions hold them": (
        replace(NORMAL, database=database("own", own_idle=28)),
        (GATEWAY, "database_connection", "restart_connection_pool", GATEWAY),
        set(),
    ),
    "the service's own work fills them": (
        replace(NORMAL, database=database("load")),
        (GATEWAY, "database_connection", "scale_database", POSTGRES),
        {"scale_workload"},
    ),
    "a full database is explained by its sessions, not called broken": (
        replace(
            NORMAL,
            probes=(HEALTHY_PROBES[0], probe("postgres", "connections", "unhealthy"), HEALTHY_PROBES[2]),
            database=database("own", own_idle=28),
        ),
        (GATEWAY, "database_connection", "restart_connection_pool", GATEWAY),
        set(),
    ),
    "killed for memory": (
        ill(NORMAL, workload=replace(WELL, oom_killed=("gw-1-x",))),
        (GATEWAY, "resource_exhaustion", "restart_workload", GATEWAY),
        set(),
    ),
    "memory near its limit": (
        replace(NORMAL, resources=Resources(memory_share=0.95)),
        (GATEWAY, "resource_exhaustion", "restart_workload", GATEWAY),
        set(),
    ),
    "processor throttled, with a symptom": (
        ill(NORMAL, resources=Resources(throttled_share=0.8)),
        (GATEWAY, "capacity", "scale_workload", GATEWAY),
        set(),
    ),
    "errors began with a release": (
        ill(NORMAL, workload=RELEASED, errors=errors(before=0.0)),
        (GATEWAY, "code_defect", "rollback_workload", GATEWAY),
        set(),
    ),
    "a release crashes after it has served": (
        ill(NORMAL, workload=replace(RELEASED, crashes=CRASHED)),
        (GATEWAY, "code_defect", "rollback_workload", GATEWAY),
        {"restart_workload", "restart_connection_pool"},
    ),
    "crashes that no release explains": (
        ill(NORMAL, workload=replace(WELL, crashes=CRASHED)),
        (GATEWAY, "service_crash", "restart_workload", GATEWAY),
        set(),
    ),
    "a symptom without an explanation": (
        ill(NORMAL),
        (GATEWAY, "unknown", "page_human", GATEWAY),
        set(),
    ),
    "no evidence at all": (
        Facts("backend-gateway", Workload(GATEWAY), sources=(Source("pods", False, 3, "refused"),)),
        (GATEWAY, "unknown", "page_human", GATEWAY),
        set(),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_first_finding_names_cause_and_remedy(case: str) -> None:
    facts, expected, _ = CASES[case]
    first = decide(facts).findings[0]
    assert (first.component, first.root_cause, first.remedy, first.target) == expected
    assert first.evidence, "a finding without evidence convinces nobody"


@pytest.mark.parametrize("case", CASES)
def test_useless_remedies_are_excluded_and_no_others(case: str) -> None:
    facts, _, excluded = CASES[case]
    decision = decide(facts)
    assert {e.remedy for e in decision.excluded} == excluded
    assert all(e.target == GATEWAY and e.reason for e in decision.excluded)


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        (NORMAL, "healthy"),
        (ill(NORMAL), "unhealthy"),
        (with_redis("unhealthy"), "unhealthy"),
        (replace(NORMAL, probes=(probe("backend-gateway", "core", "unknown"),)), "unknown"),
        (replace(NORMAL, workload=Workload(GATEWAY)), "unknown"),
        (replace(NORMAL, database=database("other", other=9)), "unhealthy"),
        (replace(NORMAL, probes=(), sources=(Source("probes", ok=False, ms=20000, note="late"),)), "unknown"),
    ],
)
def test_no_data_is_never_good_news(facts: Facts, verdict: str) -> None:
    assert decide(facts).verdict == verdict


def test_a_starved_service_does_not_make_its_dependencies_guilty() -> None:
    decision = decide(
        replace(
            ill(with_redis("unhealthy"), resources=Resources(throttled_share=0.9)),
            probes=(
                probe("backend-gateway", "core", "unhealthy"),
                probe("redis", "latency", "unhealthy", "slow as the gateway sees it"),
            ),
        )
    )
    assert decision.findings[0].root_cause == "capacity"
    assert decision.excluded == ()


def test_errors_that_were_there_before_the_release_are_not_its_fault() -> None:
    decision = decide(ill(NORMAL, workload=RELEASED, errors=errors(before=0.25)))
    assert all(f.root_cause != "code_defect" for f in decision.findings)


def test_an_old_release_is_not_blamed() -> None:
    decision = decide(ill(NORMAL, errors=errors(before=0.0)))
    assert all(f.remedy != "rollback_workload" for f in decision.findings)


def test_without_an_older_template_there_is_no_rollback() -> None:
    decision = decide(ill(NORMAL, workload=ONLY_REVISION, errors=errors(before=0.0)))
    assert [(e.remedy, e.reason) for e in decision.excluded] == [("rollback_workload", "there is no older template")]
    assert all(f.remedy != "rollback_workload" for f in decision.findings)


def test_transactions_left_open_since_a_release_point_to_the_release_too() -> None:
    decision = decide(replace(NORMAL, workload=RELEASED, database=database("own", own_idle=28)))
    assert [(f.root_cause, f.remedy) for f in decision.findings] == [
        ("database_connection", "restart_connection_pool"),
        ("code_defect", "rollback_workload"),
    ]


def test_a_single_restart_does_not_rule_another_out() -> None:
    once = replace(CRASHED, restarts=1)
    decision = decide(ill(NORMAL, workload=replace(RELEASED, crashes=once)))
    assert decision.excluded == ()


# Every combination of what may be known, for the invariants.
VERDICTS = st.sampled_from(["healthy", "unhealthy", "unknown"])
SHARES = st.none() | st.floats(0, 1)
WORKLOADS = st.builds(
    Workload,
    ref=st.just(GATEWAY),
    ready=st.none() | st.integers(0, 3),
    verdict=VERDICTS,
    revision_age_s=st.none() | st.floats(0, 1e6),
    start_failures=st.sampled_from([(), FAILING_START.start_failures]),
    older_serving=st.integers(0, 2),
    crashes=st.none() | st.builds(replace, st.just(CRASHED), restarts=st.integers(1, 5)),
    oom_killed=st.sampled_from([(), ("gw-x",)]),
    rollback=st.none() | st.builds(Rollback, st.booleans(), reason=st.just("no older template")),
)
FACTS = st.builds(
    Facts,
    service=st.just("backend-gateway"),
    workload=WORKLOADS,
    probes=st.lists(
        st.builds(
            probe,
            st.sampled_from(["backend-gateway", "postgres", "redis"]),
            st.just("p"),
            VERDICTS,
        )
    ).map(tuple),
    dependencies=st.just({"postgres": POSTGRES, "redis": REDIS}),
    database=st.none() | st.sampled_from(["own", "other", "load", "nobody"]).map(database),
    resources=st.builds(Resources, SHARES, SHARES, SHARES),
    errors=st.none() | st.builds(Errors, st.booleans(), st.just("seen"), st.just(0.01), SHARES, SHARES),
)


@given(FACTS)
def test_whatever_is_seen_the_decision_holds_together(facts: Facts) -> None:
    decision = decide(facts)
    assert decision.findings
    proposed = {(f.remedy, f.target) for f in decision.findings}
    assert not proposed & {(e.remedy, e.target) for e in decision.excluded}
    confidences = [f.confidence for f in decision.findings]
    assert confidences == sorted(confidences, reverse=True)
    assert all(0 < c <= 1 for c in confidences)
    healthy = decision.verdict == "healthy"
    assert healthy == (decision.findings[0].root_cause == "no_fault")
    if healthy:
        assert facts.workload.verdict == "healthy"


@given(FACTS)
def test_a_rollback_is_proposed_only_when_there_is_something_to_go_back_to(facts: Facts) -> None:
    if any(f.remedy == "rollback_workload" for f in decide(facts).findings):
        assert facts.workload.rollback is not None
        assert facts.workload.rollback.possible
