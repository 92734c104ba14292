"""The cause is the first component that fails by itself; what calls it only shows it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnosis.rules.tiny import (
    answers,
    excluded,
    figure,
    log,
    pod,
    postgres,
    redis,
    service_for,
    snapshot,
    workload,
)
from tuheg_ir.diagnosis.decide import decide
from tuheg_ir.diagnosis.rules import (
    broker_blocks_publishers,
    cache_blocked,
    cache_full,
    data_service_saturated,
    dependency_fails,
    outside_dependency_fails,
    retry_storm,
)

SHOP, CACHE, CART = "Deployment/shop", "Deployment/redis", "Deployment/cart"
ENV = {"REDIS_URL": "redis://redis:6379/0", "CART_URL": "http://cart:8080"}


def shop(**more: Any) -> list[dict[str, Any]]:
    return workload("shop", **{"env": ENV, **more})


class TestCacheBlocked:
    RULE = cache_blocked.RULE

    @pytest.mark.parametrize(
        "figures",
        [
            [figure("cache_latency_p95", 0.001, 1.2, component="redis")],
            [figure("dependency_latency_p95", 0.002, 1.5, component="shop", dependency="redis")],
            [figure("cache_up", 1, 0, component="redis")],
        ],
        ids=["its own figure", "its caller's figure", "its exporter"],
    )
    def test_a_slow_cache_needs_a_person(self, figures: list[Any]) -> None:
        snap = snapshot(shop(), redis(), figures=figures)
        assert answers(self.RULE, snap) == [(CACHE, "dependency_failure", "page_human", CACHE)]
        assert ("restart_workload", SHOP) in excluded(self.RULE, snap)

    def test_a_script_that_does_not_end_goes_with_a_restart(self) -> None:
        busy = "ReplyError: BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
        snap = snapshot(shop(), redis(ready=0), logs=[log(pod("shop"), busy)])
        assert answers(self.RULE, snap) == [(CACHE, "dependency_failure", "restart_workload", CACHE)]

    def test_a_fast_cache_is_well(self) -> None:
        quick = figure("cache_latency_p95", 0.001, 0.004, component="redis")
        assert answers(self.RULE, snapshot(shop(), redis(), figures=[quick])) == []

    def test_the_symptom_at_its_caller_is_not_a_finding_of_its_own(self) -> None:
        figures = [
            figure("cache_latency_p95", 0.001, 1.2, component="redis"),
            figure("latency_p95", 0.1, 3.0, component="shop"),
        ]
        assert [f.component for f in decide(snapshot(shop(), redis(), figures=figures)).findings] == [CACHE]


class TestCacheFull:
    RULE = cache_full.RULE

    def test_writes_are_refused(self) -> None:
        line = "ResponseError: OOM command not allowed when used memory > 'maxmemory'."
        snap = snapshot(shop(), redis(), logs=[log(pod("shop"), line)])
        assert answers(self.RULE, snap) == [(CACHE, "resource_exhaustion", "page_human", CACHE)]
        assert {("restart_workload", CACHE), ("restart_workload", SHOP)} <= excluded(self.RULE, snap)

    def test_it_throws_out_what_is_needed(self) -> None:
        figures = [
            figure("cache_memory_share", 0.7, 1.0, component="redis"),
            figure("cache_evictions", 0, 400, component="redis"),
        ]
        assert answers(self.RULE, snapshot(shop(), redis(), figures=figures))[0][:3] == (
            CACHE,
            "resource_exhaustion",
            "page_human",
        )

    def test_a_cache_that_always_evicts_is_as_it_should_be(self) -> None:
        figures = [
            figure("cache_memory_share", 1.0, 1.0, component="redis"),
            figure("cache_evictions", 40, 40, component="redis"),
        ]
        assert answers(self.RULE, snapshot(shop(), redis(), figures=figures)) == []


@pytest.mark.parametrize(
    "line",
    [
        "memory resource limit alarm set on node rabbit@mq-0.",
        "*** Publishers will be blocked until this alarm clears ***",
    ],
)
def test_a_broker_with_an_alarm_needs_a_person(line: str) -> None:
    broker = workload("rabbitmq", "rabbitmq:3.13-management", kind="StatefulSet", pods=1, port=5672)
    snap = snapshot(workload("shop", env={"AMQP": "amqp://rabbitmq:5672"}), broker, logs=[log("rabbitmq-0", line)])
    where = "StatefulSet/rabbitmq"
    assert answers(broker_blocks_publishers.RULE, snap) == [(where, "resource_exhaustion", "page_human", where)]


class TestOutside:
    RULE = outside_dependency_fails.RULE

    @pytest.mark.parametrize(
        "line",
        [
            'Post "https://api.pay.example.com/charge": context deadline exceeded',
            "HTTPSConnectionPool(host='api.pay.example.com', port=443): Read timed out. (read timeout=10)",
            "upstream error: 503 from https://api.pay.example.com/charge",
            "java.net.SocketTimeoutException: connect timed out: https://api.pay.example.com",
        ],
    )
    def test_nothing_of_ours_helps(self, line: str) -> None:
        snap = snapshot(shop(), workload("cart"), logs=[log(pod("cart"), line)])
        assert answers(self.RULE, snap) == [(CART, "dependency_failure", "page_human", CART)]
        assert {("restart_workload", CART), ("rollback_workload", CART)} <= excluded(self.RULE, snap)

    def test_a_service_that_stands_for_a_host_outside(self) -> None:
        name = {**service_for("pay"), "spec": {"type": "ExternalName", "externalName": "api.pay.example.com"}}
        line = 'Post "http://pay/charge": dial tcp: i/o timeout'
        snap = snapshot(workload("cart"), name, logs=[log(pod("cart"), line)])
        assert answers(self.RULE, snap) == [(CART, "dependency_failure", "page_human", CART)]

    def test_figures_alone_tell_it(self) -> None:
        errors = figure("dependency_error_ratio", 0.0, 0.6, component="cart", dependency="api.pay.example.com")
        assert answers(self.RULE, snapshot(workload("cart"), figures=[errors]))[0][:3] == (
            CART,
            "dependency_failure",
            "page_human",
        )

    def test_two_callers_of_one_host_are_one_fault(self) -> None:
        line = 'Post "https://api.pay.example.com/charge": context deadline exceeded'
        snap = snapshot(shop(), workload("cart"), logs=[log(pod("cart"), line, line), log(pod("shop"), line)])
        assert answers(self.RULE, snap) == [(CART, "dependency_failure", "page_human", CART)]

    def test_a_host_that_a_release_brought_is_the_releases(self) -> None:
        line = 'Post "https://api.pya.example.com/charge": context deadline exceeded'
        new = workload(
            "cart", env={"PAY": "https://api.pya.example.com"}, before={"env": {"PAY": "https://api.pay.example.com"}}
        )
        assert answers(self.RULE, snapshot(new, logs=[log(pod("cart"), line)])) == []

    def test_it_limits_our_rate(self) -> None:
        line = "GET https://api.maps.example.com/geocode: 429 Too Many Requests"
        assert answers(self.RULE, snapshot(workload("cart"), logs=[log(pod("cart"), line)]))[0][0] == CART

    def test_hosts_that_users_come_from_are_no_dependency(self) -> None:
        line = (
            '10.0.0.1 - - "GET / HTTP/1.1" 429 12 "https://search.example.com/" "Bot (+http://bot.example.com/b.html)"'
        )
        assert answers(self.RULE, snapshot(workload("cart"), logs=[log(pod("cart"), line)])) == []

    def test_a_line_or_two_while_users_feel_nothing(self) -> None:
        line = 'Post "https://api.pay.example.com/charge": context deadline exceeded'
        well = figure("error_ratio", 0.001, 0.001, component="cart")
        assert answers(self.RULE, snapshot(workload("cart"), logs=[log(pod("cart"), line)], figures=[well])) == []


class TestDependencyFails:
    RULE = dependency_fails.RULE

    def test_the_last_of_the_chain_is_blamed(self) -> None:
        front = workload("web", env={"SHOP": "http://shop:8080"})
        logs = [
            log(pod("web"), 'Get "http://shop:8080/": context deadline exceeded'),
            log(pod("shop"), 'Get "http://cart:8080/": context deadline exceeded'),
        ]
        snap = snapshot(front, shop(), workload("cart"), logs=logs)
        assert answers(self.RULE, snap) == [(CART, "dependency_failure", "page_human", CART)]
        assert {("restart_workload", "Deployment/web"), ("restart_workload", SHOP)} <= excluded(self.RULE, snap)

    def test_nobody_complains_of_a_well_service(self) -> None:
        assert answers(self.RULE, snapshot(shop(), workload("cart"))) == []


class TestRetryStorm:
    RULE = retry_storm.RULE
    FIGURES = (
        figure("request_rate", 50, 50, component="shop"),
        figure("request_rate", 60, 400, component="cart"),
        figure("error_ratio", 0.0, 0.4, component="cart"),
    )

    def test_a_release_with_more_retries_is_rolled_back(self) -> None:
        new = shop(env={**ENV, "HTTP_RETRIES": "10"}, before={"env": {**ENV, "HTTP_RETRIES": "1"}}, released=660)
        snap = snapshot(new, workload("cart"), figures=self.FIGURES)
        assert answers(self.RULE, snap) == [(SHOP, "configuration_error", "rollback_workload", SHOP)]

    def test_without_a_release_the_callee_is_told(self) -> None:
        snap = snapshot(shop(), workload("cart"), figures=self.FIGURES)
        assert answers(self.RULE, snap) == [(CART, "dependency_failure", "page_human", CART)]

    def test_more_users_are_no_storm(self) -> None:
        grown = (figure("request_rate", 50, 350, component="shop"), *self.FIGURES[1:])
        assert answers(self.RULE, snapshot(shop(), workload("cart"), figures=grown)) == []


class TestSaturated:
    RULE = data_service_saturated.RULE
    BUSY = figure("cpu_share", 0.3, 0.99, pod="postgres-0", container="postgres")

    def test_a_database_without_processor_left_needs_a_person(self) -> None:
        slow = figure("latency_p95", 0.1, 4.0, component="shop")
        snap = snapshot(shop(env={"DB_HOST": "postgres"}), postgres(), figures=[self.BUSY, slow])
        where = "StatefulSet/postgres"
        assert answers(self.RULE, snap) == [(where, "capacity", "page_human", where)]
        assert ("scale_workload", SHOP) in excluded(self.RULE, snap)

    def test_a_busy_database_while_nobody_waits(self) -> None:
        assert answers(self.RULE, snapshot(shop(env={"DB_HOST": "postgres"}), postgres(), figures=[self.BUSY])) == []

    def test_a_cache_that_throws_out_what_is_needed_is_behind_it(self) -> None:
        figures = [
            self.BUSY,
            figure("latency_p95", 0.1, 4.0, component="shop"),
            figure("cache_memory_share", 0.8, 1.0, component="redis"),
            figure("cache_evictions", 0, 900, component="redis"),
        ]
        snap = snapshot(shop(env={**ENV, "DB_HOST": "postgres"}), redis(), postgres(), figures=figures)
        assert [f.component for f in decide(snap).findings] == [CACHE]


def test_a_database_behind_a_pooler_is_found_by_its_image() -> None:
    custom = workload("store", "registry.example/team/postgresql-ha:16", kind="StatefulSet", pods=1, port=5432)
    exporter = workload("store-exporter", "prometheuscommunity/postgres-exporter:v0.15", port=9187)
    from tuheg_ir.diagnosis.view import View
    from tuheg_ir.diagnosis.view.programs import of_role

    view = View(snapshot(custom, exporter, postgres("orders-db"), redis("sessions")))
    assert {w.ref for w in of_role(view.workloads, "database")} == {"StatefulSet/store", "StatefulSet/orders-db"}
    assert [w.ref for w in of_role(view.workloads, "cache")] == ["Deployment/sessions"]
