"""A simulated cluster for tests: standing (time passes by hand) or running behind its port."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import LAB_HOME
from tests.sim.api_client import ApiClient
from tuheg_ir.sim.behaviour import Behaviour, Rule
from tuheg_ir.sim.cluster import SimulatedCluster

RULES = (
    Rule("ok:*", behaviour=Behaviour(logs=("hello", "ready"))),
    Rule("crash:*", behaviour=Behaviour(exit_after_s=0.2, exit_code=3, last_words=("boom",))),
    Rule("never-ready:*", behaviour=Behaviour(ready_s=None)),
    Rule("leak:*", behaviour=Behaviour(exit_after_s=30.0, exit_code=137, exit_reason="OOMKilled")),
    Rule("nocmd:*", behaviour=Behaviour(error="RunContainerError", message="no such file or directory")),
)


@pytest.fixture
def standing() -> SimulatedCluster:
    return SimulatedCluster(rules=RULES)


@pytest.fixture
def cluster() -> Iterator[SimulatedCluster]:
    simulated = SimulatedCluster(rules=RULES)
    simulated.clock.run(5)
    with simulated as running:
        yield running


@pytest.fixture
def kubeconfig(cluster: SimulatedCluster, tmp_path: Path) -> Path:
    return cluster.kubeconfig(tmp_path)


@pytest.fixture
def api(kubeconfig: Path) -> ApiClient:
    return ApiClient(kubeconfig)


@pytest.fixture
def account(cluster: SimulatedCluster, tmp_path: Path) -> Callable[..., ApiClient]:
    """Make a user whose Role in `default` has the given rules, and return its client."""

    def make(*rules: dict[str, list[str]], name: str = "ann") -> ApiClient:
        role = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": {"name": name},
            "rules": list(rules),
        }
        binding = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
            "subjects": [{"kind": "User", "name": name}],
        }
        cluster.apply(role, binding)
        return ApiClient(cluster.kubeconfig(tmp_path, token=cluster.authorizer.add_user(name), name=name))

    return make


@pytest.fixture(scope="session")
def kubectl_program() -> str:
    program = LAB_HOME / "bin" / "kubectl"
    if not os.access(program, os.X_OK):
        pytest.skip(f"no kubectl built by the lab ({program}): python -m lab build")
    return str(program)
