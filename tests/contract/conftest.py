"""The servers that must answer alike: the simulated one and, where it runs, the lab."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import LAB_HOME
from tests.sim.api_client import ApiClient
from tests.sim.objects import deployment, lease, stateful_set
from tuheg_ir.sim.behaviour import Behaviour, Rule
from tuheg_ir.sim.cluster import SimulatedCluster

NAMESPACE = "sim-compare"
PLACES = {
    "configmaps": "/api/v1",
    "pods": "/api/v1",
    "deployments": "/apis/apps/v1",
    "replicasets": "/apis/apps/v1",
    "statefulsets": "/apis/apps/v1",
    "ingresses": "/apis/networking.k8s.io/v1",
    "leases": "/apis/coordination.k8s.io/v1",
    "horizontalpodautoscalers": "/apis/autoscaling/v2",
    "poddisruptionbudgets": "/apis/policy/v1",
    "roles": "/apis/rbac.authorization.k8s.io/v1",
}


def place(short: str) -> str:
    """Return the path of ``deployments/web`` in the namespace of these tests; a path stays one."""
    if short.startswith("/"):
        return short.replace("{ns}", NAMESPACE)
    plural, _, _ = short.partition("?")[0].partition("/")
    return f"{PLACES[plural]}/namespaces/{NAMESPACE}/{short}"


@dataclass(frozen=True, slots=True)
class Server:
    """A server under test, with the objects in it that cases.yml names."""

    name: str
    kubeconfig: Path
    api: ApiClient


def _objects() -> Iterator[tuple[str, dict[str, Any]]]:
    yield "deployments", deployment(image="registry.invalid/none:1", replicas=0)
    yield "statefulsets", stateful_set(image="registry.invalid/none:1", replicas=0)
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    ingress = {"rules": [{"host": "compare.example", "http": {"paths": paths}}]}
    yield "ingresses", _object("networking.k8s.io/v1", "Ingress", "main", spec=ingress)
    yield "leases", lease()
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    scaler = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 4}
    yield "horizontalpodautoscalers", _object("autoscaling/v2", "HorizontalPodAutoscaler", "web", spec=scaler)
    yield "configmaps", _object("v1", "ConfigMap", "settings", data={"a": "b"})


def _object(api_version: str, kind: str, name: str, **rest: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **rest}


def _fill(api: ApiClient) -> None:
    namespaces = "/api/v1/namespaces"
    api("DELETE", f"{namespaces}/{NAMESPACE}")
    end = time.monotonic() + 60
    while api("GET", f"{namespaces}/{NAMESPACE}").code == 200:
        assert time.monotonic() < end, f"namespace {NAMESPACE} does not go away"
        time.sleep(0.2)
    assert api("POST", namespaces, _object("v1", "Namespace", NAMESPACE)).code == 201
    for plural, obj in _objects():
        made = api("POST", place(plural), obj)
        assert made.code == 201, made.body
    end = time.monotonic() + 30
    while not api("GET", place("deployments/web")).body["status"].get("observedGeneration"):
        assert time.monotonic() < end, "the Deployment controller does not look at web"
        time.sleep(0.1)


@pytest.fixture(scope="session", params=["sim", pytest.param("lab", marks=pytest.mark.lab)])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if request.param == "lab":
        kubeconfig = LAB_HOME / "run" / "admin.conf"
        api = ApiClient(kubeconfig)
        _fill(api)
        yield Server("lab", kubeconfig, api)
        api("DELETE", f"/api/v1/namespaces/{NAMESPACE}")
        return
    crash = Rule("registry.invalid/*", env={"CRASH": "yes"}, behaviour=Behaviour(exit_after_s=0.3, exit_code=1))
    simulated = SimulatedCluster(rules=[crash, Rule("registry.invalid/*")])
    simulated.clock.run(5)
    with simulated as cluster:
        kubeconfig = cluster.kubeconfig(tmp_path_factory.mktemp("sim"))
        api = ApiClient(kubeconfig)
        _fill(api)
        yield Server("sim", kubeconfig, api)
