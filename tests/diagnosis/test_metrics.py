"""Signals come out under the same names, whatever exporters and labels a Prometheus has."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from tuheg_ir.diagnosis.collector.known import Known
from tuheg_ir.diagnosis.collector.metrics import Metrics, quotient, read_metrics
from tuheg_ir.diagnosis.model import Series
from tuheg_ir.sim.http_server import HttpServer
from tuheg_ir.sim.prometheus.samples import Samples
from tuheg_ir.sim.prometheus.web import PrometheusApi

AT = datetime(2025, 11, 5, 15, tzinfo=UTC)
NAMESPACE = "shop"
POD = "web-7d4f9c5b6d-abcde"
KNOWN = Known(frozenset({"web", "web-api", "postgres"}), frozenset({POD}), {"10.0.0.7": POD})
Sample = tuple[str, dict[str, str], Callable[[float], float]]
"""A series: its name, labels, and value by seconds."""


def counter(rate: float) -> Callable[[float], float]:
    return lambda seconds: rate * seconds


def gauge(value: float) -> Callable[[float], float]:
    return lambda _: value


@pytest.fixture
def ask() -> Iterator[Callable[..., Metrics]]:
    """Serve samples of the last ten minutes and read all signals of them."""
    servers: list[HttpServer] = []

    def made(*series: Sample, known: Known = KNOWN, window: str = "") -> Metrics:
        samples = Samples()
        for second in range(0, 601, 15):
            found = [(name, labels, value(second)) for name, labels, value in series]
            samples.scrape(AT.timestamp() - 600 + second, found)
        api = PrometheusApi(samples, AT.timestamp, threading.RLock())
        servers.append(HttpServer(api.answer))
        return read_metrics(servers[-1].url, NAMESPACE, AT, known=lambda: known, window=window)

    yield made
    for server in servers:
        server.stop()


def last(found: Metrics, signal: str) -> dict[str, float]:
    """Return the newest values by component, or by what labels there are."""
    return {
        each.labels.get("component") or "/".join(each.labels.values()): round(each.last or 0.0, 3)
        for each in found.signals.get(signal, ())
    }


def requests(name: str, status: str, **labels: str) -> list[Sample]:
    """Return two counters: nine answers in ten are 200, one is 500."""
    ok, bad = ("200", "500")
    return [(name, {**labels, status: ok}, counter(9)), (name, {**labels, status: bad}, counter(1))]


HERE = {"namespace": "shop", "pod": POD}
KUBERNETES = {"kubernetes_namespace": "shop", "kubernetes_pod_name": POD, "job": "kubernetes-pods"}
ISTIO = {"reporter": "destination", "destination_workload": "web", "destination_workload_namespace": "shop"}
TRAEFIK, NGINX = "traefik_service_requests_total", "nginx_ingress_controller_requests"
EXPORTERS = {
    "traefik": requests(TRAEFIK, "code", namespace="ingress", service="shop-main-web-http@kubernetes"),
    "traefik, by an operator": requests(TRAEFIK, "code", service="traefik", exported_service="shop-web-80@kubernetes"),
    "ingress-nginx": requests(NGINX, "status", exported_namespace="shop", namespace="i", exported_service="web"),
    "istio": requests("istio_requests_total", "response_code", **ISTIO),
    "the service, by an operator": requests("http_requests_total", "code", **HERE, service="web", job="web"),
    "the service, by annotations": requests("http_requests_total", "status", **KUBERNETES, app="web"),
    "a prefix of its own": requests("webshop_http_requests_total", "status_code", **HERE, app="web"),
    "spring": requests("http_server_requests_seconds_count", "status", **HERE, application="x", app="web"),
    "opentelemetry": requests(
        "http_server_request_duration_seconds_count",
        "http_response_status_code",
        k8s_namespace_name="shop",
        service_name="web",
        job="shop/web",
    ),
    "only a pod": requests("http_requests_total", "code", **HERE),
    "no namespace at all": requests("http_requests_total", "code", service="web"),
}


@pytest.mark.parametrize("series", EXPORTERS.values(), ids=EXPORTERS)
def test_requests_and_errors_are_found_at_every_exporter(ask: Callable[..., Metrics], series: list[Sample]) -> None:
    found = ask(*series)
    assert last(found, "request_rate") == {"web": 10.0}
    assert last(found, "error_ratio") == {"web": 0.1}


def test_short_rates_leave_no_time_out(ask: Callable[..., Metrics]) -> None:
    """cAdvisor counts too seldom for them: of it a minute is read, or there would be gaps."""
    cpu = ("container_cpu_usage_seconds_total", {**HERE, "container": "web"}, counter(0.5))
    found = ask(cpu, *EXPORTERS["traefik"], window="30s").signals
    for signal, value in (("cpu_usage", 0.5), ("request_rate", 10.0)):
        times = [when for when, _ in found[signal][0].points]
        assert {after - before for before, after in pairwise(times)} == {30.0}, signal
        assert found[signal][0].last == pytest.approx(value), signal
    seldom = ask(cpu, window="20s").signals["cpu_usage"][0].points
    assert {after - before for (before, _), (after, _) in pairwise(seldom)} == {20.0}


def test_without_objects_the_names_are_taken_from_the_labels(ask: Callable[..., Metrics]) -> None:
    for name in ("traefik, by an operator", "the service, by an operator", "only a pod"):
        assert last(ask(*EXPORTERS[name], known=Known()), "error_ratio") == {"web": 0.1}, name


def test_no_error_is_a_ratio_of_zero_and_no_request_is_no_data(ask: Callable[..., Metrics]) -> None:
    labels = {"namespace": "shop", "service": "web", "code": "200"}
    assert last(ask(("http_requests_total", labels, counter(1))), "error_ratio") == {"web": 0.0}
    assert last(ask(("http_requests_total", labels, gauge(7))), "error_ratio") == {}


def test_errors_are_a_share_of_the_requests_that_are_called_like_them(ask: Callable[..., Metrics]) -> None:
    found = ask(
        *(
            (f"{name}_http_{what}_total", {"namespace": "shop", "service": name}, counter(rate))
            for name in ("postgres", "web")
            for what, rate in (("errors", 1), ("requests", 10))
        )
    )
    assert last(found, "error_ratio") == {"postgres": 0.1, "web": 0.1}


@pytest.mark.parametrize(
    ("metric", "by", "measured"),
    [
        ("provider_http_requests_total", "provider", True),
        ("client_portal_http_requests_total", "client-portal", True),
        ("external_api_http_requests_total", "external-api", True),
        ("external_api_requests_total", "external-api", True),
        ("external_api_http_requests_total", "web", False),  # what it calls, called like what answers
        ("redis_http_requests_total", "web", False),
        ("external_http_requests_total", "external-api", False),
        ("client_portal_axios_http_requests_total", "client-portal", False),
        ("database_http_requests_total", "web", False),
    ],
)
def test_a_service_that_is_called_like_what_others_call_is_measured_by_its_own_metrics(
    ask: Callable[..., Metrics], metric: str, by: str, measured: bool
) -> None:
    known = Known(frozenset({"provider", "client-portal", "external-api", "redis", "web"}))
    for there in ({"service": by}, {"pod": f"{by}-7d4f9c5b6d-abcde"}):
        found = ask(*requests(metric, "code", namespace="shop", **there), known=known)
        assert last(found, "request_rate") == ({by: 10.0} if measured else {})
        assert last(found, "error_ratio") == ({by: 0.1} if measured else {})


def test_a_service_may_name_whom_it_calls_in_its_own_metrics(ask: Callable[..., Metrics]) -> None:
    calls = requests("external_api_http_requests_total", "code", **HERE, service="web", app="external-api")
    known = replace(KNOWN, names=KNOWN.names | {"external-api"})
    assert "request_rate" not in ask(*calls, known=known).signals


def test_errors_of_a_service_that_is_called_like_what_others_call_are_a_share_of_its_requests(
    ask: Callable[..., Metrics],
) -> None:
    there = {"namespace": "shop", "service": "provider"}
    counted = (("errors", 1), ("requests", 10))
    found = ask(
        *((f"provider_http_{what}_total", there, counter(rate)) for what, rate in counted),
        known=Known(frozenset({"provider"})),
    )
    assert last(found, "error_ratio") == {"provider": 0.1}


def test_requests_of_a_plain_name_are_told_before_those_of_a_library(ask: Callable[..., Metrics]) -> None:
    there = {"namespace": "shop", "service": "web", "code": "200"}
    found = ask(("a_vendor_http_requests_total", there, counter(70)), ("http_requests_total", there, counter(10)))
    assert last(found, "request_rate") == {"web": 10.0}


def test_who_keeps_no_histogram_is_told_by_the_mean_beside_one_that_does(ask: Callable[..., Metrics]) -> None:
    name = "http_server_requests_seconds"
    both = [
        (f"{name}_{what}", {"namespace": "shop", "service": service, "status": "200"}, counter(rate))
        for service in ("web", "postgres")
        for what, rate in (("count", 10), ("sum", 5))
    ]
    web = {"namespace": "shop", "service": "web", "status": "200"}
    buckets = [(f"{name}_bucket", {**web, "le": le}, counter(rate)) for le, rate in (("1", 0), ("2", 1), ("+Inf", 1))]
    assert last(ask(*both, *buckets), "latency_p95") == {"web": 1.95, "postgres": 0.5}


def test_sessions_are_those_of_the_fullest_instance(ask: Callable[..., Metrics]) -> None:
    """Each instance has its own limit: those of a primary and its replica are no sum."""
    there = {"namespace": "shop", "service": "postgres"}
    found = ask(
        *(
            ("pg_stat_activity_count", {**there, "instance": f"{host}:9187", "state": state, **of}, gauge(count))
            for of in ({"application_name": "web", "usename": "web"},)
            for host, counts in (("10.0.0.1", (60, 5)), ("10.0.0.2", (40, 9)))
            for state, count in zip(("active", "idle"), counts, strict=True)
        )
    )
    assert last(found, "db_connections") == {"postgres": 65.0}
    for signal in ("db_connections_by_state", "db_connections_by_client"):
        told = {each.labels["state"]: each.last for each in found.signals[signal]}
        assert told == {"active": 60.0, "idle": 9.0}, signal


@pytest.mark.parametrize(
    ("metric", "labels"),
    [
        ("pg_stat_activity_count", {"usename": "web", "state": "idle"}),
        ("cnpg_backends_total", {"application_name": "web", "usename": "web", "state": "idle"}),
        ("mysql_info_schema_processlist_processes_by_host", {"client_host": "10.0.0.7"}),
        ("mysql_info_schema_processlist_threads", {"user": "web", "command": "sleep"}),
        ("mysql_info_schema_threads", {"mysql_user": "web", "command": "sleep"}),
        ("mysql_info_schema_processlist_processes_by_user", {"mysql_user": "web"}),
    ],
)
def test_sessions_of_a_client_are_those_at_the_instance_where_it_has_most(
    ask: Callable[..., Metrics], metric: str, labels: dict[str, str]
) -> None:
    there = {"namespace": "shop", "service": "postgres", **labels}
    found = ask(
        *(
            (metric, {**there, "instance": f"{host}:9187", "datname": name}, gauge(count))
            for host, count in (("10.0.0.1", 30), ("10.0.0.2", 20))
            for name in ("shop", "stock")
        )
    )
    assert [each.last for each in found.signals["db_connections_by_client"]] == [60.0]


@pytest.mark.parametrize(
    ("metric", "label"),
    [
        ("gateway_client_requests_total", "client"),
        ("edge_client_http_requests_total", "client_id"),
        ("web_gateway_client_requests_total", "client"),
        ("api_requests_total", "api_key"),
        ("http_requests_total", "customer"),
        ("http_requests_total", "tenant"),
    ],
)
def test_refusals_are_known_by_client_under_any_label_that_names_him(
    ask: Callable[..., Metrics], metric: str, label: str
) -> None:
    told = {"namespace": "shop", "service": "web"}
    found = ask(
        *(
            (metric, {**told, label: who, "code": code}, counter(rate))
            for who, of in (("acme", {"200": 1, "429": 4}), ("bolt", {"200": 5, "429": 0}))
            for code, rate in of.items()
        )
    )
    shares = {each.labels["client"]: each.last for each in found.signals["rate_limited_ratio_by_client"]}
    assert shares == {"acme": pytest.approx(0.8), "bolt": 0.0}


@pytest.mark.parametrize(
    "metric", ["http_client_requests_total", "payment_gateway_client_requests_total", "carrier_client_requests_total"]
)
def test_what_a_service_asks_of_others_tells_of_no_clients_of_its_own(ask: Callable[..., Metrics], metric: str) -> None:
    told = {"namespace": "shop", "service": "web", "client": "payments"}
    found = ask(*((metric, {**told, "code": code}, counter(4)) for code in ("200", "429")))
    assert "rate_limited_ratio_by_client" not in found.signals


@pytest.mark.parametrize(
    ("metric", "label"),
    [
        ("stock_rpc_requests_total", "client"),
        ("rpc_server_requests_total", "client_id"),
        ("inbound_requests_received_total", "consumer"),
        ("web_incoming_calls_total", "client"),
    ],
)
def test_requests_are_counted_of_who_tells_only_which_client_asks(
    ask: Callable[..., Metrics], metric: str, label: str
) -> None:
    told = {"namespace": "shop", "service": "web"}
    found = ask(*((metric, {**told, label: who}, counter(rate)) for who, rate in (("core", 3), ("hub", 2))))
    assert last(found, "request_rate") == {"web": pytest.approx(5.0)}


@pytest.mark.parametrize(
    ("metric", "label"),
    [
        ("rpc_client_requests_total", "client"),
        ("upstream_rpc_requests_total", "client"),
        ("rpc_requests_total", "provider"),
        ("mail_requests_total", "tenant"),
    ],
)
def test_what_may_be_asked_of_others_or_of_anything_is_no_request_of_a_client(
    ask: Callable[..., Metrics], metric: str, label: str
) -> None:
    found = ask((metric, {"namespace": "shop", "service": "web", label: "core"}, counter(3)))
    assert "request_rate" not in found.signals


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ({"service": "prometheus-postgres-exporter", "pod": "prometheus-postgres-exporter-5d4f9c5b6d-abcde"}, "main"),
        ({"service": "orders-db-exporter", "pod": "orders-db-exporter-5d4f9c5b6d-abcde"}, "orders-db"),
        ({"pod": "postgres-exporter-5d4f9c5b6d-abcde"}, "main"),
        ({"service": "postgres-exporter", "server": "rds.example:5432"}, "rds.example"),
        ({"service": "postgres-exporter", "server": "localhost:5432"}, "main"),
        ({"service": "orders-db", "server": "10.0.0.99:5432"}, "orders-db"),
        ({"service": "accounts-metrics", "pod": "accounts-0"}, "accounts-metrics"),
    ],
)
def test_an_exporter_is_not_what_it_asks(ask: Callable[..., Metrics], labels: dict[str, str], told: str) -> None:
    known = Known(frozenset({"orders-db"}), asked={"postgres_exporter": "main"})
    found = ask(("pg_stat_activity_count", {**labels, "namespace": "shop", "state": "idle"}, gauge(9)), known=known)
    assert last(found, "db_connections") == {told: 9.0}


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("http://stock:8080/api", ["stock"]),
        ("stock.shop.svc:80", ["stock"]),
        ("redis/10.0.0.7:6379", ["web"]),
        ("api.pay.example:443", ["api.pay.example"]),
        ("warehouse/stock", ["warehouse/stock"]),
        ("none", []),
        ("localhost", []),
        ("127.0.0.1", []),
    ],
)
def test_who_is_called_is_known_by_any_form_of_its_address(
    ask: Callable[..., Metrics], address: str, told: list[str]
) -> None:
    known = replace(KNOWN, names=KNOWN.names | {"stock"})
    call = {**HERE, "service": "postgres", "upstream": address}
    buckets = [("upstream_request_duration_seconds_bucket", {**call, "le": le}, counter(1)) for le in ("1", "+Inf")]
    found = ask(*buckets, known=known).signals.get("dependency_latency_p95", ())
    assert [each.labels["dependency"] for each in found] == told


def test_a_partition_of_a_topic_counts_once_whoever_tells_of_it(ask: Callable[..., Metrics]) -> None:
    lag = {"consumergroup": "mailer", "topic": "mails", "namespace": "shop"}
    rows = [
        ("kafka_consumergroup_lag", {**lag, "partition": partition, "instance": instance}, gauge(40))
        for partition in ("0", "1")
        for instance in ("10.0.0.1:9308", "10.0.0.2:9308")
    ]
    assert last(ask(*rows), "queue_depth") == {"mailer/mails": 80.0}


def test_another_namespaces_metrics_are_not_ours(ask: Callable[..., Metrics]) -> None:
    other = requests("http_requests_total", "code", namespace="other", service="web")
    own = requests("prometheus_http_requests_total", "code", job="prometheus")
    found = ask(*other, *own)
    assert found.signals == {}
    assert [(source.source, source.ok) for source in found.sources] == [("prometheus", True), ("metrics", True)]


def test_an_exporters_own_namespace_does_not_count(ask: Callable[..., Metrics]) -> None:
    labels = {
        "namespace": "monitoring",
        "pod": "ksm-1",
        "exported_namespace": "shop",
        "exported_pod": POD,
        "container": "web",
    }
    found = ask(("kube_pod_container_status_restarts_total", labels, gauge(3)))
    assert [dict(each.labels) for each in found.signals["restarts"]] == [{"pod": POD, "container": "web"}]


def test_the_nearest_exporter_wins_and_the_others_add_what_it_does_not_see(ask: Callable[..., Metrics]) -> None:
    front = EXPORTERS["traefik"]
    behind = [
        *requests("http_requests_total", "code", namespace="shop", service="web"),
        ("http_requests_total", {"namespace": "shop", "service": "postgres", "code": "500"}, counter(5)),
    ]
    assert last(ask(*front, *behind), "error_ratio") == {"web": 0.1, "postgres": 1.0}


@pytest.mark.parametrize(
    ("name", "scale"),
    [
        ("http_request_duration_seconds_bucket", 1),
        ("http_server_requests_seconds_bucket", 1),
        ("http_server_duration_milliseconds_bucket", 1000),
        ("shop_http_request_duration_seconds_bucket", 1),
    ],
)
def test_latency_is_in_seconds(ask: Callable[..., Metrics], name: str, scale: int) -> None:
    labels = {"namespace": "shop", "service": "web", "pod": POD}
    series = [
        (name, {**labels, "le": bound}, counter(rate))
        for bound, rate in ((f"{scale}", 0), (f"{2 * scale}", 1), ("+Inf", 1))
    ]
    found = ask(*series)
    assert last(found, "latency_p95") == {"web": 1.95}
    assert last(found, "latency_p95_by_pod") == {POD: 1.95}


def test_shares_of_limits_are_joined_over_exporters(ask: Callable[..., Metrics]) -> None:
    cadvisor = {"namespace": "shop", "pod": POD, "container": "web"}
    kube = {"exported_namespace": "shop", "exported_pod": POD, "exported_container": "web", "namespace": "monitoring"}
    found = ask(
        ("container_memory_working_set_bytes", cadvisor, gauge(50)),
        ("container_memory_working_set_bytes", {**cadvisor, "container": ""}, gauge(70)),
        ("kube_pod_container_resource_limits", {**kube, "resource": "memory"}, gauge(100)),
        ("kube_pod_container_resource_limits", {**kube, "resource": "cpu"}, gauge(2)),
        ("container_cpu_usage_seconds_total", cadvisor, counter(0.5)),
    )
    assert last(found, "memory_share") == {f"{POD}/web": 0.5}
    assert last(found, "cpu_share") == {f"{POD}/web": 0.25}


def test_a_pod_known_by_its_address_only_gets_its_name(ask: Callable[..., Metrics]) -> None:
    found = ask(*requests("http_requests_total", "code", service="web", instance="10.0.0.7:8080"))
    assert last(found, "error_ratio_by_pod") == {POD: 0.1}


def test_what_pods_that_are_gone_told_counts_for_their_workload(ask: Callable[..., Metrics]) -> None:
    """Nobody knows their addresses any more: before a roll-out nothing would have been asked of it."""
    pods = {POD: "10.0.0.7:8080", "web-6c5f8d7b9c-zzzzz": "10.0.0.5:8080"}
    told = [
        sample
        for pod, instance in pods.items()
        for sample in requests("http_requests_total", "code", namespace="shop", pod=pod, instance=instance, job="pods")
    ]
    assert last(ask(*told), "request_rate") == {"web": 20.0}


def test_a_limit_that_nobody_exports_is_that_of_the_pod(ask: Callable[..., Metrics]) -> None:
    used = ("container_memory_working_set_bytes", {**HERE, "container": "web"}, gauge(50))
    assert last(ask(used), "memory_share") == {}
    limited = replace(KNOWN, limits={(POD, "web"): {"memory": 200.0}})
    assert last(ask(used, known=limited), "memory_share") == {f"{POD}/web": 0.25}
    exported = ("kube_pod_container_resource_limits", {**HERE, "container": "web", "resource": "memory"}, gauge(100))
    assert last(ask(used, exported, known=limited), "memory_share") == {f"{POD}/web": 0.5}


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ({"instance": "postgres-0"}, "postgres"),
        ({"instance": "postgres:5432"}, "postgres"),
        ({"instance": "postgresql://postgres:5432"}, "postgres"),
        ({"instance": "postgres.shop.svc:5432"}, "postgres"),
        ({"instance": "10.0.0.9:9187", "job": "databases"}, "postgres"),
        ({"server": "postgres:5432", "service": "postgres-exporter", "namespace": "shop"}, "postgres"),
        ({"server": "localhost:5432", "service": "postgres", "namespace": "shop"}, "postgres"),
        ({"instance": "postgres.other.example:5432", "job": "databases"}, "databases"),
        ({"instance": "postgres-0.postgres:5432"}, "postgres"),
        ({"instance": "postgres-0.postgres.shop.svc:5432"}, "postgres"),
        ({"instance": "postgres-0.other.example:5432", "job": "databases"}, "databases"),
        ({"instance": "postgres.other.svc:5432", "job": "databases"}, "databases"),
        ({"server": "postgres.other.svc:5432", "service": "postgres-exporter", "namespace": "shop"}, "postgres.other"),
    ],
)
def test_what_an_exporter_asks_is_known_by_its_address(
    ask: Callable[..., Metrics], labels: dict[str, str], told: str
) -> None:
    known = Known(frozenset({"postgres", "postgres-exporter"}), frozenset({"postgres-0"}), {"10.0.0.9": "postgres-0"})
    found = ask(("pg_stat_activity_count", {**labels, "state": "idle"}, gauge(9)), known=known)
    assert last(found, "db_connections") == {told: 9.0}


@pytest.mark.parametrize(
    ("labels", "asked", "told"),
    [
        ({"namespace": NAMESPACE}, {"postgres_exporter": "postgres"}, {"postgres": 9.0}),
        ({"namespace": NAMESPACE}, {"mysqld_exporter": "mysql"}, {}),
        ({"namespace": NAMESPACE}, {}, {}),
        ({}, {"postgres_exporter": "postgres"}, {}),
        ({"application_name": "web"}, {"postgres_exporter": "postgres"}, {"postgres": 9.0}),
        ({"application_name": "web"}, {}, {}),
        ({"application_name": "PostgreSQL JDBC Driver"}, {"postgres_exporter": "postgres"}, {}),
        ({"application_name": "web", "instance": "10.0.0.4:9187"}, {"postgres_exporter": "postgres"}, {}),
        ({"application_name": "web", "namespace": "other"}, {"postgres_exporter": "postgres"}, {}),
        ({"namespace": NAMESPACE, "service": "accounts"}, {"postgres_exporter": "postgres"}, {"accounts": 9.0}),
        ({"namespace": NAMESPACE, "pod": "pg-0"}, {"postgres_exporter": "postgres"}, {"pg": 9.0}),
        ({"namespace": NAMESPACE, "instance": "10.0.0.4:9187"}, {"postgres_exporter": "postgres"}, {}),
    ],
)
def test_an_exporter_that_tells_its_namespace_only_asks_the_one_program_there_is(
    ask: Callable[..., Metrics], labels: dict[str, str], asked: dict[str, str], told: dict[str, float]
) -> None:
    known = Known(frozenset({"web"}), asked=asked)
    found = ask(("pg_stat_activity_count", {**labels, "state": "idle"}, gauge(9)), known=known)
    assert (last(found, "db_connections") if "db_connections" in found.signals else {}) == told


def test_sessions_are_told_apart_by_the_program_that_opened_them(ask: Callable[..., Metrics]) -> None:
    there = {"instance": "postgres:9187", "job": "postgres"}
    known = Known(frozenset({"postgres"}))
    for metric, signal in (
        ("pg_stat_activity_count", "db_connections_by_client"),
        ("pg_stat_activity_max_tx_duration", "db_transaction_age_by_client"),
    ):
        found = ask((metric, {**there, "application_name": "etl", "state": "active"}, gauge(9)), known=known)
        assert [dict(each.labels) for each in found.signals[signal]] == [
            {"component": "postgres", "client": "etl", "state": "active"}
        ]
        assert signal not in ask((metric, {**there, "state": "active"}, gauge(9)), known=known).signals


def test_sessions_are_told_apart_by_the_user_too_where_programs_do_not_tell_their_name(
    ask: Callable[..., Metrics],
) -> None:
    there = {"instance": "postgres:9187", "job": "postgres", "state": "idle"}
    known = Known(frozenset({"postgres"}))
    unnamed = ("pg_stat_activity_count", {**there, "usename": "office"}, gauge(9))
    named = ("pg_stat_activity_count", {**there, "usename": "shop", "application_name": "shop"}, gauge(7))
    office = {"component": "postgres", "user": "office", "state": "idle"}
    shop = {"component": "postgres", "user": "shop", "client": "shop", "state": "idle"}
    for asked, expected in (((unnamed,), [office]), ((unnamed, named), [office, shop])):
        found = ask(*asked, known=known).signals["db_connections_by_client"]
        assert sorted((dict(each.labels) for each in found), key=lambda labels: labels["user"]) == expected


def test_transactions_are_told_apart_by_the_user_where_programs_do_not_tell_their_name(
    ask: Callable[..., Metrics],
) -> None:
    there = {"instance": "postgres:9187", "job": "postgres", "state": "idle in transaction", "usename": "office"}
    known = Known(frozenset({"postgres"}))
    found = ask(("pg_stat_activity_max_tx_duration", there, gauge(900)), known=known)
    assert [dict(each.labels) for each in found.signals["db_transaction_age_by_client"]] == [
        {"component": "postgres", "user": "office", "state": "idle in transaction"}
    ]


def test_sessions_of_mysql_are_told_apart_by_user_where_no_address_is_told(ask: Callable[..., Metrics]) -> None:
    there, known = {"instance": "mysql:9104", "job": "mysql"}, Known(frozenset({"mysql"}))
    threads = ("mysql_info_schema_processlist_threads", {**there, "user": "office", "command": "sleep"}, gauge(9))
    users = ("mysql_info_schema_processlist_processes_by_user", {**there, "mysql_user": "office"}, gauge(9))
    hosts = ("mysql_info_schema_processlist_processes_by_host", {**there, "client_host": "10.1.0.7"}, gauge(9))
    by_user = {"component": "mysql", "user": "office"}
    for asked, expected in (
        ((threads, users), {**by_user, "state": "sleep"}),
        ((users,), by_user),
        ((threads, users, hosts), {"component": "mysql", "client": "10.1.0.7"}),
    ):
        found = ask(*asked, known=known).signals["db_connections_by_client"]
        assert [dict(each.labels) for each in found] == [expected]
    stateless = ("mysql_info_schema_processlist_threads", {**there, "command": "sleep", "state": ""}, gauge(9))
    assert "db_connections_by_client" not in ask(stateless, known=known).signals


def test_what_pods_have_taken_of_their_fullest_pool_is_found_by_the_names_of_several_libraries(
    ask: Callable[..., Metrics],
) -> None:
    there = {"pod": "shop-1", "namespace": NAMESPACE}
    for metric, label, more in (
        ("go_sql_in_use_connections", "db_name", {}),
        ("hikaricp_connections_active", "pool", {}),
        ("microsoft_data_sqlclient_eventsource_number_of_active_connections", "pool", {}),
        ("npgsql_busy_connections", "pool_name", {}),
        ("sqlx_pool_connections_in_use", "db", {}),
        ("db_client_connections_usage", "pool_name", {"state": "used"}),
    ):
        pools = [(metric, {**there, **more, label: name}, gauge(taken)) for name, taken in (("main", 9), ("read", 2))]
        free = [(metric, {**there, "state": "idle", label: "main"}, gauge(40))] if more else []
        found = ask(*pools, *free, known=Known(pods=frozenset({"shop-1"}))).signals["pool_in_use"]
        assert [(dict(each.labels), each.points[-1][1]) for each in found] == [({"pod": "shop-1"}, 9.0)], metric


@pytest.mark.parametrize(("waiting", "share"), [(0, 0.85), (7, 1.0)])
def test_php_fpm_has_no_worker_left_only_where_somebody_waits_for_one(
    ask: Callable[..., Metrics], waiting: float, share: float
) -> None:
    there = {"pod": "shop-1", "namespace": NAMESPACE, "pool": "www"}
    counts = (("active_processes", 3), ("total_processes", 3), ("listen_queue", waiting))
    found = ask(
        *((f"phpfpm_{name}", there, gauge(value)) for name, value in counts), known=Known(pods=frozenset({"shop-1"}))
    )
    [each] = found.signals["workers_busy_share"]
    assert (dict(each.labels), each.points[-1][1]) == ({"pod": "shop-1"}, share)


def test_queues_and_their_readers_are_found_at_both_pages_of_a_broker(ask: Callable[..., Metrics]) -> None:
    for prefix in ("rabbitmq_queue", "rabbitmq_detailed_queue"):
        queue = {"vhost": "/", "queue": "mails"}
        found = ask((f"{prefix}_messages_ready", queue, gauge(90)), (f"{prefix}_consumers", queue, gauge(3)))
        assert last(found, "queue_depth") == {"mails": 90.0}
        assert last(found, "queue_consumers") == {"mails": 3.0}


def test_queues_of_workers_are_found_by_the_label_that_their_exporter_gives_them(ask: Callable[..., Metrics]) -> None:
    for metric, label in (("celery_queue_length", "queue_name"), ("sidekiq_queue_enqueued_jobs", "name")):
        for where in ({}, {"job": "exporter", "instance": "10.0.0.9:9100"}):
            found = ask((metric, {**where, label: "mails"}, gauge(90)), (metric, {**where, label: "bills"}, gauge(3)))
            assert last(found, "queue_depth") == {"mails": 90.0, "bills": 3.0}, metric


def test_who_waits_for_a_connection_a_thread_or_a_lock_waits_in_no_queue_of_messages(
    ask: Callable[..., Metrics],
) -> None:
    where = {"namespace": "shop", "pod": "mails-1", "service": "mails"}
    for metric in ("mails_queue_waiting", "retry_queue_pending", "spool_queue_pending", "queue_ready"):
        assert last(ask((metric, where, gauge(90))), "queue_depth"), metric
    waits = ("db_connection_queue_waiting", "threadpool_queue_waiting", "connectionpool_queue_pending")
    for metric in (*waits, "lock_queue_waiting", "db_pool_queue_waiting", "http_thread_pool_queue_waiting"):
        assert not last(ask((metric, where, gauge(90))), "queue_depth"), metric


def test_clients_that_wait_for_a_pooler_are_counted_over_its_databases_and_instances(
    ask: Callable[..., Metrics],
) -> None:
    pods = {f"pgbouncer-{n}": {"pod": f"pgbouncer-{n}", "namespace": NAMESPACE} for n in range(2)}
    waiting = [
        ("pgbouncer_pools_client_waiting_connections", {**labels, "database": database, "user": "shop"}, gauge(40))
        for labels in pods.values()
        for database in ("shop", "stock")
    ]
    assert last(ask(*waiting, known=Known(frozenset({"pgbouncer"}), frozenset(pods), {})), "pool_waiting") == {
        "pgbouncer": 160.0
    }


def test_instances_at_addresses_are_counted_by_what_they_are_of(ask: Callable[..., Metrics]) -> None:
    caches = {f"10.0.0.{number}": f"redis-{number}" for number in (1, 2)}
    known = Known(frozenset({"redis"}), frozenset(caches.values()), caches)
    evicted = [("redis_evicted_keys_total", {"instance": f"{host}:9121"}, counter(2)) for host in caches]
    outside = ("redis_evicted_keys_total", {"instance": "cache.example:6379"}, counter(1))
    assert last(ask(*evicted, outside, known=known), "cache_evictions") == {"redis": 4.0, "cache.example": 1.0}


def test_a_target_that_is_no_pod_has_no_pod(ask: Callable[..., Metrics]) -> None:
    labels = {"namespace": "shop", "job": "exporters"}
    found = ask(
        ("up", {**labels, "instance": "10.0.0.7:80"}, gauge(1)), ("up", {**labels, "instance": "db:9187"}, gauge(0))
    )
    assert [dict(each.labels) for each in found.signals["up"]] == [
        {"job": "exporters", "instance": "10.0.0.7:80", "pod": POD},
        {"job": "exporters", "instance": "db:9187"},
    ]


def test_an_autoscaler_is_named_by_what_it_scales(ask: Callable[..., Metrics]) -> None:
    labels = {"namespace": "shop", "horizontalpodautoscaler": "web-hpa"}
    series = ("kube_horizontalpodautoscaler_spec_max_replicas", labels, gauge(5))
    assert last(ask(series, known=Known(scalers={"web-hpa": "web"})), "hpa_max") == {"web": 5.0}
    assert last(ask(series, known=Known()), "hpa_max") == {"web-hpa": 5.0}


def test_a_metric_that_has_ended_is_still_found(ask: Callable[..., Metrics]) -> None:
    samples = Samples()
    for second in range(0, 1200, 15):
        labels = {"namespace": "shop", "service": "web"}
        counts = [("http_requests_total", {**labels, "code": code}, 1.0 * second) for code in ("200", "500")]
        samples.scrape(AT.timestamp() - 1800 + second, counts)
    server = HttpServer(PrometheusApi(samples, AT.timestamp, threading.RLock()).answer)
    try:
        found = read_metrics(server.url, NAMESPACE, AT).signals
    finally:
        server.stop()
    (series,) = found["error_ratio"]
    assert series.last == pytest.approx(0.5)
    assert series.points[-1][0] < AT.timestamp() - 500


def test_the_past_can_be_asked_for(ask: Callable[..., Metrics]) -> None:
    found = ask(*EXPORTERS["ingress-nginx"])
    (series,) = found.signals["error_ratio"]
    assert series.points[-1][0] <= AT.timestamp()
    assert all(AT.timestamp() - 3600 <= when for when, _ in series.points)


def test_a_node_is_called_by_its_name_whatever_its_exporter_is_called(ask: Callable[..., Metrics]) -> None:
    known = Known(nodes={"10.0.4.52": "n4"})
    found = ask(
        *(
            (name, {"instance": instance, "device": "eth0"}, counter(rate))
            for instance in ("10.0.4.52:9100", "n5:9100")
            for name, rate in (
                ("node_netstat_Tcp_RetransSegs", 4),
                ("node_netstat_Tcp_OutSegs", 100),
                ("node_network_receive_errs_total", 2),
            )
        ),
        ("node_network_receive_errs_total", {"instance": "n5:9100", "device": "veth0a1b"}, counter(70)),
        known=known,
    )
    assert last(found, "node_retransmit_share") == {"n4": 0.04, "n5": 0.04}
    assert last(found, "node_receive_errors") == {"n4": 2.0, "n5": 2.0}


def test_what_a_pod_holds_on_disk_is_told_of_that_pod_and_not_of_the_exporter(ask: Callable[..., Metrics]) -> None:
    exporter = {"namespace": "monitoring", "pod": "exporter-0", "node_name": "n1"}
    held = ("ephemeral_storage_pod_usage", {**exporter, "pod_name": POD, "pod_namespace": "shop"}, gauge(8e10))
    assert last(ask(held), "pod_disk_bytes") == {POD: 8e10}


def test_the_clock_of_a_node_is_told_of_it(ask: Callable[..., Metrics]) -> None:
    found = ask(*(("node_timex_sync_status", {"node": name}, gauge(told)) for name, told in (("n1", 1), ("n2", 0))))
    assert last(found, "node_clock_in_time") == {"n1": 1.0, "n2": 0.0}


def test_what_the_containers_of_a_pod_hold_on_disk_is_added_up(ask: Callable[..., Metrics]) -> None:
    held = [
        ("container_fs_usage_bytes", {"namespace": "shop", "pod": POD, "container": name}, gauge(size))
        for name, size in (("shop", 6e10), ("proxy", 1e10), ("", 9e10))
    ]
    assert last(ask(*held), "pod_disk_bytes") == {POD: 7e10}


def test_a_limit_counts_from_when_it_is_known() -> None:
    used = Series({"pod": "a"}, ((10.0, 5.0), (20.0, 5.0), (30.0, 5.0)))
    limit = Series({"pod": "a"}, ((20.0, 10.0), (30.0, 5.0)))
    assert quotient([used], [limit]) == (Series({"pod": "a"}, ((10.0, 0.5), (20.0, 0.5), (30.0, 1.0))),)
    assert quotient([used], [Series({"pod": "a"}, ((0.0, 0.0),))]) == ()
    assert quotient([used], []) == ()
