"""A probe is healthy, unhealthy or unknown; what cannot be asked or has no data is unknown."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.tuheg.ir.plugins.module_utils import probes
from ansible_collections.tuheg.ir.plugins.module_utils.probe_promql import (
    PromQuestion,
    judge_value,
)
from ansible_collections.tuheg.ir.plugins.module_utils.probes import filled, overall, run_probes
from hypothesis import given
from hypothesis import strategies as st

from tests.collection.servers import Answer, Request, Server, answering, closed_port, silent


def http(**more: Any) -> dict[str, Any]:
    return {"name": "core", "purpose": "core_function", "http": {"url": "$ingress/api", "host": "gw.example", **more}}


def promql(query: str = "errors", **more: Any) -> dict[str, Any]:
    limit = {} if "min" in more else {"max": 0.01}
    return {"name": "errors", "purpose": "user", "promql": query, **limit, **more}


def ask(*probes: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
    results = run_probes({"gateway": {"probes": list(probes)}}, namespace="ns", **({"timeout_s": 5.0} | options))
    return [each.as_dict() for each in results]


# HTTP


@pytest.mark.parametrize(
    ("statuses", "spec", "verdict", "reason"),
    [
        ([200], {}, "healthy", "0 of 1 requests failed"),
        ([204], {"expect": [200, 204]}, "healthy", "0 of 1 requests failed"),
        ([503], {}, "unhealthy", "1 of 1 requests failed: status 503"),
        ([200, 200, 503], {"requests": 3}, "unhealthy", "1 of 3 requests failed: status 503"),
        ([200] * 9, {"requests": 9}, "healthy", "0 of 9 requests failed"),
        ([*[200] * 7, 503], {"requests": 8}, "unhealthy", "1 of 8 requests failed: status 503"),
        ([*[200] * 3, 503], {"requests": 8}, "unhealthy", "1 of 4 requests failed: status 503"),
        ([200, 503, 200], {"requests": 3, "max_failures": 1}, "healthy", "1 of 3 requests failed: status 503"),
        ([500, 500, 200, 200], {"requests": 9, "max_failures": 1}, "unhealthy", "2 of 4 requests failed: status 500"),
    ],
)
def test_answers_are_counted_against_the_allowed_failures(
    statuses: list[int], spec: dict[str, Any], verdict: str, reason: str
) -> None:
    left = iter(statuses)
    with answering(lambda _: (next(left), b"")) as server:
        (result,) = ask(http(**spec), ingress_url=server.url + "/")
    assert (result["verdict"], result["reason"]) == (verdict, reason)
    assert server.requests[0].path == "/api"
    assert server.requests[0].headers["Host"] == "gw.example"
    assert server.connections == len(server.requests)


def test_a_service_that_does_not_answer_in_time_is_unhealthy() -> None:
    with silent() as url:
        (result,) = ask(http(timeout_s=0.2), ingress_url=url)
    assert (result["verdict"], result["reason"]) == ("unhealthy", "1 of 1 requests failed: no answer within 0.2 s")


def test_an_address_where_nobody_is_tells_nothing_about_the_service() -> None:
    url = f"http://127.0.0.1:{closed_port()}"
    (result,) = ask(http(requests=20), ingress_url=url)
    assert (result["verdict"], result["samples"]) == ("unknown", 0)
    assert result["reason"].startswith(f"no connection to {url}/api")


def test_without_an_ingress_nothing_is_asked() -> None:
    (result,) = ask(http())
    assert result["verdict"] == "unknown"
    assert "is ir_ingress_url set?" in result["reason"]


def test_running_out_of_time_before_the_last_request_is_unknown() -> None:
    def slow(_: Request) -> Answer:
        time.sleep(0.1)
        return 200, b""

    with answering(slow) as server:
        (result,) = ask(http(requests=50), ingress_url=server.url, timeout_s=0.5)
    assert result["verdict"] == "unknown"
    assert "of 50 requests" in result["reason"]


# PromQL


def vector(*values: str) -> dict[str, Any]:
    result = [{"metric": {"n": str(number)}, "value": [1, value]} for number, value in enumerate(values)]
    return {"status": "success", "data": {"resultType": "vector", "result": result}}


Table = dict[str, dict[str, Any]]


@pytest.fixture
def prometheus() -> Iterator[Callable[[Table], Server]]:
    """A Prometheus that answers queries from a table."""
    table: Table = {}

    def answer(request: Request) -> Answer:
        return 200, table.get(request.query["query"], vector("0"))

    with answering(answer) as server:

        def serve(answers: Table) -> Server:
            table.update(answers)
            return server

        yield serve


@pytest.mark.parametrize(
    ("body", "more", "verdict", "reason"),
    [
        (vector("0.005"), {}, "healthy", "0.005, the limit is 0.01"),
        (vector("0.02"), {}, "unhealthy", "0.02 is above 0.01"),
        (vector("2"), {"min": 3}, "unhealthy", "2 is below 3"),
        (vector("3"), {"min": 3}, "healthy", "3, the limit is 3"),
        (vector(), {}, "unknown", "Prometheus has no data for it"),
        (vector("NaN"), {}, "unknown", "its value is nan"),
        (vector("+Inf"), {}, "unknown", "its value is inf"),
        (vector("0", "0"), {}, "unknown", "the query gives 2 series instead of one: sum or select"),
        (
            {"status": "success", "data": {"resultType": "scalar", "result": [1, "0"]}},
            {},
            "healthy",
            "0, the limit is 0.01",
        ),
        (
            {"status": "success", "data": {"resultType": "matrix", "result": []}},
            {},
            "unknown",
            "the query does not give one number",
        ),
        (
            {"status": "error", "error": "parse error"},
            {},
            "unknown",
            "Prometheus refuses the query (parse error)",
        ),
    ],
)
def test_a_value_is_compared_and_no_value_is_unknown(
    prometheus: Callable[[Table], Server], body: dict[str, Any], more: dict[str, Any], verdict: str, reason: str
) -> None:
    (result,) = ask(promql(**more), prometheus_url=prometheus({"errors": body}).url)
    assert (result["verdict"], result["reason"]) == (verdict, reason)


@pytest.mark.parametrize(
    ("samples", "verdict", "reason"),
    [
        (vector("50"), "healthy", "0, the limit is 0.01"),
        (vector("49.9"), "unknown", "49.9 samples, 50 are needed"),
        (vector(), "unknown", "0 samples, 50 are needed"),
        (vector("NaN"), "unknown", "nan samples, 50 are needed"),
    ],
)
def test_too_few_samples_are_unknown_however_good_the_value(
    prometheus: Callable[[Table], Server], samples: dict[str, Any], verdict: str, reason: str
) -> None:
    probe = promql(samples_promql="count", min_samples=50)
    (result,) = ask(probe, prometheus_url=prometheus({"count": samples}).url)
    assert (result["verdict"], result["reason"]) == (verdict, reason)


def test_our_words_are_filled_in_and_promqls_own_dollars_stay(prometheus: Callable[[Table], Server]) -> None:
    server = prometheus({})
    query = 'sum(rate(x{namespace="$namespace",path=~"/a$",service="$service"}[$window]))'
    ask(promql(query, window="1m"), prometheus_url=server.url)
    ask(promql(query, window="1m"), prometheus_url=server.url, window="20s")
    sent = [request.query["query"] for request in server.requests]
    assert sent == [
        'sum(rate(x{namespace="ns",path=~"/a$",service="gateway"}[1m]))',
        'sum(rate(x{namespace="ns",path=~"/a$",service="gateway"}[20s]))',
    ]
    assert filled("$window $other", {}) == "$window $other"


@pytest.mark.parametrize("kind", ["closed", "silent", "web page", "nothing configured"])
def test_a_prometheus_that_cannot_be_asked_is_unknown_with_its_reason_never_an_error(kind: str) -> None:
    with silent() as silent_url, answering(lambda _: (200, b"<html>")) as page:
        url = {
            "closed": f"http://127.0.0.1:{closed_port()}",
            "silent": silent_url,
            "web page": page.url,
            "nothing configured": "",
        }[kind]
        started = time.monotonic()
        (result,) = ask(promql(), prometheus_url=url, timeout_s=1.0)
    assert time.monotonic() - started < 2
    assert result["verdict"] == "unknown"
    expected = {
        "closed": "cannot be asked",
        "silent": "no answer in time",
        "web page": "does not answer as a Prometheus",
        "nothing configured": "no Prometheus is configured (ir_prometheus_url)",
    }[kind]
    assert expected in result["reason"]


def test_credentials_in_the_address_are_sent_and_never_shown() -> None:
    with answering(lambda _: (200, vector("0"))) as server:
        (result,) = ask(promql(), prometheus_url=server.url.replace("//", "//ann:s%40crt@"))
    assert result["verdict"] == "healthy"
    assert server.requests[0].headers["Authorization"] == "Basic YW5uOnNAY3J0"
    (result,) = ask(promql(), prometheus_url=f"http://ann:secret@127.0.0.1:{closed_port()}")
    assert result["verdict"] == "unknown"
    assert "secret" not in str(result)


def test_after_an_action_only_a_window_wholly_after_it_counts(prometheus: Callable[[Table], Server]) -> None:
    server = prometheus({})
    since = datetime.now(UTC)
    (result,) = ask(promql(), prometheus_url=server.url, window="1s", since=since)
    assert result["verdict"] == "healthy"
    asked_at = float(server.requests[-1].query["time"])
    assert asked_at >= since.timestamp() + 1.0
    assert time.time() - since.timestamp() < 3


def test_a_window_that_is_over_long_since_is_not_waited_for(prometheus: Callable[[Table], Server]) -> None:
    started = time.monotonic()
    ask(promql(), prometheus_url=prometheus({}).url, window="1m", since=datetime.now(UTC) - timedelta(minutes=2))
    assert time.monotonic() - started < 1


def test_a_window_that_ends_after_the_time_limit_is_unknown_at_once(prometheus: Callable[[Table], Server]) -> None:
    started = time.monotonic()
    (result,) = ask(promql(), prometheus_url=prometheus({}).url, window="1m", since=datetime.now(UTC), timeout_s=5)
    assert result["reason"] == "its window of 60 s is not over within the time limit"
    assert time.monotonic() - started < 1


def test_a_prometheus_whose_clock_is_ahead_is_asked_on_its_own_clock() -> None:
    ahead = (datetime.now(UTC) + timedelta(hours=1)).strftime("%a, %d %b %Y %H:%M:%S GMT")

    def answer(_: Request) -> Answer:
        return 200, vector("0")

    with answering(answer, date=ahead) as server:
        ask(promql(), prometheus_url=server.url, since=datetime.now(UTC) - timedelta(minutes=5))
    assert float(server.requests[-1].query["time"]) - time.time() == pytest.approx(3600, abs=3)


# Asking until it is well


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask again sooner than in earnest."""
    monkeypatch.setattr(probes, "_AGAIN_S", 0.2)


@pytest.mark.usefixtures("soon")
def test_until_healthy_asks_again_and_tells_the_last_answers(prometheus: Callable[[Table], Server]) -> None:
    table = prometheus({"errors": vector("1")})
    threading.Timer(0.5, lambda: prometheus({"errors": vector("0")})).start()
    (result,) = ask(promql(), prometheus_url=table.url, until_healthy=True, timeout_s=10)
    assert result["verdict"] == "healthy"


@pytest.mark.usefixtures("soon")
def test_until_healthy_ends_with_the_time_and_with_the_bad_answer(prometheus: Callable[[Table], Server]) -> None:
    server = prometheus({"errors": vector("1")})
    started = time.monotonic()
    (result,) = ask(promql(), prometheus_url=server.url, until_healthy=True, timeout_s=1)
    assert result["verdict"] == "unhealthy"
    assert time.monotonic() - started < 3
    assert len(server.requests) >= 2


def test_what_is_configured_wrongly_is_not_asked_again() -> None:
    started = time.monotonic()
    (result,) = ask(promql(), until_healthy=True, timeout_s=30)
    assert result["verdict"] == "unknown"
    assert time.monotonic() - started < 1


# All together


def test_only_the_probes_named_are_asked() -> None:
    results = ask(promql(), promql() | {"name": "latency"}, names=["latency"])
    assert [each["name"] for each in results] == ["latency"]
    assert ask(promql(), names=[]) == []


def test_many_probes_are_asked_at_the_same_time() -> None:
    def slow(_: Request) -> Answer:
        time.sleep(0.3)
        return 200, vector("0")

    with answering(slow) as server:
        started = time.monotonic()
        results = ask(*[promql() | {"name": f"p{number}"} for number in range(6)], prometheus_url=server.url)
    assert {each["verdict"] for each in results} == {"healthy"}
    assert time.monotonic() - started < 1.2


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (["healthy", "healthy"], "healthy"),
        (["healthy", "unknown"], "unknown"),
        (["unknown", "unhealthy"], "unhealthy"),
        ([], "unknown"),
        (["healthy", "odd"], "unknown"),
    ],
)
def test_all_probes_together(verdicts: list[str], expected: str) -> None:
    rows = [{"service": "s", "name": "n", "verdict": verdict, "reason": "r"} for verdict in verdicts]
    assert overall(rows).verdict == expected
    assert overall(rows).reason


@pytest.mark.parametrize(
    ("probe", "message"),
    [
        ({"purpose": "user", "promql": "x", "max": 1}, "probe ? of gateway needs a name and a purpose"),
        (promql() | {"purpose": "fun"}, "needs a name and a purpose out of health, core_function, user"),
        (promql() | http(), "must have exactly one of http and promql"),
        ({"name": "n", "purpose": "user"}, "must have exactly one of http and promql"),
        (promql(min=1) | {"max": 1}, "must have exactly one of max and min"),
        (promql(min_samples=5), "has min_samples, so it needs samples_promql"),
        (promql(window="soon"), "is not a length of time"),
        (promql() | {"max": "much"}, "has a number that is none"),
        ({"name": "n", "purpose": "user", "http": {}}, "has no http.url"),
        (http(requests="many"), "has a number that is none"),
    ],
)
def test_a_probe_that_is_written_wrongly_is_named(probe: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is compared below
        ask(probe)
    assert message in str(caught.value)


@given(value=st.none() | st.floats(), samples=st.none() | st.floats(), needed=st.floats(0, 100))
def test_healthy_needs_a_finite_value_within_its_limit_and_enough_samples(
    value: float | None, samples: float | None, needed: float
) -> None:
    question = PromQuestion("q", maximum=1.0, samples="s", min_samples=needed)
    answer = judge_value(question, value, samples)
    if answer.verdict == "healthy":
        assert value is not None
        assert value <= 1.0
        assert samples is not None
        assert samples >= needed
    if value is None:
        assert answer.verdict == "unknown"
