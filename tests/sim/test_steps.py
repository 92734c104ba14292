"""What scenarios can do beside releases: make objects, replace settings, use up a processor, let time pass."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.sim.test_simulation import ERRORS, LATENCY, broken, value
from tuheg_ir.sim.platform.model import NAMESPACE
from tuheg_ir.sim.resources import by_key
from tuheg_ir.sim.simulation import Simulation


def write(simulation: Simulation, data: dict[str, str]) -> None:
    meta = {"name": "gateway-features", "namespace": NAMESPACE}
    simulation.cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data})


def test_a_running_gateway_reads_its_mounted_settings_as_they_are_now() -> None:
    simulation = broken("settings-changed-outside")
    assert value(simulation, ERRORS) == pytest.approx(0.4, abs=0.05)
    write(simulation, {"GATEWAY_FAULT": ""})
    simulation.cluster.engine.run_for(60)
    assert value(simulation, ERRORS) == 0.0


def test_a_database_without_processor_is_well_when_the_queries_stop() -> None:
    simulation = broken("database-is-busy")
    cores = 'sum(rate(container_cpu_usage_seconds_total{container="postgres"}[30s]))'
    assert value(simulation, LATENCY) > 1
    assert value(simulation, cores) == pytest.approx(0.5, abs=0.02)
    with simulation.cluster.store.lock:
        simulation.cluster.registry.delete(by_key()["deployments.apps"], NAMESPACE, "query-runner", {})
    simulation.cluster.engine.run_for(60)
    assert value(simulation, LATENCY) < 1
    assert value(simulation, cores) == pytest.approx(0.03, abs=0.02)


def test_time_passes_between_steps_and_ends_now() -> None:
    simulation = broken("settings-changed-outside")
    made = {obj["metadata"]["name"]: obj["metadata"]["creationTimestamp"] for obj in _all(simulation, "configmaps")}
    age = simulation.cluster.clock.stamp() - datetime.fromisoformat(made["gateway-features"])
    assert age == pytest.approx(timedelta(minutes=3), abs=timedelta(seconds=2)), "replaced, three minutes ago"
    (newest, *_) = sorted(
        (obj["metadata"]["creationTimestamp"] for obj in _all(simulation, "replicasets.apps") if _mine(obj)),
        reverse=True,
    )
    released = simulation.cluster.clock.stamp() - datetime.fromisoformat(newest)
    assert released == pytest.approx(timedelta(minutes=33), abs=timedelta(seconds=2))
    assert abs(simulation.cluster.clock.stamp() - datetime.now(UTC)) < timedelta(minutes=1)


def _all(simulation: Simulation, key: str) -> list[dict[str, Any]]:
    return list(simulation.cluster.store.objects(key, NAMESPACE))


def _mine(obj: dict[str, Any]) -> bool:
    return str(obj["metadata"]["name"]).startswith("backend-gateway-")
