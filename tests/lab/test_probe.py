"""On the platform of the lab: probes tell well from ill, and sessions are ended only if they are meant."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.tuheg.ir.plugins.module_utils.kube import Client, KubeError, connect
from ansible_collections.tuheg.ir.plugins.module_utils.probes import overall, run_probes
from ansible_collections.tuheg.ir.plugins.module_utils.reader import read
from ansible_collections.tuheg.ir.plugins.module_utils.sessions import (
    SESSIONS_SQL,
    Session,
    decide_sessions,
    end_sql,
    parse,
    parse_ended,
    psql_words,
)

from lab.paths import CHECKOUT, Lab
from lab.settings import NAMESPACE, PROMETHEUS_PORT, WEB_PORT
from tuheg_ir.catalogue import load_platform

pytestmark = pytest.mark.lab

PROMETHEUS = f"http://127.0.0.1:{PROMETHEUS_PORT}"
INGRESS = f"http://127.0.0.1:{WEB_PORT}"
SERVICES: dict[str, Any] = load_platform(CHECKOUT / "lab" / "inventory", "lab").services


def ask(services: dict[str, Any], **options: Any) -> dict[str, Any]:
    """service/probe -> its answer."""
    places = {"prometheus_url": PROMETHEUS, "ingress_url": INGRESS, "namespace": NAMESPACE, "window": "20s"}
    results = run_probes(services, **(places | {"timeout_s": 60.0} | options))
    return {f"{each.service}/{each.name}": each for each in results}


@pytest.fixture(scope="module")
def client(lab: Lab) -> Iterator[Client]:
    with connect({"kubeconfig": str(lab.kubeconfig)}, environ={}) as made:
        yield made


@pytest.mark.usefixtures("load")
def test_every_probe_of_the_inventory_is_healthy_on_a_healthy_platform() -> None:
    answers = ask(SERVICES, until_healthy=True)
    assert overall(answers.values()).verdict == "healthy", overall(answers.values()).reason
    assert len(answers) == sum(len(spec.get("probes") or []) for spec in SERVICES.values())


@pytest.mark.usefixtures("load")
def test_after_an_action_a_window_is_waited_for_and_lies_wholly_after_it() -> None:
    since = datetime.now(UTC)
    answer = ask({"backend-gateway": SERVICES["backend-gateway"]}, names=["errors"], since=since, window="10s")
    errors = answer["backend-gateway/errors"]
    assert (datetime.fromisoformat(errors.at) - since).total_seconds() >= 10
    assert errors.samples is not None
    assert errors.samples > 0


def test_a_wrong_host_a_wrong_status_and_nobody_there_are_told_apart() -> None:
    def one(**http: Any) -> Any:
        spec = {
            "name": "x",
            "purpose": "user",
            "http": {"url": "$ingress/api/orders", "host": "gateway.example", **http},
        }
        return ask({"s": {"probes": [spec]}})["s/x"]

    assert one().verdict == "healthy"
    wrong_host = one(host="nobody.example")
    assert (wrong_host.verdict, wrong_host.reason) == ("unhealthy", "1 of 1 requests failed: status 404")
    assert one(expect=201).verdict == "unhealthy"
    assert one(url="http://127.0.0.1:1/").verdict == "unknown"


def test_what_prometheus_does_not_know_is_unknown() -> None:
    def one(query: str, **options: Any) -> Any:
        spec = {"name": "x", "purpose": "user", "promql": query, "max": 1}
        return ask({"s": {"probes": [spec]}}, **options)["s/x"]

    assert one('up{job="nosuch"}').reason == "Prometheus has no data for it"
    assert one("vector(0) / vector(0)").reason == "its value is nan"
    assert "series instead of one" in one("up").reason
    assert one("sum(").reason.startswith("Prometheus refuses the query")
    assert one("vector(0)", prometheus_url="http://127.0.0.1:1").verdict == "unknown"
    assert one("vector(0)").verdict == "healthy"


# Sessions


def psql(client: Client, sql: str, timeout_s: float = 20) -> str:
    result = client.exec(NAMESPACE, "postgres-0", "postgres", psql_words(sql), timeout_s=timeout_s)
    assert result.rc == 0, result.stderr
    return result.stdout


@pytest.fixture
def sleeper(client: Client) -> Iterator[Session]:
    """A session of our own in the database, idle until it is ended: one at work is always spared."""
    mark = f"sleeper-{time.monotonic_ns()}"
    thread = threading.Thread(target=_sleep, args=(client, mark))
    thread.start()
    deadline = time.monotonic() + 10
    found: list[Session] = []
    while not found and time.monotonic() < deadline:
        found = [each for each in parse(psql(client, SESSIONS_SQL)).sessions if each.application == mark]
    assert found
    yield found[0]
    psql(client, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{mark}'")
    thread.join(timeout=20)


def _sleep(client: Client, mark: str) -> None:
    idle = f"(echo 'SELECT 1;'; sleep 12) | PGAPPNAME={mark} psql -q -U postgres -d postgres"
    words = ["sh", "-c", idle]
    try:
        client.exec(NAMESPACE, "postgres-0", "postgres", words, timeout_s=30)
    except KubeError:
        return


def test_the_clients_of_the_database_are_known_by_the_workloads_they_belong_to(client: Client) -> None:
    pods = read(client, kind="Deployment", namespace=NAMESPACE, service="backend-gateway", want=["pods"])["pods"]
    decision = decide_sessions(psql(client, SESSIONS_SQL), pods=pods, service="backend-gateway")
    assert decision["holder"] == "nobody", decision["reason"]
    assert "backend-gateway" in {group["client"] for group in decision["groups"]}
    assert decision["own"] > 0


def test_a_session_is_ended_only_under_its_pid_and_its_start(client: Client, sleeper: Session) -> None:
    reused = Session(sleeper.pid, "2020-01-01T00:00:00.000000Z", "c", "u", "active", 0)
    assert parse_ended(psql(client, end_sql([reused], only_leaking=False))) == {"asked": 1, "ended": 0, "gone": 1}
    assert parse_ended(psql(client, end_sql([sleeper], only_leaking=True))) == {"asked": 1, "ended": 0, "gone": 1}
    assert sleeper.pid in {each.pid for each in parse(psql(client, SESSIONS_SQL)).sessions}
    assert parse_ended(psql(client, end_sql([sleeper], only_leaking=False))) == {"asked": 1, "ended": 1, "gone": 0}


def test_a_command_in_a_pod_gives_its_code_and_streams_and_is_not_waited_for_for_ever(client: Client) -> None:
    done = client.exec(NAMESPACE, "postgres-0", "postgres", ["sh", "-c", "echo out; echo err >&2; exit 7"])
    assert tuple(done) == (7, "out\n", "err\n")
    with pytest.raises(KubeError, match="did not end within 1 s"):
        client.exec(NAMESPACE, "postgres-0", "postgres", ["sleep", "20"], timeout_s=1)
    with pytest.raises(KubeError, match="the container has no program nosuch"):
        client.exec(NAMESPACE, "postgres-0", "postgres", ["nosuch"])
    with pytest.raises(KubeError, match='pods "postgres-9" not found'):
        client.exec(NAMESPACE, "postgres-9", "postgres", ["true"])
