"""Facts are taken from raw objects, and what is not there stays unknown."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.diagnosis.objects import (
    NAMESPACE,
    NOW,
    SERVICES,
    deployment,
    ended,
    pod,
    replicaset,
    sessions,
)
from tuheg_ir.diagnosis import decide
from tuheg_ir.diagnosis.diagnose import UTILS, figures
from tuheg_ir.diagnosis.facts import Facts
from tuheg_ir.diagnosis.quantities import quantity
from tuheg_ir.diagnosis.slim import facts
from tuheg_ir.diagnosis.sources import Context
from tuheg_ir.project import find_project

OLD, NEW = replicaset("1", 1, age=86400), replicaset("2", 2, age=120)


@pytest.fixture(scope="module")
def context() -> Context:
    return Context(
        client=None,
        utils=find_project().module_utils(*UTILS),
        namespace=NAMESPACE,
        service="backend-gateway",
        services=SERVICES,
        prometheus_url="",
        ingress_url="",
        window="",
        end=0.0,
    )


def slimmed(context: Context, **answers: Any) -> Facts:
    return facts(context, answers, [], now=NOW)


def healthy(**changes: Any) -> dict[str, Any]:
    return {
        "deployments": [deployment("2")],
        "revisions": [OLD, NEW],
        "pods": [pod(2, name, age=110) for name in "abc"],
        **changes,
    }


def test_a_healthy_service(context: Context) -> None:
    found = slimmed(context, **healthy()).workload
    assert (found.verdict, found.desired, found.ready, found.revision) == ("healthy", 3, 3, "backend-gateway-h2")
    assert found.revision_age_s == pytest.approx(110)
    assert found.rollback is not None
    assert (found.rollback.possible, found.rollback.target) == (True, "backend-gateway-h1")
    assert (found.start_failures, found.crashes, found.oom_killed) == ((), None, ())


def test_nothing_read_is_nothing_known(context: Context) -> None:
    found = slimmed(context)
    assert found.workload.verdict == "unknown"
    assert found.database is None
    assert found.errors is None
    assert (found.resources.memory_share, found.resources.cpu_share) == (None, None)
    assert decide(found).verdict == "unknown"


def test_a_workload_that_is_not_there_is_unhealthy(context: Context) -> None:
    found = slimmed(context, deployments=[], pods=[], revisions=[])
    assert (found.workload.verdict, found.workload.reason) == ("unhealthy", "there is no such workload")


CRASHING = pod(2, "x", ready=False, age=30, restarts=1, state=ended(3), last=ended(3, ago=40))
NO_CONFIG = pod(
    2, "x", ready=False, age=30,
    state={"waiting": {"reason": "CreateContainerConfigError", "message": 'configmap "c" not found'}},
)  # fmt: skip


@pytest.mark.parametrize(("bad", "configuration"), [(CRASHING, False), (NO_CONFIG, True)])
def test_pods_that_never_served_while_older_ones_do(context: Context, bad: Any, configuration: bool) -> None:
    old = [pod(1, name, age=86000) for name in "ab"]
    found = slimmed(
        context,
        **healthy(deployments=[deployment("2", rolled_out=False, ready=2)], pods=[*old, bad]),
    )
    (failure,) = found.workload.start_failures
    assert (failure.pod, failure.configuration) == ("backend-gateway-h2-x", configuration)
    assert found.workload.older_serving == 2
    decision = decide(found)
    assert decision.findings[0].remedy == "rollback_workload"
    assert "restart_workload" in [e.remedy for e in decision.excluded]


def test_pods_that_served_and_crashed_are_not_failing_at_start(context: Context) -> None:
    crashed = [pod(2, name, age=110, restarts=2, last=ended(1)) for name in "abc"]
    found = slimmed(context, **healthy(pods=crashed)).workload
    assert found.start_failures == ()
    assert found.crashes is not None
    assert (found.crashes.restarts, found.crashes.on_current_revision) == (6, True)
    assert set(found.crashes.exit_codes) == {1}


@pytest.mark.parametrize(
    "last",
    [
        pytest.param(ended(137), id="killed from outside"),
        pytest.param(ended(143), id="told to end"),
        pytest.param(ended(0), id="ended in peace"),
        pytest.param(ended(1, ago=7200), id="long ago"),
    ],
)
def test_what_is_no_crash(context: Context, last: Any) -> None:
    found = slimmed(context, **healthy(pods=[pod(2, "a", restarts=3, last=last)])).workload
    assert found.crashes is None


def test_killed_for_memory_only_if_kubernetes_says_so(context: Context) -> None:
    pods = [
        pod(2, "a", restarts=1, last=ended(137, reason="OOMKilled")),
        pod(2, "b", restarts=1, last=ended(137)),
        pod(2, "c", restarts=1, last=ended(137, reason="OOMKilled", ago=7200)),
    ]
    found = slimmed(context, **healthy(pods=pods)).workload
    assert found.oom_killed == ("backend-gateway-h2-a",)
    assert found.crashes is None


def test_without_another_template_there_is_no_way_back(context: Context) -> None:
    found = slimmed(context, **healthy(revisions=[NEW])).workload
    assert found.rollback is not None
    assert not found.rollback.possible
    assert found.rollback.reason


def test_a_template_used_again_is_as_young_as_its_pods(context: Context) -> None:
    old_used_again = replicaset("2", 3, age=86400)
    found = slimmed(context, **healthy(revisions=[OLD, old_used_again], pods=[pod(3, "a", age=60)]))
    assert found.workload.revision_age_s == pytest.approx(60)


def test_shares_are_those_of_the_busiest_pod(context: Context) -> None:
    limits = {"cpu": "500m", "memory": "128Mi"}
    pods = [pod(2, name, limits=limits) for name in "ab"]
    usage = [
        {"metadata": {"name": p["metadata"]["name"]}, "containers": [{"name": "gateway", "usage": used}]}
        for p, used in zip(pods, [{"cpu": "100m", "memory": "32Mi"}, {"cpu": "450m", "memory": "65536Ki"}], strict=True)
    ]
    found = slimmed(context, **healthy(pods=pods, usage=usage, throttling=0.4)).resources
    assert found.memory_share == pytest.approx(0.5)
    assert found.cpu_share == pytest.approx(0.9)
    assert found.throttled_share == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("text", "number"),
    [("250m", 0.25), ("1", 1), ("128Mi", 134217728), ("25800Ki", 26419200), ("1e3", 1000), ("5n", 5e-9), ("2G", 2e9)],
)
def test_quantities(text: str, number: float) -> None:
    assert quantity(text) == pytest.approx(number)


@pytest.mark.parametrize("text", ["", "Mi", "1..2", "1Xi", "-1", "1 Mi", "\x1f", "1.2.3"])
def test_what_is_no_quantity(text: str) -> None:
    with pytest.raises(ValueError, match="is not a quantity"):
        quantity(text)


@given(st.floats(0, 1e9), st.sampled_from(["", "m", "k", "Ki", "Mi", "Gi"]))
def test_quantities_keep_their_order(number: float, unit: str) -> None:
    assert quantity(f"{number:.3f}{unit}") <= quantity(f"{number + 1:.3f}{unit}")


OWN, REPORTS = "10.0.0.1", "10.0.0.9"


def reporter() -> dict[str, Any]:
    made = pod(9, "r", address=REPORTS)
    made["metadata"]["ownerReferences"][0]["name"] = "report-runner-h9"
    return made


@pytest.mark.parametrize(
    ("rows", "holder", "ref"),
    [
        ([(OWN, "idle", 5)], "nobody", ""),
        ([(OWN, "idle in transaction", 30), (OWN, "active", 7)], "own", "Deployment/backend-gateway"),
        ([(OWN, "active", 6), (REPORTS, "idle", 31)], "other", "Deployment/report-runner"),
        ([(OWN, "active", 6), ("192.0.2.7", "idle", 31)], "other", "192.0.2.7"),
        ([(OWN, "active", 37)], "load", "Deployment/backend-gateway"),
    ],
)
def test_who_holds_the_databases_slots(context: Context, rows: Any, holder: str, ref: str) -> None:
    pods = [pod(2, "a", address=OWN), reporter()]
    found = slimmed(context, **healthy(pods=pods, sessions=sessions(*rows))).database
    assert found is not None
    assert (found.ref, found.holder, found.holder_ref) == ("StatefulSet/postgres", holder, ref)
    assert (found.usable, found.maximum) == (37, 40)


def answer(**changes: Any) -> SimpleNamespace:
    made = {
        "service": "backend-gateway",
        "name": "errors",
        "purpose": "user",
        "verdict": "healthy",
        "value": 0.0,
        "threshold": "max 0.01",
        "samples": 100.0,
        "reason": "0, the limit is 0.01",
        "at": "",
    }
    return SimpleNamespace(**{**made, **changes})


FAILED_ANSWERS = answer(
    name="core", purpose="core_function", verdict="unhealthy", value=3, reason="3 of 20 requests failed: status 500"
)


@pytest.mark.parametrize(
    ("answers", "failing"),
    [
        ([answer()], False),
        ([answer(value=0.3, verdict="unhealthy")], True),
        ([answer(), FAILED_ANSWERS], True),
        (
            [answer(), answer(name="core", purpose="core_function", verdict="unhealthy", reason="no answer in 3 s")],
            False,
        ),
    ],
)
def test_errors_show_in_the_share_or_in_our_own_requests(context: Context, answers: Any, failing: bool) -> None:
    found = slimmed(context, **healthy(probes=answers)).errors
    assert found is not None
    assert found.failing is failing


def test_a_share_that_is_not_known_is_no_share(context: Context) -> None:
    assert slimmed(context, **healthy(probes=[answer(value=None, verdict="unknown")])).errors is None


def test_figures_leave_out_what_is_not_known(context: Context) -> None:
    shown = figures(slimmed(context))
    assert shown["resources"] == {}
    assert "database" not in shown
    assert "desired" not in shown["pods"]
