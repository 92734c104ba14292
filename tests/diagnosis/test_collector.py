"""One pass over a namespace: what can be read is there, what cannot is said, and it ends in time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import layout
from tests.diagnosis.objects import sessions
from tests.diagnosis.raw_prometheus import serving
from tuheg_ir.catalogue import load_platform
from tuheg_ir.diagnosis.collector import Collection, Target, collect, databases, run, usage
from tuheg_ir.diagnosis.collector.context import Context
from tuheg_ir.diagnosis.collector.reads import PAGE, READS, read
from tuheg_ir.diagnosis.model import Session, Snapshot
from tuheg_ir.diagnosis.seal import is_seal
from tuheg_ir.diagnosis.snapshot import load, save
from tuheg_ir.errors import ClusterError
from tuheg_ir.project import find_project
from tuheg_ir.sim.platform.model import NAMESPACE
from tuheg_ir.sim.scenario import scenarios
from tuheg_ir.sim.simulation import Simulation
from tuheg_ir.sim.site import CLUSTER, prepare

KUBE = find_project().module_utils("kube").kube
PLATFORM = layout.ROOT / "inventories" / "example" / "group_vars" / "clusters.yml"


def manifests(*names: str) -> list[dict[str, Any]]:
    texts = [(layout.ROOT / "rbac" / name).read_text(encoding="utf-8") for name in names]
    return [obj for text in texts for obj in yaml.safe_load_all(text)]


ACCOUNT = manifests("tuheg-ir.yml", "nodes.yml")
ALSO = [{**obj, "metadata": {**obj["metadata"], "namespace": "edge"}} for obj in manifests("optional/also.yml")]
SECRETS = manifests("optional/secrets.yml")
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "db", "namespace": NAMESPACE},
    "data": {"password": "aHVudGVyMg=="},
}
NOBODY = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "nobody", "namespace": NAMESPACE}}


# --- on the simulated cluster ---


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    """The platform whose transactions leak, and a Secret."""
    with Simulation(scenarios()["leaked-transactions"]) as made:
        made.cluster.apply(SECRET)
        yield made


@pytest.fixture(scope="module")
def places(simulation: Simulation) -> Any:
    return simulation.start(1.0)


@pytest.fixture(scope="module")
def taken(simulation: Simulation, places: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Collection]:
    """Take a snapshot as administrator, or as an account with rights."""

    def take(*account: Any, **more: Any) -> Collection:
        site = prepare(simulation, places, tmp_path_factory.mktemp("site"), PLATFORM, account=account)
        platform = load_platform(site.inventory, CLUSTER)
        words = {"prometheus_url": places.prometheus, "ingress_url": places.ingress, "window": "20s", **more}
        auth = {"kubeconfig": str(site.kubeconfig)}
        return collect(auth, Target(platform.namespace, platform.services, **words))

    return take


@pytest.fixture(scope="module")
def whole(taken: Callable[..., Collection]) -> Collection:
    return taken()


def failures(found: Snapshot) -> dict[str, str]:
    return {source.source: source.kind for source in found.sources if not source.ok}


def test_everything_of_a_namespace_is_read(whole: Collection, tmp_path: Path) -> None:
    found = whole.snapshot
    assert {obj["metadata"]["name"] for obj in found.of("Deployment", "StatefulSet")} == {
        "backend-gateway",
        "redis",
        "postgres",
    }
    assert found.of(
        "Pod", "ReplicaSet", "Service", "EndpointSlice", "Ingress", "Event", "Node", "HorizontalPodAutoscaler"
    )
    assert found.known("Job")
    assert not found.of("Job")
    assert all({"apiVersion", "kind", "metadata"} <= set(obj) for obj in found.of(*found.objects))
    assert found.databases[0].ref == "StatefulSet/postgres"
    assert {session.owner for session in found.databases[0].sessions} == {"Deployment/backend-gateway"}
    assert {"error_ratio", "latency_p95", "memory_share", "db_connections", "request_rate_by_pod"} <= set(found.metrics)
    assert set(whole.queries) == set(found.metrics)
    assert {probe["service"] for probe in found.probes} == {"backend-gateway", "postgres", "redis"}
    assert set(found.services) == {"backend-gateway", "postgres", "redis"}
    assert all(source.at is not None for source in found.sources)
    # the simulated cluster has neither alert rules nor a metrics API
    assert failures(found) == {"alerts": "missing", "usage": "missing"}
    save(found, tmp_path / "saved", queries=whole.queries)
    assert load(tmp_path / "saved") == found


def test_no_secrets_value_enters_a_snapshot(whole: Collection, tmp_path: Path) -> None:
    secret = next(obj for obj in whole.snapshot.of("Secret") if obj["metadata"]["name"] == "db")
    assert is_seal(secret["data"]["password"])
    save(whole.snapshot, tmp_path / "saved", queries=whole.queries)
    kept = "".join(path.read_text() for path in (tmp_path / "saved").rglob("*") if path.is_file())
    assert "aHVudGVyMg" not in kept
    assert "hunter2" not in kept


def test_the_account_of_rbac_may_read_all_but_secrets(taken: Callable[..., Collection]) -> None:
    found = taken(*ACCOUNT, prometheus_url="").snapshot
    assert failures(found) == {"secrets": "forbidden", "usage": "missing"}
    assert found.of("Node")
    assert not found.known("Secret")
    note = next(source.note for source in found.sources if source.source == "secrets")
    assert note == "our account lacks the right to list secrets"


def test_another_namespace_is_read_with_the_rights_for_it_alone(
    simulation: Simulation, taken: Callable[..., Collection]
) -> None:
    simulation.cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "edge"}})
    moved = {**SECRET, "metadata": {"name": "edge-db", "namespace": "edge"}}
    proxy = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "proxy", "namespace": "edge"},
        "data": {"a": "b"},
    }
    for each in (moved, proxy):
        simulation.cluster.apply(each)
    refused = taken(*ACCOUNT, prometheus_url="", also=("edge",)).snapshot
    assert failures(refused)["namespace edge"] == "forbidden"
    found = taken(*ACCOUNT, *ALSO, prometheus_url="", also=("edge",)).snapshot
    assert failures(found) == {"secrets": "forbidden", "usage": "missing"}
    assert "proxy" in {obj["metadata"]["name"] for obj in found.of("ConfigMap")}
    assert not found.known("Secret")


def test_secrets_are_listed_by_an_account_that_may(taken: Callable[..., Collection]) -> None:
    found = taken(*ACCOUNT, *SECRETS, prometheus_url="").snapshot
    assert failures(found) == {"usage": "missing"}
    assert [is_seal(obj["data"]["password"]) for obj in found.of("Secret") if obj["metadata"]["name"] == "db"] == [True]


def test_without_rights_there_are_notes_and_no_crash(taken: Callable[..., Collection]) -> None:
    found = taken(NOBODY, prometheus_url="").snapshot
    assert failures(found)["pods"] == "forbidden"
    assert failures(found)["database postgres"] == "forbidden"
    assert not found.of(*found.objects)


def test_a_prometheus_that_is_not_there_is_one_note(taken: Callable[..., Collection]) -> None:
    found = taken(prometheus_url="http://127.0.0.1:9").snapshot
    assert found.metrics == {}
    assert failures(found)["prometheus"] == "unreachable"
    assert found.of("Pod")


def test_what_is_not_configured_is_told_and_is_no_failure(taken: Callable[..., Collection]) -> None:
    found = taken(prometheus_url="").snapshot
    told = {source.source: (source.ok, source.kind) for source in found.sources}
    assert told["prometheus"] == told["alerts"] == told["alertmanager"] == (True, "not_configured")


def test_a_cluster_that_cannot_be_reached_is_an_error() -> None:
    with pytest.raises(ClusterError, match="cannot be reached"):
        collect({"host": "https://127.0.0.1:9", "api_key": "x"}, Target("shop"))
    with pytest.raises(ClusterError, match="kubeconfig"):
        collect({"kubeconfig": "/nowhere/at/all"}, Target("shop"))


# --- with a client of the test's own ---


class Client:
    """Answers lists from what it is given: plural -> objects, an error, or seconds of silence."""

    skew_s = 0.0

    def __init__(self, **lists: Any) -> None:
        self.lists = lists
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    def get(self, path: str, query: Mapping[str, Any] | None = None, *, timeout_s: float) -> dict[str, Any]:
        self.asked.append((path, dict(query or {})))
        found = self.lists.get(path.rsplit("/", 1)[1], [])
        if isinstance(found, Exception):
            raise found
        if isinstance(found, (int, float)):
            time.sleep(min(found, timeout_s))
            raise KUBE.KubeError("silent", "it stayed silent")
        if isinstance(found, dict):
            return found
        start = int((query or {}).get("continue") or 0)
        page = found[start : start + PAGE]
        more = str(start + PAGE) if start + PAGE < len(found) else ""
        return {"metadata": {"continue": more}, "items": page}

    def get_text(self, path: str, query: Mapping[str, Any], *, timeout_s: float) -> str:  # noqa: ARG002
        self.asked.append((path, dict(query)))
        found = self.lists.get("log", "a line\n")
        if isinstance(found, Exception):
            raise found
        return str(found)


def take(seconds: float = 5.0, **lists: Any) -> Snapshot:
    return collect({}, Target("shop"), deadline_s=seconds, client=Client(**lists)).snapshot


def pod(name: str, **status: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "shop"}, "status": status}


def event(name: str, minute: int) -> dict[str, Any]:
    return {
        "metadata": {"name": name},
        "type": "Normal",
        "lastTimestamp": f"2025-11-05T{minute // 60:02}:{minute % 60:02}:00Z",
    }


def test_a_source_that_is_late_is_noted_and_costs_no_more_than_the_deadline() -> None:
    began = time.monotonic()
    found = take(1.0, events=30, nodes=30, pods=[pod("web-1")])
    assert time.monotonic() - began < 8
    assert [each["metadata"]["name"] for each in found.of("Pod")] == ["web-1"]
    assert set(failures(found)) >= {"events", "warnings", "nodes"}
    assert set(failures(found).values()) <= {"silent", "late"}
    assert not found.known("Event")


def test_a_pass_that_is_broken_off_does_not_wait_until_its_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_objects: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "known_of", interrupted)
    with serving("", time.time()) as url:
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            collect({}, Target("shop", prometheus_url=url), deadline_s=60.0, client=Client(pods=[pod("web-1")]))
        assert time.monotonic() - began < 20


def test_a_cluster_that_cannot_be_reached_is_told_before_the_other_reads_are_over() -> None:
    began = time.monotonic()
    with pytest.raises(ClusterError):
        take(pods=KUBE.KubeError("unreachable", "nobody there"), events=2.0, nodes=2.0)
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (KUBE.KubeError("forbidden", "no right"), "forbidden"),
        (KUBE.KubeError("not_found", "no such thing"), "missing"),
        (KUBE.KubeError("busy", "too busy"), "late"),
        (ZeroDivisionError("oops"), "invalid"),
        (ConnectionResetError("gone"), "unreachable"),
        ({"kind": "Status"}, "invalid"),
    ],
)
def test_a_source_that_fails_is_noted_by_its_kind(answer: Any, kind: str) -> None:
    found = take(services=answer)
    assert failures(found) == {"services": kind}
    assert not found.known("Service")


def test_an_api_that_not_every_cluster_has_means_that_there_are_none() -> None:
    found = take(httproutes=KUBE.KubeError("not_found", "no such API"))
    assert found.known("HTTPRoute")
    assert failures(found) == {}


def test_apis_that_somebody_has_to_install_are_asked_only_where_they_are() -> None:
    keda = {"groups": [{"versions": [{"groupVersion": "keda.sh/v1alpha1"}]}]}
    scaled = {"metadata": {"name": "web"}, "spec": {"triggers": [{"metadata": {"host": "amqp://me:hunter2@mq:5672"}}]}}
    client = Client(apis=keda, scaledobjects=[scaled])
    found = collect({}, Target(NAMESPACE), client=client).snapshot
    asked = [path.rsplit("/", 1)[1] for path, _ in client.asked]
    assert (asked.count("apis"), asked.count("scaledobjects"), asked.count("certificates")) == (1, 1, 0)
    assert [each["metadata"]["name"] for each in found.of("ScaledObject")] == ["web"]
    assert found.known("Certificate")
    assert not found.of("Certificate")
    assert "hunter2" not in str(found)


@pytest.mark.parametrize(
    ("served", "asked"),
    [(("v1",), "v1"), (("v1", "v1beta1"), "v1"), (("v1beta1",), "v1beta1"), (("v1alpha9",), "")],
)
def test_what_has_to_be_installed_is_asked_for_in_the_best_version_that_is_there(
    served: tuple[str, ...], asked: str
) -> None:
    versions = [{"groupVersion": f"networking.istio.io/{each}"} for each in served]
    client = Client(apis={"groups": [{"versions": versions}]}, virtualservices=[])
    found = collect({}, Target(NAMESPACE), client=client).snapshot
    paths = [path.split("/")[3] for path, _ in client.asked if path.endswith("virtualservices")]
    assert paths == [asked] * bool(asked)
    assert found.known("VirtualService")


def test_items_that_are_no_objects_are_counted() -> None:
    found = take(services=[{"metadata": {"name": "web"}}, 5, {"spec": {}}])
    assert len(found.of("Service")) == 1
    note = next(source.note for source in found.sources if source.source == "services")
    assert note == "1; 2 could not be understood"


def test_all_pages_are_read_and_the_newest_events_kept_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tuheg_ir.diagnosis.collector.run.EVENTS", 3)
    found = take(pods=[pod(f"web-{n}") for n in range(PAGE + 5)], events=[event(f"e{n}", n) for n in range(9)])
    assert len(found.of("Pod")) == PAGE + 5
    # two reads, warnings and the others, give the same events here
    assert [each["metadata"]["name"] for each in found.of("Event")] == ["e8", "e8", "e7"]


def test_a_list_that_breaks_off_keeps_what_came() -> None:
    class Broken(Client):
        def get(self, path: str, query: Mapping[str, Any] | None = None, *, timeout_s: float) -> dict[str, Any]:
            if (query or {}).get("continue"):
                raise KUBE.KubeError("gone", "the list is too old")
            return super().get(path, query, timeout_s=timeout_s)

    context = Context(Broken(pods=[pod(f"web-{n}") for n in range(PAGE + 5)]), Target("shop"), time.monotonic() + 5)
    found = read(context, READS[0])
    assert len(found.objects) == PAGE
    assert found.note == f"only {PAGE} were read: the list is too old"


def test_every_read_is_of_the_namespace_or_of_what_none_holds_or_asks_which_apis_there_are() -> None:
    client = Client()
    collect({}, Target("shop"), client=client)
    of_cluster = {f"{each.group}/{each.plural}" for each in READS if not each.namespaced}
    assert {path for path, _ in client.asked if "/namespaces/shop/" not in path} == {*of_cluster, "/apis"}


# --- logs ---

RUNNING = {"name": "web", "ready": False, "restartCount": 0, "state": {"running": {}}}


def test_a_log_is_scrubbed_and_one_that_is_gone_is_none() -> None:
    running = pod("web-1", containerStatuses=[RUNNING])
    found = take(pods=[running], log="password=hunter2\n\n\x00binary\x00\nlast\n")
    assert found.logs[0].lines == ("password=***", "\ufffdbinary\ufffd", "last")
    assert take(pods=[running], log="unable to retrieve container logs for containerd://x").logs == ()


def test_a_log_that_cannot_be_read_is_noted_once() -> None:
    pods = [pod(f"web-{n}", containerStatuses=[RUNNING]) for n in range(3)]
    found = take(pods=pods, log=KUBE.KubeError("forbidden", "no right to logs"))
    assert failures(found) == {"logs": "forbidden"}
    assert found.logs == ()


# --- databases and usage ---


def test_sessions_are_grouped_by_who_holds_them() -> None:
    owner = {"kind": "ReplicaSet", "name": "web-5d4f", "controller": True}
    web = {
        "metadata": {"name": "web-5d4f-x", "labels": {"pod-template-hash": "5d4f"}, "ownerReferences": [owner]},
        "status": {"podIP": "10.0.0.1", "phase": "Running"},
    }
    gone = {"metadata": {"name": "old"}, "status": {"podIP": "10.0.0.2", "phase": "Succeeded"}}
    answer = sessions(("10.0.0.1", "idle in transaction", 3), ("10.0.0.2", "idle", 1))
    found = databases.database("StatefulSet/postgres", answer, [web, gone])
    assert [(each.client, each.owner, each.state, each.count) for each in found.sessions] == [
        ("10.0.0.1", "Deployment/web", "idle in transaction", 3),
        ("10.0.0.2", "", "idle", 1),
    ]
    assert (found.max_connections, found.reserved, found.used) == (40, 3, 4)


def test_what_sessions_wait_for_is_told() -> None:
    rows = json.loads(sessions(("10.0.0.1", "active", 2)))
    rows["sessions"][0]["wait"] = "Lock"
    found = databases.database("StatefulSet/postgres", json.dumps(rows), [])
    assert {session.wait for session in found.sessions} == {"Lock", ""}
    assert all(isinstance(session, Session) for session in found.sessions)


def test_usage_stands_in_for_a_prometheus() -> None:
    limits = {"cpu": "500m", "memory": "100Mi"}
    web = {**pod("web-1"), "spec": {"containers": [{"name": "web", "resources": {"limits": limits}}]}}
    item = {
        "metadata": {"name": "web-1"},
        "containers": [{"name": "web", "usage": {"cpu": "250m", "memory": "25Mi"}}, 5],
    }
    found = usage.signals([item, {"metadata": 5}, None], [web], 7.0)
    assert {signal: series[0].last for signal, series in found.items()} == {
        "cpu_usage": 0.25,
        "cpu_share": 0.5,
        "memory_bytes": 25 * 2**20,
        "memory_share": 0.25,
    }
