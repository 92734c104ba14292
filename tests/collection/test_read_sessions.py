"""Who holds a database's sessions is read through the API; whatever goes wrong is one clear sentence."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.tuheg.ir.plugins.module_utils.kube import Client, KubeError, Limits, connect
from ansible_collections.tuheg.ir.plugins.module_utils.reader import read
from ansible_collections.tuheg.ir.plugins.module_utils.sessions import SESSIONS_SQL, decide_sessions, psql_words

from tests.collection.servers import answering, silent
from tuheg_ir.sim.behaviour import Behaviour, Rule
from tuheg_ir.sim.cluster import SimulatedCluster
from tuheg_ir.sim.pod_calls import Call, Output

DATABASE = {"exec_pod": "db-0", "exec_container": "pg", "user": "reader", "database": "shop"}
NOBODY = json.dumps({"max": 20, "reserved": 3, "sessions": []})
POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "db-0", "namespace": "default"},
    "spec": {"containers": [{"name": "pg", "image": "db:1"}]},
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[SimulatedCluster]:
    """A cluster whose pod db-0 runs."""
    with SimulatedCluster(rules=(Rule("*", behaviour=Behaviour()),)) as running:
        running.apply(POD)
        deadline = time.monotonic() + 30
        while _phase(running) != "Running" and time.monotonic() < deadline:
            time.sleep(0.02)
        assert _phase(running) == "Running"
        yield running


def _phase(cluster: SimulatedCluster) -> str:
    pod = cluster.store.get("pods", "default", "db-0")
    return str(((pod or {}).get("status") or {}).get("phase", ""))


def sessions_of(client: Client, database: Mapping[str, Any] = DATABASE, timeout_s: float = 10.0) -> dict[str, str]:
    found = read(
        client,
        kind="StatefulSet",
        namespace="default",
        service="db",
        want=["sessions"],
        database=database,
        timeout_s=timeout_s,
    )
    sessions: dict[str, str] = found["sessions"]
    return sessions


@pytest.fixture
def client(cluster: SimulatedCluster, tmp_path: Path) -> Iterator[Client]:
    with connect({"kubeconfig": str(cluster.kubeconfig(tmp_path))}, environ={}) as found:
        yield found


def test_the_declared_query_runs_in_the_named_container_and_nothing_else(
    cluster: SimulatedCluster, client: Client
) -> None:
    calls: list[Call] = []

    def psql(call: Call) -> Output:
        calls.append(call)
        return Output(out=NOBODY)

    cluster.pod_calls.programs["psql"] = psql
    answer = sessions_of(client)
    assert answer == {"stdout": NOBODY, "error": ""}
    (call,) = calls
    assert (call.container, list(call.argv)) == ("pg", psql_words(SESSIONS_SQL, "reader", "shop"))


def test_an_error_of_the_database_is_an_answer_that_names_it(cluster: SimulatedCluster, client: Client) -> None:
    cluster.pod_calls.programs["psql"] = lambda _call: Output(2, err="FATAL:  sorry, too many clients already\n")
    answer = sessions_of(client)
    assert answer["error"] == "psql in db-0 ended with 2: FATAL: sorry, too many clients already"
    decision = decide_sessions(answer["stdout"], pods=[], service="web", error=answer["error"])
    assert (decision["holder"], decision["sql"]) == ("unknown", "")
    assert "too many clients already" in decision["reason"]


def test_a_container_without_psql_is_named_as_such(cluster: SimulatedCluster, client: Client) -> None:
    cluster.pod_calls.programs.pop("psql", None)
    with pytest.raises(KubeError) as caught:
        sessions_of(client)
    assert caught.value.message == "the container has no program psql"
    assert "exec_container" in caught.value.next


def test_a_container_that_is_not_there_is_named(client: Client) -> None:
    with pytest.raises(KubeError, match="container mysql is not valid for pod db-0"):
        sessions_of(client, {**DATABASE, "exec_container": "mysql"})


def test_a_right_that_is_missing_is_named(cluster: SimulatedCluster) -> None:
    told = {"kind": "Status", "message": 'pods "db-0" is forbidden: User "u" cannot create resource "pods/exec"'}
    with (
        answering(lambda _request: (403, told)) as server,
        connect({"host": server.url, "api_key": "t"}, environ={}) as client,
        pytest.raises(KubeError) as caught,
    ):
        sessions_of(client)
    assert (caught.value.kind, caught.value.verb, caught.value.resource) == ("forbidden", "create", "pods/exec")
    assert caught.value.next == "give it the rights in rbac/"


def test_an_api_server_that_stays_silent_is_told_in_time() -> None:
    with (
        silent() as url,
        connect({"host": url, "api_key": "t"}, environ={}, limits=Limits(read_s=0.3)) as client,
        pytest.raises(KubeError) as caught,
    ):
        sessions_of(client)
    assert caught.value.kind == "silent"


def test_a_command_that_does_not_end_is_told_in_time(cluster: SimulatedCluster, client: Client) -> None:
    def hangs(_call: Call) -> Output:
        time.sleep(1.5)
        return Output(out=NOBODY)

    cluster.pod_calls.programs["psql"] = hangs
    with pytest.raises(KubeError) as caught:
        sessions_of(client, timeout_s=0.5)
    assert caught.value.message == "the command in the pod did not end within 0.5 s"
