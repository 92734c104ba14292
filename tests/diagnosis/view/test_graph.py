"""Who calls whom: settings, logs, sessions; and hosts that only look alike."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.diagnosis.rules.tiny import (
    database,
    log,
    pod,
    postgres,
    redis,
    service_for,
    session,
    snapshot,
    thing,
    workload,
)
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.view import View

SHOP = "Deployment/shop"


def calls(*more: Any, env: dict[str, Any] | None = None, **rest: Any) -> set[str]:
    return View(snapshot(workload("shop", env=env), postgres(), redis(), *more, **rest)).graph.calls[SHOP]


def test_a_service_without_a_selector_is_of_what_bears_just_its_name() -> None:
    made = service_for("pg")
    del made["spec"]["selector"]
    others = [each for each in workload("pg-pooler", port=6432) if each["kind"] != "Service"]
    database = [each for each in postgres("pg") if each["kind"] != "Service"]
    assert calls(others, database, made, env={"DB_HOST": "pg"}) == {"StatefulSet/pg"}


@pytest.mark.parametrize(
    ("key", "value", "called"),
    [
        ("DATABASE_URL", "postgresql://shop:x@postgres:5432/shop", {"StatefulSet/postgres"}),
        ("DB", "jdbc:postgresql://postgres.town.svc.cluster.local:5432/shop", {"StatefulSet/postgres"}),
        ("DB_HOST", "postgres-0.postgres", {"StatefulSet/postgres"}),
        ("DB_WRITE", "postgres", {"StatefulSet/postgres"}),
        ("PG_REPLICA", "postgres", {"StatefulSet/postgres"}),
        ("REDIS_HOST", "redis.town", {"Deployment/redis"}),
        ("BROKERS", "redis:6379,postgres:5432", {"Deployment/redis", "StatefulSet/postgres"}),
        ("CASSANDRA_CONTACT_POINTS", "redis,postgres", {"Deployment/redis", "StatefulSet/postgres"}),
        ("contact-points", "redis", {"Deployment/redis"}),
        ("APPLICATION", "spring.cassandra.contact-points=redis", {"Deployment/redis"}),
        ("DATABASE_URL", "postgresql://shop@mydb.rds.example.com:5432/postgres", set()),
        ("DB_HOST", "postgres.other.svc.cluster.local", set()),
        ("GREETING", "postgres", set()),
        ("API_URL", "https://www.redis.io/docs", set()),
    ],
)
def test_settings_name_hosts(key: str, value: str, called: set[str]) -> None:
    assert calls(env={key: value}) == called


@pytest.mark.parametrize(
    ("value", "called"),
    [
        ("way.egress.svc.cluster.local:3128", {"Deployment/way"}),
        ("http://way.egress.svc:3128", {"Deployment/way"}),
        ("way.egress:3128", {"Deployment/way"}),
        ("way.other.svc:3128", set()),
        ("postgres.egress.svc:5432", set()),
    ],
)
def test_a_service_of_another_namespace_is_known_where_it_was_read(value: str, called: set[str]) -> None:
    shared = workload("way", "ubuntu/squid:6", port=3128)
    for each in shared:
        each["metadata"]["namespace"] = "egress"
    assert calls(shared, env={"HTTPS_PROXY": value}) == called


@pytest.mark.parametrize(
    ("key", "value", "meant"),
    [
        ("PAY_URL", "http://redis:8080/pay", "Deployment/redis"),
        ("APP_PAY_SERVICE_HOST", "redis", "Deployment/redis"),
        ("pay.endpoint", "http://redis:8080", "Deployment/redis"),
        ("PAY_URL", "https://api.pay.example.com/v1", ""),
        ("REPAY_URL", "http://redis:8080", ""),
        ("PAY_CALLBACK_PAGE_URL", "http://redis:8080", ""),
        ("PAY_NAME", "redis", ""),
        ("URL", "http://redis:8080", ""),
        ("PAY_HOSTS_URL", "redis:1,postgres:2", ""),
        ("PAY_ADDRESS", "redis:1,postgres:2", ""),
    ],
)
def test_a_variable_tells_whom_a_caller_calls_by_a_name_of_its_own(key: str, value: str, meant: str) -> None:
    graph = View(snapshot(workload("shop", env={key: value}), postgres(), redis())).graph
    assert graph.meant(SHOP, "pay") == meant
    assert graph.meant(SHOP, "redis") == "Deployment/redis"
    assert graph.meant("Deployment/none", "pay") == graph.meant(SHOP, "") == ""


def test_a_configmap_names_hosts_as_well() -> None:
    spec = {"volumes": [{"name": "c", "configMap": {"name": "conf"}}]}
    conf = thing("ConfigMap", "conf", data={"nginx.conf": "location / { proxy_pass http://redis:6379; }"})
    view = View(snapshot(workload("shop", spec=spec), redis(), conf))
    assert view.graph.calls[SHOP] == {"Deployment/redis"}


def test_logs_and_sessions_show_calls() -> None:
    told = log(pod("shop"), "dial tcp: connect to redis:6379: connection refused")
    assert calls(logs=[told]) == {"Deployment/redis"}
    assert calls(databases=[database(session(SHOP, "active", 1))]) == {"StatefulSet/postgres"}


@pytest.mark.parametrize(
    ("line", "called"),
    [
        ("WARN cart: 502 Bad Gateway", {"Deployment/cart"}),
        ('{"level": 50, "msg": "cart: Request failed with status code 500"}', {"Deployment/cart"}),
        ("ERROR cart POST /lines: answered 504", {"Deployment/cart"}),
        ("ERROR big-cart: 502 Bad Gateway", set()),
        ("ERROR cart.example.com: 502 Bad Gateway", set()),
        ("ERROR shop: 502 Bad Gateway", set()),
        ("WARN cart: empty, nothing to pay", set()),
        ("ERROR 502 Bad Gateway for a cart", set()),
    ],
)
def test_errors_of_a_client_begin_with_whom_it_asked(line: str, called: set[str]) -> None:
    assert calls(workload("cart"), logs=[log(pod("shop"), line)]) == called


def test_a_server_that_names_its_client_does_not_call_it() -> None:
    held = View(
        snapshot(
            workload("shop", env={"REDIS_HOST": "redis"}),
            redis(),
            logs=[log(pod("redis"), "connection reset by peer: shop:8080 http://shop:8080")],
        )
    )
    assert held.graph.calls["Deployment/redis"] == set()


def test_needs_and_callers_go_through_others() -> None:
    view = View(
        snapshot(
            workload("web", env={"SHOP_URL": "http://shop"}), workload("shop", env={"DB_HOST": "postgres"}), postgres()
        )
    )
    assert view.graph.needs("Deployment/web") == {SHOP, "StatefulSet/postgres"}
    assert view.graph.callers("StatefulSet/postgres") == {SHOP, "Deployment/web"}


def test_hosts_of_a_setting() -> None:
    assert hosts_in("URL", "amqp://user:pw@rabbit:5672/%2f") == {"rabbit"}
    assert hosts_in("", "--listen=0.0.0.0") == set()
    assert hosts_in("", "location /cart { proxy_pass http://cart; }") == {"cart"}
    assert hosts_in("", "location / { set $to http://shop.town.svc; proxy_pass $to; }") == {"shop.town.svc"}
    assert hosts_in("RATES_TARGET", "dns:///rates:9000") == {"rates"}
    assert hosts_in("RATES", "dns://10.0.0.2/rates") == {"10.0.0.2", "rates"}
    assert hosts_in("SOCKET", "unix:///run/rates.sock") == set()
    assert hosts_in("LISTEN", "dns://:53") == set()


@pytest.mark.parametrize("word", ["a.", "a-", "host", "contact"])
def test_a_long_word_is_no_work(word: str) -> None:
    began = time.monotonic()
    assert not hosts_in("LIST", word * (20000 // len(word)))
    assert time.monotonic() - began < 2


def test_whom_a_server_serves_is_not_called_by_it() -> None:
    clients = workload("shop")
    address = next(each["status"]["podIP"] for each in clients if each["kind"] == "Pod")
    lines = [
        f"http: panic serving {address}:40512: runtime error: invalid memory address or nil pointer dereference",
        f"[error] 8#8: upstream timed out while reading, client: {address}, server: _",
        f"http: TLS handshake error from {address}:40512: remote error: tls: bad certificate",
        f'{address} - - [04/Mar/2026:12:00:00 +0000] "GET / HTTP/1.1" 502 157 "-" "curl/8.0" upstream=10.0.0.5:8080',
        f'{address} - kim "GET / HTTP/1.1" 502 157 "-" "curl/8.0" upstream=10.0.0.5:8080',
    ]
    held = snapshot(clients, workload("api"), logs=[log(pod("api"), *lines)])
    assert SHOP not in View(held).graph.calls["Deployment/api"]


def test_a_server_names_the_client_whose_certificate_it_refuses() -> None:
    line = (
        "http: TLS handshake error from 10.0.0.3:5395: tls: failed to verify certificate: x509: certificate has expired"
    )
    (hit,) = View(snapshot(workload("api"), logs=[log(pod("api"), line)])).hits
    assert hit.hosts == ("10.0.0.3",)


def test_a_service_chooses_pods_of_a_set_by_what_each_was_given() -> None:
    mysql = workload("mysql", "mysql:8", kind="StatefulSet", pods=2, port=3306, service=False)
    for each, role in zip((obj for obj in mysql if obj["kind"] == "Pod"), ("primary", "replica"), strict=True):
        each["metadata"]["labels"]["role"] = role
    writes = service_for("orders-rw", selector={"app": "mysql", "role": "primary"}, port=3306)
    gone = service_for("orders-gone", selector={"app": "mysql", "role": "witness"}, port=3306)
    held = View(snapshot(mysql, writes, gone, workload("shop", env={"DB_HOST": "orders-rw"})))
    assert held.graph.calls[SHOP] == {"StatefulSet/mysql"}
    assert held.services["orders-gone"].backends == ()


@pytest.mark.parametrize(
    ("asked", "called"),
    [("502 157", {"Deployment/api"}), ("200 157", set()), ("503 157", {"Deployment/api"})],
)
def test_an_access_log_names_behind_a_failed_request_whom_a_proxy_asked(asked: str, called: set[str]) -> None:
    line = (
        f'203.0.113.9 - - [04/Mar/2026:12:00:00 +0000] "GET / HTTP/1.1" {asked} "-" "{"x" * 120}" rt=0.1 upstream=api'
    )
    nobody = line.replace("upstream=api", "upstream=-")
    held = snapshot(workload("web"), workload("api"), logs=[log(pod("web"), line, nobody)])
    assert View(held).graph.calls["Deployment/web"] == called


@pytest.mark.parametrize(
    ("said", "called"),
    [
        ('"-" "curl/8" "-" rt=0.1 uct="0.1" upstream="api"', {"Deployment/api"}),
        ('"-" "curl/8" {"upstream_addr": "api:8080"}', {"Deployment/api"}),
        ('"-" "x upstream=api" rt=0.1', set()),
        ('"x upstream=api" "curl/8" rt=0.1', set()),
        (r'"-" "x\" \"y upstream=api" rt=0.1', set()),
        ('"-" "curl/8" "x upstream=api" rt=0.1', set()),
        ('"-" "curl/8" "upstream=api" rt=0.1', set()),
    ],
)
def test_what_a_client_says_of_itself_shows_no_call(said: str, called: set[str]) -> None:
    line = f'203.0.113.9 - - [04/Mar/2026:12:00:00 +0000] "GET / HTTP/1.1" 502 157 {said}'
    held = snapshot(workload("web"), workload("api"), logs=[log(pod("web"), line)])
    assert View(held).graph.calls["Deployment/web"] == called


@pytest.mark.parametrize(
    ("said", "called"),
    [
        ('502 - 114 1038 160 159 "203.0.113.9" "App" "c9f6" "app.example" "{}:8080"', {"Deployment/api"}),
        ('503 UF,URX 0 91 3 - "-" "App" "c9f6" "app.example" "{}:8080"', {"Deployment/api"}),
        (
            '504 UT via_upstream - "-" 0 95 31 30 "-" "App" "c9f6" "api" "{}:8080" outbound|80||api 10.1.0.9:5 -',
            {"Deployment/api"},
        ),
        ('502 150 "-" "App" 98 0.160 [town-api-8080] [] {}:8080 0 0.160 502 c9f6', {"Deployment/api"}),
        ('200 - 114 1038 160 159 "203.0.113.9" "App" "c9f6" "app.example" "{}:8080"', set()),
        ('502 - 114 1038 160 159 "{}:8080" "App" "c9f6" "app.example" "-"', set()),
        ('502 - 114 1038 160 159 "-" "{}:8080" "c9f6" "app.example" "-"', set()),
        ('502 150 "-" "App [x] [] {}:8080 0" 98 0.160 [town-api-8080] [] - - - - c9f6', set()),
        ('502 150 "-" "App" rt=0.1 client {}:8080', set()),
    ],
)
def test_an_access_log_tells_by_its_place_alone_which_pod_failed(said: str, called: set[str]) -> None:
    api = workload("api")
    address = next(each["status"]["podIP"] for each in api if each["kind"] == "Pod")
    line = f'[2026-03-04T12:00:00.000Z] "POST /in HTTP/2" {said.format(address)}'
    held = snapshot(workload("web"), api, logs=[log(pod("web"), line)])
    assert View(held).graph.calls["Deployment/web"] == called


def test_an_access_log_turns_no_call_round() -> None:
    line = '203.0.113.9 - - [04/Mar/2026:12:00:00 +0000] "GET / HTTP/1.1" 502 157 "-" "curl/8" upstream=api'
    back = workload("api", env={"GATEWAY_URL": "http://web:8080"})
    view = View(snapshot(workload("web"), back, logs=[log(pod("web"), line)]))
    assert view.graph.calls["Deployment/api"] == {"Deployment/web"}
    assert view.graph.calls["Deployment/web"] == set()
