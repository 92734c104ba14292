"""Every query of a signal can be asked: its labels are found by what they hold."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tuheg_ir.diagnosis.collector.known import Known, known_of
from tuheg_ir.diagnosis.collector.labels import SYSTEM, Labels, Unfit
from tuheg_ir.diagnosis.signals import _PLATFORM, Names, load, may_be_own, written
from tuheg_ir.sim.prometheus.parser import parse

AT = datetime(2025, 11, 5, 15, tzinfo=UTC)
NAMESPACE = "shop"
POD = "web-7d4f9c5b6d-abcde"
KNOWN = Known(frozenset({"web", "web-api", "postgres"}), frozenset({POD}), {"10.0.0.7": POD})
ROWS = [
    {"namespace": NAMESPACE, "pod": POD, "container": "web", "code": "200", "service": "web", "dependency": "redis"},
    {"namespace": NAMESPACE, "pod": POD, "container": "web", "code": "500", "service": "web", "dependency": "redis"},
]
SCOPED = [{"service": "shop-web-80@kubernetes", "code": "500"}]
ROUTED = {"traefik": "shop-web-80@k", "envoy": "shop_web_80", "kong": "shop.web.80", "haproxy": "shop-web-80"}
WAYS = [(signal, way) for signal in load().signals.values() for way in signal.ways]


@pytest.mark.parametrize(("signal", "way"), WAYS, ids=[f"{signal.name}-{n}" for n, (signal, _) in enumerate(WAYS)])
def test_every_query_is_promql(signal: Any, way: Any) -> None:
    more = {"node": "n1", "client": "acme", **{label: "web" for label in (way.requires, way.address) if label}}
    rows = (
        [{**row, **more, way.address or "service": ROUTED[way.by]} for row in SCOPED]
        if way.scope == "service"
        else [{**row, **more, **({"namespace": SYSTEM} if way.scope == "system" else {})} for row in ROWS]
    )
    metrics = {letter: f"metric_{letter}" for letter in way.of}
    filled = Labels(rows, load(), NAMESPACE, KNOWN).fill(way, metrics, "2m")
    assert "$" not in filled.query.replace('"$1"', "")
    assert parse(filled.query).kind in ("instant vector", "scalar")
    assert {*filled.labels.values()} <= {*signal.labels, *way.needs, "component", "pod", "container"}


def test_every_signal_has_a_way_or_is_a_quotient_of_signals_that_have() -> None:
    signals = load().signals
    for signal in signals.values():
        assert bool(signal.ways) != bool(signal.quotient), signal.name
        assert all(signals[name].ways for name in signal.quotient), signal.name


def test_the_component_is_cut_out_of_the_pods_name_when_nothing_else_names_it() -> None:
    way = next(way for signal, way in WAYS if signal.name == "error_ratio" and way.by == "the service")
    rows = [{"namespace": NAMESPACE, "pod": "web-0", "code": "200", "job": "pods"}]
    filled = Labels(rows, load(), NAMESPACE, Known()).fill(way, {"m": "http_requests_total"}, "2m")
    assert "label_replace" in filled.query
    assert parse(filled.query).kind == "instant vector"


@pytest.mark.parametrize(
    ("exporter", "cut"),
    [("memcached", True), ("exporter", False)],
    ids=["in the pod of what it asks, whose former pods nobody knows", "in a pod of its own"],
)
def test_what_an_exporter_asks_is_named_by_its_pod_where_it_runs_in_it(exporter: str, cut: bool) -> None:
    way = next(way for signal, way in WAYS if signal.name == "cache_evictions" and way.by == "memcached_exporter")
    names = (f"{exporter}-7d4f9c5b6d-abcde", f"{exporter}-5c8d7f6b9c-fghij")
    told = zip(names, ("10.0.0.8:9150", "10.0.0.9:9150"), strict=True)
    rows = [{"namespace": NAMESPACE, "pod": pod, "instance": at, "job": "caches"} for pod, at in told]
    cache = "memcached-7d4f9c5b6d-abcde"
    known = Known(frozenset({"memcached"}), frozenset({cache, names[0]}), {"10.0.0.8": cache})
    filled = Labels(rows, load(), NAMESPACE, known).fill(way, {"m": "memcached_items_evicted_total"}, "2m")
    assert (', "pod", ' in filled.query) == cut
    assert (', "instance", ' in filled.query) != cut


@pytest.mark.parametrize("job", ["redis-exporter", "scraped"])
@pytest.mark.parametrize(
    ("exporter", "asked", "told"),
    [
        ("redis-exporter", {"redis_exporter": "sessions"}, "redis"),
        ("prometheus-redis-exporter", {"redis_exporter": "sessions"}, "redis"),
        ("shop-exporter", {"redis_exporter": "sessions"}, "sessions"),
        ("shop-exporter", {}, "shop-exporter"),
    ],
)
def test_an_exporter_of_its_own_whose_address_is_known_is_not_what_it_asks(
    job: str, exporter: str, asked: dict[str, str], told: str
) -> None:
    way = next(way for signal, way in WAYS if signal.name == "db_connections" and way.by == "redis_exporter")
    pod = f"{exporter}-7d4f9c5b6d-abcde"
    rows = [{"namespace": NAMESPACE, "pod": pod, "instance": "10.0.0.8:9121", "container": exporter, "job": job}]
    known = Known(frozenset({"redis", exporter}), frozenset({pod}), {"10.0.0.8": pod}, asked=asked)
    filled = Labels(rows, load(), NAMESPACE, known).fill(way, {"m": "redis_connected_clients"}, "2m")
    assert f'"component", "{told}"' in filled.query


@pytest.mark.parametrize(
    ("store", "named"),
    [
        ("exporter-postgres", '"component", "$1", "pod"'),
        ("exporter", '"component", "postgres", "pod"'),
        ("shop-exporter", '"component", "postgres", "pod"'),
    ],
    ids=["a store of a service called exporter, with its exporter beside it", "an exporter", "one of the shop"],
)
def test_a_store_of_a_service_called_exporter_is_not_taken_for_an_exporter(store: str, named: str) -> None:
    way = next(way for signal, way in WAYS if way.by == "postgres_exporter" and "$pre" in way.query)
    pod = f"{store}-0"
    rows = [{"namespace": NAMESPACE, "pod": pod, "instance": "10.0.0.8:9187", "container": "metrics", "job": "pods"}]
    names, pods = frozenset({store, "exporter", "postgres"}), frozenset({pod, "postgres-0"})
    known = Known(names, pods, {"10.0.0.8": pod}, asked={"postgres_exporter": "postgres"})
    filled = Labels(rows, load(), NAMESPACE, known).fill(way, dict.fromkeys(way.of, "m"), "2m")
    assert named in filled.query


def test_a_metric_of_no_use_is_left_out() -> None:
    way = next(way for signal, way in WAYS if signal.name == "error_ratio" and way.by == "the service")
    unfit: list[list[dict[str, str]]] = [
        [],
        [{"namespace": "other", "code": "200", "app": "web"}],
        [{"namespace": NAMESPACE, "app": "web"}],
    ]
    for rows in unfit:
        with pytest.raises(Unfit):
            Labels(rows, load(), NAMESPACE, KNOWN).fill(way, {"m": "http_requests_total"}, "2m")


@pytest.mark.parametrize(
    ("images", "asked"),
    [
        ((), {}),
        (("shop:1",), {}),
        (("docker.io/bitnami/postgresql:16", "shop:1"), {"postgres_exporter": "data-0"}),
        (("postgres:16", "redis:7"), {"postgres_exporter": "data-0", "redis_exporter": "data-1"}),
        (
            ("postgres:16", "prometheuscommunity/postgres-exporter:1", "postgres-backup:1"),
            {"postgres_exporter": "data-0"},
        ),
        (("postgres:16", "postgres:14"), {}),
        (("mysql:8", "mariadb:11"), {}),
    ],
)
def test_what_an_exporter_can_ask_is_the_one_program_of_its_kind(
    images: tuple[str, ...], asked: dict[str, str]
) -> None:
    stores = [
        {"metadata": {"name": f"data-{n}"}, "spec": {"template": {"spec": {"containers": [{"image": image}]}}}}
        for n, image in enumerate(images)
    ]
    assert known_of({"StatefulSet": stores}).asked == asked


def test_names_and_addresses_come_from_the_objects() -> None:
    limits = {"memory": "1Ki", "cpu": "250m", "google.com/tpu": "many"}
    container = {"name": "web", "resources": {"limits": limits}}
    pod = {"metadata": {"name": "web-1"}, "spec": {"containers": [container]}, "status": {"podIP": "10.0.0.1"}}
    scaler = {"metadata": {"name": "hpa"}, "spec": {"scaleTargetRef": {"name": "web"}}}
    objects: dict[str, list[dict[str, Any]]] = {
        "Node": [
            {"metadata": {"name": "n1"}, "status": {"addresses": [{"type": "InternalIP", "address": "10.1.0.1"}]}}
        ],
        "Pod": [pod],
        "Service": [{"metadata": {"name": "front"}}],
        "HorizontalPodAutoscaler": [scaler],
    }
    assert known_of(objects) == Known(
        frozenset({"front"}),
        frozenset({"web-1"}),
        {"10.0.0.1": "web-1"},
        {"hpa": "web"},
        {("web-1", "web"): {"memory": 1024.0, "cpu": 0.25}},
        nodes={"10.1.0.1": "n1"},
    )


PATTERNS = sorted(
    {
        pattern
        for signal in load().signals.values()
        for way in signal.ways
        for pattern in way.of.values()
        if "(?P=base)" not in pattern
    }
)


@settings(max_examples=300)
@given(data=st.data())
def test_a_name_that_a_pattern_stands_for_is_found_among_others(data: st.DataObject) -> None:
    pattern = data.draw(st.sampled_from(PATTERNS))
    name = data.draw(st.from_regex(re.compile(written(pattern, ("shop-api",)), re.ASCII), fullmatch=True))
    assume(pattern.startswith(_PLATFORM) or not name.startswith(_PLATFORM))
    names = Names(["up", name])
    names.know(("shop-api",))
    assert names.like(pattern) == [name]


def test_a_metric_is_told_to_be_of_a_workload_only_where_it_begins_as_those_do() -> None:
    assert may_be_own("shop_api_http_requests_total", ("cart", "shop-api"))
    assert not may_be_own("shop_apis", ("cart", "shop-api"))
    assert not may_be_own("shop_api_http_requests_total", ())


def test_what_is_a_workloads_own_is_found_once_the_workloads_are_known() -> None:
    names, own = Names(["up", "shop_api_requests_total"]), "(?:<own>)requests_total"
    assert (names.like("up"), names.like(own)) == (["up"], [])
    names.know(["shop-api"])
    assert (names.like("up"), names.like(own)) == (["up"], ["shop_api_requests_total"])
