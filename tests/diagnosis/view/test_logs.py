"""What lines tell: since when a trouble goes on, and that a number alone is no error code."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from tests.diagnosis.rules.pods import again, pods_of, put
from tests.diagnosis.rules.tiny import NOW, at, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log
from tuheg_ir.diagnosis.view.hosts import hosts_named
from tuheg_ir.diagnosis.view.log_table import FILE, words
from tuheg_ir.diagnosis.view.logs import tells
from tuheg_ir.diagnosis.view.view import View

FULL = "FATAL:  sorry, too many clients already"


def began(*ages: float) -> float:
    """Return for how many seconds a trouble goes on that was told so many seconds ago."""
    told = Log(pod("shop"), "shop", tuple(f"{at(age)} {FULL}" for age in ages))
    (hit,) = View(snapshot(workload("shop"), logs=[told])).hits_of("Deployment/shop", "database_full")
    assert hit.first is not None
    assert hit.last == NOW - timedelta(seconds=min(ages))
    return (NOW - hit.first).total_seconds()


@pytest.mark.parametrize(
    ("ages", "since"),
    [
        ([600, 590, 580, 40, 30, 20, 10], 40),
        ([600, 590, 580, 20, 10], 600),
        ([600, 40, 30, 20, 10], 40),
        ([600, 450, 300, 150, 0], 600),
        ([900, 899, 898, 897, 600, 599, 598, 597, 30, 29, 28, 27], 30),
        ([100, 90, 9, 8, 7, 6], 100),
        ([10], 10),
    ],
    ids=[
        "told again after minutes of silence",
        "too few lines to say that it came anew",
        "one old line",
        "told as seldom as ever",
        "the third time",
        "a silence of a minute",
        "one line",
    ],
)
def test_a_trouble_goes_on_since_it_was_last_silent(ages: list[float], since: float) -> None:
    assert began(*ages) == since


@pytest.mark.parametrize(
    ("line", "trouble"),
    [
        ("INFO GET /products/25006 200 9ms", ""),
        ("INFO order 53300 paid", ""),
        ("INFO shipment 42703 priced", ""),
        ("ERROR cannot write (SQLSTATE 25006)", "read_only_database"),
        ("ERROR: 25006: cannot execute that", "read_only_database"),
        ('{"code": "53300"}', "database_full"),
        ("[42703] column missing", "schema"),
        ("consumer: Cannot connect to amqp://shop:**@rabbitmq:5672/shop: timed out.", "connection_timeout"),
        ("beat: Connection error: timed out. Trying again in 2.0 seconds...", "connection_timeout"),
        ("socket.timeout: timed out", "connection_timeout"),
        ("INFO session of the user timed out", ""),
    ],
)
def test_a_number_alone_is_no_error_code(line: str, trouble: str) -> None:
    found = View(snapshot(workload("shop"), logs=[log(pod("shop"), line)])).hits
    assert {hit.trouble for hit in found} == ({trouble} if trouble else set())


@pytest.mark.parametrize(
    "line",
    [
        "SQLSTATE[HY000] [1524] Plugin 'mysql_native_password' is not loaded",
        "Error: ER_NOT_SUPPORTED_AUTH_MODE: Client does not support authentication protocol requested by server",
        "PDO: The server requested authentication method unknown to the client [caching_sha2_password]",
        "(2059, \"Authentication plugin 'caching_sha2_password' cannot be loaded: no such file\")",
        "Unable to load authentication plugin 'caching_sha2_password'.",
        "this authentication plugin is not supported",
        "Authentication method 'sha256_password' not supported by any of the available plugins.",
        "org.postgresql.util.PSQLException: The authentication type 10 is not supported.",
        "SCRAM authentication requires libpq version 10 or above",
        "UnsupportedSaslMechanismException: Client SASL mechanism 'PLAIN' not enabled in the server",
        "ORA-28040: No matching authentication protocol",
    ],
)
def test_a_kind_of_login_that_is_not_taken_is_told_in_many_words(line: str) -> None:
    assert "login_kind_refused" in told(line)


@pytest.mark.parametrize(
    "line",
    [
        "Task is being killed and will not recover until manually restarted",
        "stream-client [orders-1] All stream threads have died. The instance will be in error state",
        "stream-client [orders-1] State transition from RUNNING to ERROR",
        "Fatal consumer exception; stopping container",
        "stopping container - restart recovery attempts exhausted",
        "Retry limit exceeded while trying to reconnect. The Celery application must be restarted.",
        "maximum number of reconnect attempts reached",
    ],
)
def test_what_ends_for_good_says_so_in_many_words(line: str) -> None:
    assert "gave_up" in told(line)


@pytest.mark.parametrize(
    "line",
    [
        "Plugin 'grafana-clock-panel' is not loaded",
        "2026-03-04 12:00:00 UTC [1524] LOG:  checkpoint starting: time",
        "restarting consumer 4, attempt 2",
        "reconnected after 3 attempts",
        "user chose another authentication method",
    ],
)
def test_neither_is_told_by_what_is_like_it(line: str) -> None:
    assert not told(line) & {"gave_up", "login_kind_refused"}


@pytest.mark.parametrize(
    "line",
    [
        "token has invalid claims: token used before issued",
        "jwt.exceptions.ImmatureSignatureError: The token is not yet valid (nbf)",
        "oauth2: token is not valid yet",
        "google.auth.exceptions.InvalidValue: Token used too early, 1772625600 < 1772625674",
        "io.jsonwebtoken.PrematureJwtException: JWT must not be accepted before 2026-03-04T12:00:00Z",
        "KRB5KRB_AP_ERR_SKEW: Clock skew too great",
        "InvalidSignatureException: Signature not yet current: 20260304T120000Z is still later than 20260304T114500Z",
    ],
)
def test_what_is_too_young_for_a_clock_is_told_in_many_words(line: str) -> None:
    assert "too_early" in told(line)


@pytest.mark.parametrize(
    "line",
    [
        "the token is not valid",
        "token has invalid claims: token is expired",
        "x509: certificate has expired or is not yet valid: current time 2026-03-04T12:00:00Z is after 2026-03-01",
    ],
)
def test_what_is_too_old_for_it_or_wrong_is_not(line: str) -> None:
    assert "too_early" not in told(line)


def told(line: str) -> set[str]:
    return {hit.trouble for hit in View(snapshot(workload("shop"), logs=[log(pod("shop"), line)])).hits}


def test_a_refused_connection_of_jdbc_names_its_host_alone() -> None:
    line = "PSQLException: Connection to postgres:5432 refused. Check that the hostname and port are correct"
    found = View(snapshot(workload("shop"), logs=[log(pod("shop"), line)])).hits
    assert {(hit.trouble, hit.hosts) for hit in found} == {("connection_refused", ("postgres",))}


def hosts(line: str) -> set[str]:
    return {host for hit in View(snapshot(workload("shop"), logs=[log(pod("shop"), line)])).hits for host in hit.hosts}


def test_who_answered_is_the_host() -> None:
    assert hosts("ERROR c.e.pay.PayClient : api.pay.example answered 503 Service Unavailable") == {"api.pay.example"}
    assert hosts("WARN pay.example:8443 responded with 502 Bad Gateway after 30 ms") == {"pay.example"}
    assert hosts("WARN unexpected status 503 from pay.example: {}") == {"pay.example"}
    assert hosts("WARN got 502 Bad Gateway from pay.example:8443") == {"pay.example"}
    assert hosts("WARN 429 Too Many Requests from maps.example, retry after 30") == set()
    assert hosts("WARN 503 from upstream, 12 requests from shop.example") == set()
    assert hosts("ERROR it answered 503 Service Unavailable") == set()
    assert hosts("ERROR com.example.PayClient answered 503 Service Unavailable") == set()


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("export failed: HTTP 504 from reports.acme.example after 60 s", {"reports.acme.example"}),
        ("fetch: http status=502 from 'pay.example'.", {"pay.example"}),
        ("error 503 Service Temporarily Unavailable from pay.example.", {"pay.example"}),
        ("ERROR caught status 500 from com.acme.orders.Client: null", set()),
        ("ERROR caught status 502 from java.net.SocketInputStream", set()),
        ("ERROR caught status 500 from orders.handler(Orders)", set()),
        ("WARN short read 512 from data.json", set()),
        ("INFO loaded 500 rows from customers.csv", set()),
        ("INFO 500 ms from search.index to answer", set()),
    ],
)
def test_whom_a_status_is_from_is_the_host_and_no_class_and_no_file(line: str, named: set[str]) -> None:
    assert set(hosts_named([line])) == named


def test_the_word_error_before_what_node_met_is_no_host() -> None:
    assert set(hosts_named(["Last error: connect ETIMEDOUT"])) == set()
    assert set(hosts_named(["Error: connect ECONNREFUSED 10.0.0.9:6379"])) == {"10.0.0.9"}
    assert set(hosts_named(["WARN accounts: connect ETIMEDOUT"])) == {"accounts"}


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ('10.2.3.4 - - [04/Mar/2026:12:00:00 +0000] "GET / HTTP/1.1" 502 157', set()),
        ('10.2.3.4 - kim [2026-03-04T12:00:00+00:00] "GET / HTTP/1.1" 502 157', set()),
        ('10.2.3.4 - kim [] 502 "GET / HTTP/1.1"', set()),
        ('10.2.3.4 - kim "GET / HTTP/1.1" 502 157', set()),
        ('10.2.3.4:33412 - "POST /v1/pay HTTP/1.1" 502 Bad Gateway', set()),
        ('10.2.3.4:33412 - - [04/Mar/2026:12:00:00] "GET /v1/pay" 502 -', set()),
        ("POST 10.2.3.4:8080 - 502 Bad Gateway", {"10.2.3.4"}),
        ("connect: 10.2.3.4 - refused [111]", {"10.2.3.4"}),
        ('connect: 10.2.3.4 - said "no route"', {"10.2.3.4"}),
    ],
)
def test_an_address_is_of_a_client_only_where_an_access_log_begins(line: str, named: set[str]) -> None:
    assert set(hosts_named([line])) == named


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("ConnectionTimeoutError: Connection timeout to host https://push.pay.example", {"push.pay.example"}),
        ("Cannot connect to host push.pay.example:443 ssl:default", {"push.pay.example"}),
        ("could not resolve host https", {"https"}),
        ("hostname resolving error: lookup pg on 10.96.0.10:53: i/o timeout", {"pg", "10.96.0.10"}),
    ],
)
def test_neither_a_scheme_nor_what_is_done_with_a_name_is_a_host(line: str, named: set[str]) -> None:
    assert set(hosts_named([line])) == named


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (
            "Tried 2 times of the providers [10.2.3.4:20880] (1/3) from the registry zookeeper:2181 on the "
            "consumer 10.2.3.9 "
            "using the dubbo version 3.2.14. Last error is: "
            "provider: dubbo://items:20880/shop.Items",
            {"10.2.3.4", "items"},
        ),
        (
            "Invoke remote method timeout. provider: tri://items.shop.svc:50051/shop.Items, error code: 4-2. "
            "go to https://dubbo.apache.org/faq/4/2 to find instructions.",
            {"items.shop.svc"},
        ),
        ("Forbid consumer 10.2.3.9 access service shop.Items from registry nacos:8848", set()),
        ("No provider available for shop.Items from registry zk-headless.infra.example.com:2181", set()),
        ("cannot reach schema registry schema-registry:8081: connection refused", {"schema-registry"}),
        (
            "[Warning] [MY-010055] [Server] IP address '10.2.3.9' could not be resolved: Name not known",
            set(),
        ),
    ],
)
def test_neither_a_registry_nor_who_asks_is_whom_somebody_calls(line: str, named: set[str]) -> None:
    assert set(hosts_named([line])) == named


def test_a_request_that_failed_after_a_while_failed_behind_and_one_that_was_turned_away_did_not() -> None:
    assert "upstream_failure" in told("ERROR POST https://api.pay.example/charge failed after 25004 ms")
    assert not told("ERROR POST https://api.pay.example/charge failed after 12 ms: 422 Unprocessable Entity")
    assert not told("ERROR GET https://api.pay.example/charge/7 failed after 3 attempts: not found")


TRACE = "io.lettuce.core.RedisConnectionException: Unable to connect to store/<unresolved>:6379"


def traced(*lines: str) -> tuple[float | None, float | None]:
    """Return since when and until when (seconds ago) a trouble was told by lines that bear no time."""
    told = Log(pod("shop"), "shop", lines)
    (hit,) = View(snapshot(workload("shop"), logs=[told])).hits_of("Deployment/shop", "connection_refused")
    return _ago(hit.first), _ago(hit.last)


def _ago(time: datetime | None) -> float | None:
    return (NOW - time).total_seconds() if time else None


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((f"{at(900)} ERROR failed", TRACE, f"{at(840)} INFO well"), (900, 840)),
        ((f"{at(900)} ERROR failed", TRACE, f"{at(600)} ERROR failed", TRACE, f"{at(540)} INFO well"), (900, 540)),
        ((TRACE, f"{at(840)} INFO well"), (None, 840)),
        ((f"{at(9000)} INFO started", TRACE), (9000, None)),
        ((TRACE, TRACE), (None, None)),
        (
            (
                *(line for age in (2400, 1900, 1870) for line in (f"{at(age)} ERROR failed", TRACE, TRACE, TRACE)),
                f"{at(540)} INFO well",
            ),
            (2400, 540),
        ),
    ],
    ids=[
        "between two times",
        "again and again",
        "as the log begins",
        "nothing was told later",
        "a log without times",
        "several lines of each",
    ],
)
def test_a_trace_is_as_old_as_the_lines_around_it(lines: tuple[str, ...], expected: tuple[float, float]) -> None:
    assert traced(*lines) == expected


@pytest.mark.parametrize(
    "line",
    [
        "QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00",
        "HikariPool-1 - Connection is not available, request timed out after 30000ms (total=10, active=10, idle=0)",
        "SequelizeConnectionAcquireTimeoutError: Operation timeout",
        "ConnectionAcquireTimeoutError [SequelizeConnectionAcquireTimeoutError]: ResourceRequest timed out",
        "Error: timeout exceeded when trying to connect",
        "Npgsql.NpgsqlException: The connection pool has been exhausted, either raise 'Max Pool Size' or 'Timeout'",
        "MySqlException: error connecting: Timeout expired.  The timeout period elapsed prior to obtaining a connection"
        " from the pool.",
        "WaitQueueTimeoutError: Timed out while checking out a connection from connection pool. maxPoolSize: 10",
        "PoolExhaustedException: Timeout: Pool empty. Unable to fetch a connection in 30 seconds, none available",
        "(DBConnection.ConnectionError) connection not available and request was dropped from queue after 2000ms",
        "redis: connection pool timeout",
    ],
)
def test_a_pool_that_is_exhausted_tells_of_no_other_host(line: str) -> None:
    assert told(line) == {"pool_exhausted"}


@pytest.mark.parametrize(
    ("line", "troubles"),
    [
        ("pool exhausted: dial tcp 10.1.0.7:5432: i/o timeout", {"pool_exhausted", "connection_timeout"}),
        (
            "HikariPool-1 - Connection is not available, request timed out after 30000ms (total=0, active=0, idle=0)",
            {"pool_exhausted", "connection_timeout"},
        ),
        ("redis.exceptions.TimeoutError: connection timed out", {"connection_timeout", "cache_busy"}),
    ],
    ids=["what keeps it waiting is told too", "a pool without a connection cannot open any", "no pool"],
)
def test_who_waits_for_another_host_says_so(line: str, troubles: set[str]) -> None:
    assert told(line) == troubles


@pytest.mark.parametrize(
    "link",
    [
        "(Background on this error at: https://sqlalche.me/e/20/3o7r)",
        "More info: https://pris.ly/d/connection-pool",
        "To troubleshoot, visit https://aka.ms/azsdk/net/identity",
        "at https://nodejs.org/api/errors.html",
        "https://go.dev/doc/database/cancel",
        "see https://kubernetes.io/docs/tasks/debug",
        "https://docs.shop.example/runbooks/timeouts#db",
        "For further information visit https://errors.shop.example/e/12",
    ],
)
def test_a_link_to_documentation_is_no_host_that_fails(link: str) -> None:
    assert hosts(f"ERROR connection timed out {link}") == set()
    assert hosts(f"ERROR dial tcp api.pay.example:443: i/o timeout {link}") == {"api.pay.example"}


def test_who_asks_for_documents_has_a_host_that_fails() -> None:
    assert hosts('ERROR Get "https://docs.shop.example/v1/7": context deadline exceeded') == {"docs.shop.example"}
    assert hosts("ERROR POST https://docs.googleapis.com/v1/documents returned 503") == {"docs.googleapis.com"}


@pytest.mark.parametrize(
    ("before", "line", "last"),
    [
        (True, f"11:08:35.542 {FULL}", 900),
        (True, f"{at(930)} {FULL}", 930),
        (False, f"11:08:35.542 {FULL}", None),
    ],
    ids=["it ended then", "its line has a date", "it runs still"],
)
def test_an_ended_container_told_nothing_after_its_end(before: bool, line: str, last: float | None) -> None:
    objects = workload("shop")
    put(pods_of(objects)[0], again("Error", 1, age=900))
    told = Log(pod("shop"), "shop", (line,), previous=before)
    (hit,) = View(snapshot(objects, logs=[told])).hits_of("Deployment/shop", "database_full")
    assert hit.last == (None if last is None else NOW - timedelta(seconds=last))


@pytest.mark.parametrize(
    ("quick", "slow"),
    [
        ("LOG:  duration: 0.412 ms  statement: SELECT 1", "LOG:  duration: 8123.456 ms  statement: SELECT 1"),
        ('{"msg":"query","attr":{"durationMillis":1012}}', '{"msg":"query","attr":{"durationMillis":112}}')[::-1],
        ("Executed DbCommand (12ms) [Parameters=[]]", "Executed DbCommand (81,230ms) [Parameters=[]]"),
    ],
)
@pytest.mark.parametrize("often", [1, 9])
def test_a_slow_statement_is_told_from_the_same_one_that_was_quick(quick: str, slow: str, often: int) -> None:
    for lines in ([quick] * often + [slow], [slow] + [quick] * often):
        (hit,) = View(snapshot(workload("shop"), logs=[log(pod("shop"), *lines)])).hits
        assert (hit.trouble, hit.count) == ("slow_statement", 1)


@pytest.mark.parametrize(
    "line",
    [
        "ReplyError: OOM command not allowed when used memory > 'maxmemory'.",
        "redis.exceptions.OutOfMemoryError: command not allowed when used memory > 'maxmemory'.",
        "SERVER_ERROR out of memory storing object",
    ],
)
def test_who_uses_a_full_cache_lacks_no_memory(line: str) -> None:
    found = View(snapshot(workload("shop"), logs=[log(pod("shop"), line)])).hits
    assert [hit.trouble for hit in found] == ["cache_full"]


@pytest.mark.parametrize(
    ("none", "much", "trouble"),
    [
        ("standby db-1 is 0s behind the primary", "standby db-1 is 900s behind the primary", "replication"),
        ("replication delay: 0ms", "replication delay: 9000ms", "replication"),
        (
            "WARNING:waitress.queue:Task queue depth is 0",
            "WARNING:waitress.queue:Task queue depth is 1000",
            "workers_busy",
        ),
        ("There are 0 offline partitions", "There are 1200 offline partitions", "cluster_degraded"),
        ("0 ranges are under-replicated", "1200 ranges are under-replicated", "cluster_degraded"),
    ],
)
def test_much_is_told_from_nothing_of_the_same(none: str, much: str, trouble: str) -> None:
    for lines in ([none, none, much], [much, none, none]):
        (hit,) = View(snapshot(workload("shop"), logs=[log(pod("shop"), *lines)])).hits
        assert (hit.trouble, hit.count) == (trouble, 1)


def test_of_a_long_line_is_kept_what_it_comes_of() -> None:
    line = f"ERROR {'wrapped: ' * 60}{FULL}"
    view = View(snapshot(workload("shop"), logs=[log(pod("shop"), line)]))
    (hit,) = view.hits_of("Deployment/shop", "database_full")
    assert hit.line.endswith(FULL)
    assert view.hit_evidence(hit).fact.endswith(FULL)


@pytest.mark.parametrize(
    "form",
    [
        "2026-03-04 12:00:00.123 UTC [{}] LOG:  duration: 557.274 ms  execute S_14: select 1",
        "[2026-03-04 12:00:00 +0000] [{}] [INFO] Booting worker with pid: {}",
        "2026/03/04 12:00:00 [notice] {}#{}: signal process started",
        "2026-03-04T12:00:00.000000Z {} [Note] [MY-010914] [Server] ready",
        "I, [2026-03-04T12:00:00.123456 #{}]  INFO -- : done in {} ms ({} rows)",
        '10.0.0.1 - - [04/Mar/2026:12:00:00 +0000] "GET /orders/{} HTTP/1.1" 200 {}',
        '{"level":"info","msg":"request","status":200,"path":"/orders/{}","bytes":{},"ms":{}}',
        "time=2026-03-04T12:00:00Z level=info msg=request method=GET path=/orders/{} status=200 bytes={} ms={}",
        "2026-03-04T12:00:00Z INFO GET /orders/{} 200 {}ms",
        "2026-03-04T12:00:00Z INFO processed {} rows in {} ms, {} left",
    ],
)
def test_a_process_an_amount_or_an_id_is_no_code_of_an_error(form: str) -> None:
    numbers = set(re.findall(r"(?<![\d.])[1-9]\d{1,4}(?![\d.])", FILE.read_text("utf-8")))
    assert len(numbers) > 50
    numbers |= {str(status) for status in range(400, 600)}
    told = {
        (number, trouble) for number in numbers for trouble in words() if tells(trouble, form.replace("{}", number))
    }
    assert not told
