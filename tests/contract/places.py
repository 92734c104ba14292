"""The places that must answer alike: the simulated cluster, the control plane alone, the whole lab."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab.pki import write_private
from rbac.generate import ACCOUNT, manifests
from tests.conftest import CLUSTERS
from tests.sim.api_client import ApiClient
from tests.sim.objects import deployment, lease, stateful_set
from tuheg_ir.sim.behaviour import Behaviour, Rule
from tuheg_ir.sim.cluster import SimulatedCluster

NAMESPACE = "ir-contract"
NAMESPACES = "/api/v1/namespaces"
#: What the account may act on.
SERVICES: dict[str, Any] = {
    "app": {"kind": "Deployment", "replicas": {"surge": 3, "floor": 1}},
    "ghost": {"kind": "Deployment", "replicas": {"surge": 3, "floor": 1}},
}
#: Everything that a case can need -> the places that have it.
PLACES = {"": ("sim", "plane", "lab"), "node": ("sim", "lab"), "real": ("plane", "lab")}
PATHS = {
    "configmaps": "/api/v1",
    "pods": "/api/v1",
    "secrets": "/api/v1",
    "services": "/api/v1",
    "deployments": "/apis/apps/v1",
    "replicasets": "/apis/apps/v1",
    "statefulsets": "/apis/apps/v1",
    "ingresses": "/apis/networking.k8s.io/v1",
    "leases": "/apis/coordination.k8s.io/v1",
    "horizontalpodautoscalers": "/apis/autoscaling/v2",
    "poddisruptionbudgets": "/apis/policy/v1",
    "roles": "/apis/rbac.authorization.k8s.io/v1",
}
#: What images do in the simulated cluster that in the lab they do because of their command.
RULES = (
    Rule("registry.invalid/*", env={"CRASH": "yes"}, behaviour=Behaviour(exit_after_s=0.3, exit_code=1)),
    Rule("registry.invalid/*", behaviour=Behaviour(logs=("hello",))),
)


def where(need: str = "") -> list[Any]:
    """Return the places in which something can be asked, as parameters: the marker of a real one is its name."""
    return [pytest.param(place, marks=_marks(place)) for place in PLACES[need]]


def everywhere(cases: list[dict[str, Any]]) -> list[Any]:
    """Return (place, case) for every case in every place that has what it `needs`."""
    return [
        pytest.param(place, case, marks=_marks(place), id=f"{place}-{case['name']}")
        for case in cases
        for place in PLACES[case.get("needs", "")]
    ]


def _marks(place: str) -> list[pytest.MarkDecorator]:
    """Return the markers of a place: that of a real one is its name."""
    return [getattr(pytest.mark, place)] if place in CLUSTERS else []


def place(short: str) -> str:
    """Return the path of ``deployments/web`` in the namespace of these tests; a path stays one."""
    if short.startswith("/"):
        return short.replace("{ns}", NAMESPACE)
    plural, _, _ = short.partition("?")[0].partition("/")
    return f"{PATHS[plural]}/namespaces/{NAMESPACE}/{short}"


@dataclass(frozen=True, slots=True)
class Server:
    """A server under test, with the objects in it that the cases name.

    ``kubeconfig`` and ``api`` are the administrator's, ``account`` and ``limited`` those of the
    least-privilege account, whose rights are generated. ``token`` gives one for that account in any
    namespace that has it.
    """

    name: str
    kubeconfig: Path
    api: ApiClient
    account: Path
    limited: ApiClient
    token: Callable[[str], str]

    def account_in(self, namespace: str, folder: Path) -> Path:
        """Write a kubeconfig of the account of another namespace and return its path."""
        return _account_config(self.kubeconfig, self.token(namespace), namespace, folder / "account")


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


def make_namespace(api: ApiClient, name: str = NAMESPACE) -> None:
    """Make a namespace; one that an earlier run has left goes first."""
    path = f"{NAMESPACES}/{name}"
    api("DELETE", path)
    wait_for(lambda: api("GET", path).code == 404, f"namespace {name} does not go away")
    assert api("POST", NAMESPACES, _object("v1", "Namespace", name)).code == 201
    # on a real one a controller makes it; without it no pod is made
    accounts = f"{path}/serviceaccounts"
    wait_for(
        lambda: api("GET", f"{accounts}/default").code == 200 or api("POST", accounts, _account("default")).code == 201,
        "there is no account for pods",
    )


def _account(name: str) -> dict[str, Any]:
    return _object("v1", "ServiceAccount", name)


def grant(api: ApiClient, platform: Mapping[str, Any]) -> None:
    """Make the account with its generated rights."""
    for obj in manifests(platform):
        group = f"/apis/{obj['apiVersion']}" if "/" in obj["apiVersion"] else "/api/v1"
        path = f"{group}/namespaces/{platform['ir_namespace']}/{obj['kind'].lower()}s"
        assert api("POST", path, obj).code == 201


def _fill(api: ApiClient) -> None:
    make_namespace(api)
    grant(api, {"ir_namespace": NAMESPACE, "ir_services": SERVICES})
    for plural, obj in _objects():
        made = api("POST", place(plural), obj)
        assert made.code == 201, made.body
    observed = "deployments/web"
    wait_for(
        lambda: api("GET", place(observed)).body["status"].get("observedGeneration"),
        "the Deployment controller does not look at web",
    )


def wait_for(test: Any, otherwise: str = "it did not happen in time", seconds: float = 90) -> Any:
    """Return what a test gives once it gives something true."""
    end = time.monotonic() + seconds
    while not (found := test()):
        assert time.monotonic() < end, otherwise
        time.sleep(0.1)
    return found


@contextmanager
def open_place(name: str, folder: Path) -> Iterator[Server]:
    """Give the place with the objects of these tests in it; take them away afterwards."""
    with _simulated(folder) if name == "sim" else _real(name, folder) as server:
        yield server


@contextmanager
def _simulated(folder: Path) -> Iterator[Server]:
    simulated = SimulatedCluster(rules=RULES)
    simulated.clock.run(5)
    with simulated as cluster:
        yield _opened("sim", cluster.kubeconfig(folder), folder, lambda n: cluster.authorizer.add_account(n, ACCOUNT))


@contextmanager
def _real(name: str, folder: Path) -> Iterator[Server]:
    kubeconfig, _ = CLUSTERS[name]
    api = ApiClient(kubeconfig)
    yield _opened(name, kubeconfig, folder, lambda namespace: _requested_token(api, namespace))
    api("DELETE", f"{NAMESPACES}/{NAMESPACE}")


def _opened(name: str, kubeconfig: Path, folder: Path, token: Callable[[str], str]) -> Server:
    api = ApiClient(kubeconfig)
    _fill(api)
    account = _account_config(kubeconfig, token(NAMESPACE), NAMESPACE, folder / "account")
    return Server(name, kubeconfig, api, account, ApiClient(account), token)


def _requested_token(api: ApiClient, namespace: str) -> str:
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 7200}}
    made = api("POST", f"{NAMESPACES}/{namespace}/serviceaccounts/{ACCOUNT}/token", request)
    assert made.code == 201, made.body
    return str(made.body["status"]["token"])


def _account_config(kubeconfig: Path, token: str, namespace: str, path: Path) -> Path:
    """Write a copy of the administrator's kubeconfig for the account."""
    config = json.loads(kubeconfig.read_text())
    config["users"][0]["user"] = {"token": token}
    config["contexts"][0]["context"]["namespace"] = namespace
    write_private(path, json.dumps(config))
    return path
