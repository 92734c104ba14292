"""A broken platform shows its symptom, and the cure takes it away, without a single sleep."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from ansible_collections.tuheg.ir.plugins.module_utils import probes, sessions
from hypothesis import given
from hypothesis import strategies as st

from tests import layout
from tuheg_ir.sim.answers import Request
from tuheg_ir.sim.patches import STRATEGIC_PATCH
from tuheg_ir.sim.platform.gateway import Gateway, Settings
from tuheg_ir.sim.platform.ingress import Ingress
from tuheg_ir.sim.platform.model import NAMESPACE
from tuheg_ir.sim.pod_calls import Call
from tuheg_ir.sim.prometheus.evaluate import Evaluator
from tuheg_ir.sim.prometheus.parser import parse
from tuheg_ir.sim.resources import by_key
from tuheg_ir.sim.scenario import scenarios
from tuheg_ir.sim.simulation import Simulation

EXAMPLE = layout.ROOT / "inventories" / "example" / "group_vars" / "clusters.yml"
SERVICES: dict[str, Any] = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))["ir_services"]
HEALTHY_IMAGE = "registry.invalid/lab/backend-gateway:1.0.0"

# Scenario -> probes that are not healthy: all of these, and none but these and the optional ones.
SHOWN: dict[str, tuple[set[str], set[str]]] = {
    "leaked-transactions": (
        {"postgres/connections", "backend-gateway/core", "backend-gateway/errors"},
        {"backend-gateway/latency"},
    ),
    "slow-leak": (
        {"postgres/connections"},
        {"backend-gateway/core", "backend-gateway/errors", "backend-gateway/latency"},
    ),
    "foreign-sessions": ({"postgres/connections"}, set()),
    "slow-dependency": ({"backend-gateway/latency", "redis/latency"}, set()),
    "cpu-starvation": ({"backend-gateway/latency"}, {"backend-gateway/core"}),
    "bad-release": ({"backend-gateway/core", "backend-gateway/errors"}, set()),
    "memory-leak": (
        {"backend-gateway/oom_killed"},
        {"backend-gateway/memory", "backend-gateway/core", "backend-gateway/errors"},
    ),
    "slow-memory-leak": ({"backend-gateway/oom_killed"}, {"backend-gateway/memory"}),
    "crash-at-start": (set(), set()),
    "crash-later": (
        set(),
        {"backend-gateway/core", "backend-gateway/errors", "backend-gateway/latency", "backend-gateway/memory"},
    ),
    "nothing-is-wrong": (set(), set()),
    "image-cannot-be-pulled": (set(), set()),
    "settings-are-missing": (set(), set()),
    "two-faults-at-once": ({"postgres/connections", "backend-gateway/core", "backend-gateway/errors"}, set()),
    "settings-changed-outside": ({"backend-gateway/core", "backend-gateway/errors"}, set()),
    "secret-is-gone": (set(), set()),
    "database-is-busy": ({"backend-gateway/latency"}, set()),
    "quota-stops-a-release": (set(), set()),
}


def looked(simulation: Simulation) -> dict[str, str]:
    """Return verdicts by probe, asked over the simulation's own ports."""
    places = simulation.start(speed=50)
    try:
        results = probes.run_probes(
            SERVICES,
            prometheus_url=places.prometheus,
            ingress_url=places.ingress,
            namespace=NAMESPACE,
            window="20s",
            since=None,
            timeout_s=60,
        )
    finally:
        simulation.stop()
    return {f"{result.service}/{result.name}": result.verdict for result in results}


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_a_scenario_shows_its_symptom_and_no_other(name: str) -> None:
    verdicts = looked(Simulation(scenarios()[name]))
    ill = {probe for probe, verdict in verdicts.items() if verdict != "healthy"}
    must, may = SHOWN[name]
    assert must <= ill <= must | may


def test_without_figures_nobody_knows() -> None:
    verdicts = looked(Simulation(scenarios()["metrics-vanish"]))
    unknown = {probe for probe, verdict in verdicts.items() if verdict == "unknown"}
    assert {"backend-gateway/errors", "backend-gateway/latency", "postgres/connections"} <= unknown
    assert "unhealthy" not in verdicts.values()


# --- cures, on a standing clock ---


def broken(name: str) -> Simulation:
    return Simulation(scenarios()[name])


def value(simulation: Simulation, query: str) -> float:
    now = simulation.cluster.clock.stamp().timestamp()
    found = Evaluator(simulation.samples).over(parse(query), [now])
    assert isinstance(found, list)
    (track,) = found
    (told,) = track.values
    assert told is not None
    return told


ASKED = "rate(traefik_service_requests_total"
ERRORS = f'(sum({ASKED}{{code=~"5.."}}[30s])) or vector(0)) / sum({ASKED}[30s]))'
LATENCY = "histogram_quantile(0.95, sum by (le) (rate(traefik_service_request_duration_seconds_bucket[30s])))"


def patch(simulation: Simulation, spec: dict[str, Any]) -> None:
    with simulation.cluster.store.lock:
        resource = by_key()["deployments.apps"]
        simulation.cluster.registry.patch(resource, NAMESPACE, "backend-gateway", STRATEGIC_PATCH, {"spec": spec})


def go_back(simulation: Simulation) -> None:
    container = {"name": "gateway", "image": HEALTHY_IMAGE, "env": [{"name": "GATEWAY_FAULT", "$patch": "delete"}]}
    patch(simulation, {"template": {"spec": {"containers": [container]}}})


def restart(simulation: Simulation, mark: str) -> None:
    patch(simulation, {"template": {"metadata": {"annotations": {"ir.tuheg.com/restarted-by": mark}}}})


def test_going_back_heals_a_bad_release() -> None:
    simulation = broken("bad-release")
    assert value(simulation, ERRORS) == pytest.approx(0.3, abs=0.05)
    go_back(simulation)
    simulation.cluster.engine.run_for(60)
    assert value(simulation, ERRORS) == 0.0


def test_a_restart_does_not_heal_a_bad_release() -> None:
    simulation = broken("bad-release")
    restart(simulation, "once")
    simulation.cluster.engine.run_for(60)
    assert value(simulation, ERRORS) == pytest.approx(0.3, abs=0.05)


def test_five_replicas_are_enough_where_three_starve() -> None:
    simulation = broken("cpu-starvation")
    assert value(simulation, LATENCY) > 1
    patch(simulation, {"replicas": 5})
    simulation.cluster.engine.run_for(60)
    assert value(simulation, LATENCY) < 1


def test_a_restart_heals_a_leak_until_it_has_grown_again() -> None:
    simulation = broken("memory-leak")
    memory = 'max(container_memory_working_set_bytes{container="gateway"})'
    restart(simulation, "once")
    simulation.cluster.engine.run_for(20)
    fresh = value(simulation, memory)
    simulation.cluster.engine.run_for(60)
    assert value(simulation, memory) > fresh
    simulation.cluster.engine.run_for(120)
    pods = simulation.cluster.store.objects("pods", NAMESPACE)
    ends = [
        row["lastState"].get("terminated", {}).get("reason") for p in pods for row in p["status"]["containerStatuses"]
    ]
    assert "OOMKilled" in ends


def psql(simulation: Simulation, sql: str) -> str:
    pod = simulation.cluster.store.get("pods", NAMESPACE, "postgres-0")
    assert pod is not None
    output = simulation.cluster.pod_calls.execute(Call(pod, "postgres", tuple(sessions.psql_words(sql))))
    assert output is not None
    assert output.code == 0
    return output.out


def decided(simulation: Simulation, whose: str) -> dict[str, Any]:
    pods = simulation.cluster.store.objects("pods", NAMESPACE)
    found: dict[str, Any] = sessions.decide_sessions(
        psql(simulation, sessions.SESSIONS_SQL), pods=pods, service="backend-gateway", whose=whose
    )
    return found


def test_ending_leaked_sessions_helps_until_the_release_leaks_again() -> None:
    simulation = broken("leaked-transactions")
    found = decided(simulation, "own")
    assert found["holder"] == "own"
    assert found["exhausted"]
    ended = json.loads(psql(simulation, found["sql"]))
    assert ended["ended"] == ended["asked"] > 20
    simulation.cluster.engine.run_for(4)
    assert decided(simulation, "own")["used"] < 20
    simulation.cluster.engine.run_for(90)
    assert decided(simulation, "own")["exhausted"]


def test_the_sessions_of_another_client_are_named_and_can_be_ended() -> None:
    simulation = broken("foreign-sessions")
    found = decided(simulation, "other")
    assert (found["holder"], found["clients"]) == ("other", ["report-runner"])
    assert json.loads(psql(simulation, found["sql"]))["ended"] == found["count"]


def test_a_reporting_job_does_not_come_back_for_sessions_that_were_ended() -> None:
    simulation = broken("foreign-sessions")
    psql(simulation, decided(simulation, "other")["sql"])
    simulation.cluster.engine.run_for(60)
    assert decided(simulation, "other")["used"] < 20


def test_a_session_is_ended_only_with_its_own_start() -> None:
    simulation = broken("foreign-sessions")
    sql = decided(simulation, "other")["sql"].replace("timestamptz '20", "timestamptz '19")
    assert json.loads(psql(simulation, sql))["ended"] == 0


def test_other_statements_are_refused() -> None:
    simulation = Simulation()
    pod = simulation.cluster.store.get("pods", NAMESPACE, "postgres-0")
    assert pod is not None
    output = simulation.cluster.pod_calls.execute(Call(pod, "postgres", ("psql", "-c", "DROP TABLE orders")))
    assert output is not None
    assert (output.code, output.err) == (1, "ERROR:  this statement is not simulated\n")


# --- on a busy machine ---


def test_rates_stay_true_when_every_look_comes_late() -> None:
    simulation = Simulation()
    engine, clock, platform = simulation.cluster.engine, simulation.cluster.clock, simulation.platform

    def keep_busy() -> None:
        clock.advance(7)
        engine.after(4, keep_busy)

    began, counted = clock.seconds(), platform.database_cpu
    engine.after(3, keep_busy)
    engine.run_for(600)
    used = (platform.database_cpu - counted) / (clock.seconds() - began)
    assert used == pytest.approx(platform.database_cores, rel=0.03)


# --- visitors ---


@pytest.fixture(scope="module")
def healthy() -> Simulation:
    return Simulation()


def visits(simulation: Simulation, host: str, path: str) -> Iterator[int]:
    ingress = Ingress(simulation.platform, simulation.cluster.store.lock, pause=lambda _seconds: None)
    while True:
        yield ingress.answer(Request("GET", path, {}, {"host": host})).code


@pytest.mark.parametrize(
    ("host", "path", "code"),
    [
        ("gateway.example", "/api/orders", 200),
        ("gateway.example:8080", "/api/orders/7", 200),
        ("gateway.example", "/api/ordersx", 404),
        ("gateway.example", "/", 404),
        ("partner.gateway.example", "/api/anything", 200),
        ("other.example", "/api/orders", 404),
    ],
)
def test_hosts_and_paths_lead_where_the_ingress_says(healthy: Simulation, host: str, path: str, code: int) -> None:
    assert next(visits(healthy, host, path)) == code


def test_nobody_serves_when_there_are_no_pods() -> None:
    simulation = Simulation()
    with simulation.cluster.store.lock:
        simulation.cluster.registry.delete(
            by_key()["horizontalpodautoscalers.autoscaling"], NAMESPACE, "backend-gateway", {}
        )
    patch(simulation, {"replicas": 0})
    simulation.cluster.engine.run_for(10)
    assert next(visits(simulation, "gateway.example", "/api/orders")) == 503


@given(st.floats(0, 1), st.integers(1, 300))
def test_single_requests_fail_as_often_as_the_share_says(share: float, number: int) -> None:
    gateway = Gateway("pod", "10.0.0.1", Settings(), failing=share)
    failed = sum(gateway.fails_now() for _ in range(number))
    assert abs(failed - share * number) < 1 + 1e-6
