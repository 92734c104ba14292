"""Whom a line complains of that names nobody: the one server of the kind whose words it uses."""

from __future__ import annotations

import pytest

from tests.diagnosis.rules.scenes import SHOP
from tests.diagnosis.rules.tiny import log, pod, snapshot, workload
from tuheg_ir.diagnosis.view.complaints import complaints, kind_spoken_of
from tuheg_ir.diagnosis.view.view import View

SERVERS = {"db": "postgres:16", "cache": "redis:7", "mq": "rabbitmq:3.13", "find": "elasticsearch:8"}


@pytest.mark.parametrize(
    ("trouble", "line", "about"),
    [
        ("database_authentication", 'FATAL: password authentication failed for user "shop"', "db"),
        ("database_authentication", 'FATAL: password authentication failed for user "redis_sync"', "db"),
        ("database_authentication", "WRONGPASS invalid username-password pair", "cache"),
        ("database_authentication", "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN.", "mq"),
        ("database_authentication", "security_exception: unable to authenticate user [shop]", "find"),
        ("role_missing", 'FATAL: database "shop" does not exist', "db"),
        ("role_missing", "NOT_ALLOWED - vhost shop not found", "mq"),
        ("login_kind_refused", "authentication method 10 not supported", "db"),
        ("login_kind_refused", "UnsupportedSaslMechanismException: Client SASL mechanism 'PLAIN' not enabled", "mq"),
        ("pool_exhausted", "HikariPool-1 - Connection is not available, request timed out after 30000ms.", "db"),
        ("pool_exhausted", "redis: connection pool timeout", "cache"),
        ("read_only_database", "cannot execute INSERT in a read-only transaction", "db"),
        ("read_only_database", "READONLY You can't write against a read only replica.", "cache"),
    ],
)
def test_a_line_without_a_host_means_the_one_server_whose_words_it_uses(trouble: str, line: str, about: str) -> None:
    servers = [workload(name, image=image) for name, image in SERVERS.items()]
    view = View(snapshot(workload("shop"), *servers, logs=[log(pod("shop"), line)]))
    assert [(c.caller, c.about) for c in complaints(view, trouble)] == [(SHOP, f"Deployment/{about}")]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("io.lettuce.core.RedisException: Connection closed", "cache"),
        ("cannot redispatch the job: redis is away", "cache"),
        ("connection to server 0/web1 failed, redispatched to web2", ""),
        ("partitions are redistributed", ""),
    ],
)
def test_a_line_speaks_of_a_kind_of_store_by_its_name_not_by_a_word_that_begins_like_it(line: str, kind: str) -> None:
    assert kind_spoken_of(line) == kind


ASKS = 'curl -fsS "https://{}/lease"'


@pytest.mark.parametrize(
    ("commands", "line", "hosts"),
    [
        ((ASKS.format("api.pay.example"),), "curl: (22) The requested URL returned error: 503", {"api.pay.example"}),
        (
            (ASKS.format("api.pay.example"),),
            "wget: server returned error: HTTP/1.1 503 Service Unavailable",
            {"api.pay.example"},
        ),
        ((ASKS.format("api.pay.example"),), "ERROR 503 Service Unavailable", set()),
        (
            (ASKS.format("api.pay.example"), ASKS.format("maps.example")),
            "curl: (22) The requested URL returned error: 503",
            set(),
        ),
        (("run",), "curl: (22) The requested URL returned error: 503", set()),
    ],
)
def test_a_tool_that_does_not_say_whom_it_asked_was_told_so_by_its_command(
    commands: tuple[str, ...], line: str, hosts: set[str]
) -> None:
    asks = workload("shop", command=["sh", "-c", "; ".join(commands)])
    other = {"name": "other", "command": ["sh", "-c", ASKS.format("b.example")]}
    asks[0]["spec"]["template"]["spec"]["initContainers"] = [other]
    view = View(snapshot(asks, logs=[log(pod("shop"), line)]))
    assert {host for each in complaints(view, "upstream_failure") for host in each.hosts} == hosts


BESIDE = "curl -X POST https://hooks.chat.example/T1"


@pytest.mark.parametrize(
    ("command", "asked"),
    [
        ('curl -H "Authorization: Bearer $TOKEN" https://pay.example/lease', "pay.example"),
        ('curl -fsS "$API_URL/jobs"', "Deployment/api"),
        ("curl -fsS ${API_URL}/jobs", "Deployment/api"),
        ("curl -fsS $(API_URL)/jobs", "Deployment/api"),
        ('URL=https://pay.example/lease; until curl -fsS "$URL"; do sleep 1; done', "pay.example"),
        (f'curl -fsS "$API_URL/jobs" && {BESIDE}', ""),
        (f'curl -fsS "$SECRET_URL/jobs" && {BESIDE}', ""),
        (f"curl -fsS https://$SECRET_HOST/jobs && {BESIDE}", ""),
        ('curl -fsS --proxy http://proxy.corp.example:3128 "$SECRET_URL"', ""),
        ('curl -fsS --proxy http://proxy.corp.example:3128 "$API_URL"', "Deployment/api"),
        ("set -x; curl -x proxy.corp.example:3128 https://pay.example/lease", "pay.example"),
    ],
)
def test_whom_a_tool_asks_by_a_variable_is_not_the_other_host_of_its_command(command: str, asked: str) -> None:
    asks = workload("shop", command=["sh", "-c", command], env={"API_URL": "http://api:8080"})
    told = log(pod("shop"), "curl: (22) The requested URL returned error: 503")
    (found,) = complaints(View(snapshot(asks, workload("api"), logs=[told])), "upstream_failure")
    assert (found.about or "".join(found.hosts)) == asked


ASKED_IN_VAIN = "ERROR Server error '503 Service Unavailable' for url 'https://api.pay.example/v2/cards'"
ANSWERED = 'INFO 10.1.0.7:40412 - "POST /pay HTTP/1.1" 502 Bad Gateway'
REFERRED = '10.1.0.7 - - [04/Mar/2026:12:00:00 +0000] "POST /pay HTTP/1.1" 502 12 https://shop.example/cart "-"'


@pytest.mark.parametrize(
    ("lines", "hosts"),
    [
        ((ASKED_IN_VAIN, ANSWERED), {"api.pay.example"}),
        ((ANSWERED, ASKED_IN_VAIN), {"api.pay.example"}),
        ((ASKED_IN_VAIN, REFERRED), {"api.pay.example"}),
        ((ANSWERED, REFERRED), set()),
        (("INFO asks https://shop.example/cart", REFERRED), set()),
    ],
)
def test_who_passes_an_error_on_complains_of_whom_it_asked_whichever_line_comes_last(
    lines: tuple[str, ...], hosts: set[str]
) -> None:
    view = View(snapshot(workload("shop"), workload("mail"), logs=[log(pod("shop"), *lines)]))
    assert {host for c in complaints(view, "upstream_failure") for host in c.hosts} == hosts
