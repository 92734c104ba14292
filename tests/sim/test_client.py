"""The `kubernetes` client cannot tell: dynamic and typed, with watches and exec."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sim.objects import deployment
from tuheg_ir.sim.cluster import SimulatedCluster

kubernetes = pytest.importorskip("kubernetes")


@pytest.fixture
def client(kubeconfig: Path) -> Iterator[Any]:
    from kubernetes import config

    with config.new_client_from_config(str(kubeconfig)) as found:
        yield found
        found.rest_client.pool_manager.clear()  # closing the client leaves its connections open


def test_the_dynamic_client_finds_reads_and_writes(client: Any) -> None:
    from kubernetes.dynamic import DynamicClient

    deployments = DynamicClient(client).resources.get(api_version="apps/v1", kind="Deployment")
    deployments.create(body=deployment(), namespace="default")
    found = deployments.get(name="web", namespace="default")
    assert found.spec.replicas == 2
    deployments.patch(
        name="web",
        namespace="default",
        body={"spec": {"replicas": 3}},
        content_type="application/merge-patch+json",
    )
    assert deployments.get(name="web", namespace="default").spec.replicas == 3
    deployments.scale.patch(name="web", namespace="default", body={"spec": {"replicas": 1}})
    assert deployments.get(name="web", namespace="default").spec.replicas == 1


def test_a_watch_of_the_client_follows_a_roll_out(client: Any, cluster: SimulatedCluster) -> None:
    from kubernetes import client as api
    from kubernetes import watch

    cluster.apply(deployment())
    seen = []
    apps = api.AppsV1Api(client)
    for event in watch.Watch().stream(apps.list_namespaced_deployment, "default", timeout_seconds=15):
        seen.append(event["object"].status.available_replicas or 0)
        if seen[-1] == 2:
            break
    assert seen[-1] == 2
    assert sorted(seen) == seen


def test_the_client_executes_in_a_pod(client: Any, cluster: SimulatedCluster) -> None:
    from kubernetes import client as api
    from kubernetes.stream import stream

    cluster.apply(deployment(replicas=1))
    core = api.CoreV1Api(client)
    wait_until_a_pod_runs(core)
    name = core.list_namespaced_pod("default").items[0].metadata.name
    talk = stream(
        core.connect_get_namespaced_pod_exec,
        name,
        "default",
        command=["sh", "-c", "echo out; echo err >&2; exit 3"],
        stdout=True,
        stderr=True,
        stdin=False,
        tty=False,
        _preload_content=False,
    )
    talk.run_forever(timeout=10)
    assert (talk.read_stdout(), talk.read_stderr(), talk.returncode) == ("out\n", "err\n", 3)
    talk.sock.shutdown()  # its close() leaves a socket open that the server closed first


def wait_until_a_pod_runs(core: Any) -> None:
    import time

    for _ in range(200):
        pods = core.list_namespaced_pod("default").items
        if pods and pods[0].status.phase == "Running":
            return
        time.sleep(0.05)
    pytest.fail("the pod does not run")
