"""The evaluator's arithmetic on samples that can be checked by hand; tests/contract compares with a real one."""

from __future__ import annotations

import contextlib
import math
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuheg_ir.sim.answers import Request
from tuheg_ir.sim.prometheus.errors import QueryError
from tuheg_ir.sim.prometheus.functions import bucket_quantile
from tuheg_ir.sim.prometheus.parser import parse
from tuheg_ir.sim.prometheus.rates import extrapolations
from tuheg_ir.sim.prometheus.samples import Samples
from tuheg_ir.sim.prometheus.web import PrometheusApi

NOW = 10_000.0


@pytest.fixture
def api() -> PrometheusApi:
    """Ten minutes, a sample every 5 s: a counter of 2 a second, one that resets, a gauge that grows by 1 a second."""
    samples = Samples()
    for step in range(121):
        at = NOW - 600 + 5 * step
        rows: list[tuple[str, dict[str, str], float]] = [
            ("requests_total", {"pod": "a", "code": "200"}, 10.0 * step),
            ("requests_total", {"pod": "a", "code": "500"}, 1.0 * step),
            ("requests_total", {"pod": "b", "code": "200"}, float(10 * step % 300)),
            ("memory", {"pod": "a"}, 100.0 + 5 * step),
            ("limit", {"pod": "a"}, 1000.0),
            ("bucket", {"le": "0.1"}, 60.0 * step),
            ("bucket", {"le": "1"}, 90.0 * step),
            ("bucket", {"le": "+Inf"}, 100.0 * step),
        ]
        if at < NOW - 60:
            rows.append(("gone", {}, 1.0))
        samples.scrape(at, rows)
    return PrometheusApi(samples, lambda: NOW, threading.RLock())


def ask(api: PrometheusApi, query: str, path: str = "/api/v1/query", **more: str) -> Any:
    answer = api.answer(Request("GET", path, {"query": [query], **{k: [v] for k, v in more.items()}}, {}))
    return answer.body


def values(api: PrometheusApi, query: str) -> dict[str, float]:
    found = ask(api, query)["data"]
    if found["resultType"] == "scalar":
        return {"": float(found["result"][1])}
    return {",".join(sorted(row["metric"].values())): float(row["value"][1]) for row in found["result"]}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('rate(requests_total{pod="a",code="200"}[1m])', {"200,a": 2.0}),
        ('increase(requests_total{pod="a",code="200"}[1m])', {"200,a": 120.0}),
        # 570 counted in 295 of 300 s: what the counter lost in its two resets is lost
        ('increase(requests_total{pod="b"}[5m])', {"200,b": 570 * 300 / 295}),
        ('resets(requests_total{pod="b"}[5m])', {"200,b": 2.0}),
        ('sum by (code) (rate(requests_total{pod="a"}[1m]))', {"200": 2.0, "500": 0.2}),
        (
            'sum(rate(requests_total{pod="a",code=~"5.."}[1m])) / sum(rate(requests_total{pod="a"}[1m]))',
            {"": 0.2 / 2.2},
        ),
        ('sum(rate(requests_total{code="404"}[1m])) or vector(0)', {"": 0.0}),
        ("deriv(memory[1m])", {"a": 1.0}),
        ("predict_linear(memory[1m], 300)", {"a": 1000.0}),
        ("memory / on (pod) limit", {"a": 0.7}),
        ("memory > 100", {"a,memory": 700.0}),
        ("memory > bool 700", {"a": 0.0}),
        ("memory offset 1m", {"a,memory": 640.0}),
        ("memory @ 9700", {"a,memory": 400.0}),
        ("last_over_time((memory)[2s:1s] @ 9700)", {"a,memory": 400.0}),
        ("max_over_time(memory[1m]) - min_over_time(memory[1m])", {"a": 55.0}),
        ("changes(limit[5m])", {"a": 0.0}),
        ("histogram_quantile(0.5, rate(bucket[1m]))", {"": 0.1 * 50 / 60}),
        ("histogram_quantile(0.95, rate(bucket[1m]))", {"": 1.0}),
        ("gone", {}),
        ("absent(gone)", {"": 1.0}),
        ("gone offset 2m", {"gone": 1.0}),
        ("nosuch", {}),
        ("count(requests_total) by (pod)", {"a": 2.0, "b": 1.0}),
        ("-2 ^ 2", {"": -4.0}),
        ("2 ^ 3 ^ 2", {"": 512.0}),
        ("1 + 2 * 3", {"": 7.0}),
        ("time()", {"": NOW}),
    ],
)
def test_queries(api: PrometheusApi, query: str, expected: dict[str, float]) -> None:
    assert values(api, query) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("", 'invalid parameter "query": unknown position: parse error: no expression found in input'),
        ("sum(up", 'invalid parameter "query": 1:7: parse error: unclosed left parenthesis'),
        ("nosuchfn(up)", 'invalid parameter "query": 1:1: parse error: unknown function with name "nosuchfn"'),
        (
            "rate(up)",
            'invalid parameter "query": 1:6: parse error: expected type range vector in call to function "rate", got '
            "instant vector",
        ),
        ("rate(up[5x])", 'invalid parameter "query": 1:9: parse error: bad number or duration syntax: "5"'),
        ('a{b="c', 'invalid parameter "query": 1:5: parse error: unterminated quoted string'),
        (
            "{}",
            'invalid parameter "query": 1:1: parse error: vector selector must contain at least one non-empty matcher',
        ),
    ],
)
def test_what_is_not_understood_is_refused_in_prometheus_words(api: PrometheusApi, query: str, error: str) -> None:
    answer = api.answer(Request("GET", "/api/v1/query", {"query": [query]}, {}))
    assert answer.code == 400
    assert answer.body == {"status": "error", "errorType": "bad_data", "error": error}


def test_many_to_many_is_an_execution_error(api: PrometheusApi) -> None:
    answer = api.answer(Request("GET", "/api/v1/query", {"query": ["memory * on (pod) requests_total"]}, {}))
    assert (answer.code, answer.body["errorType"]) == (422, "execution")
    assert "many-to-many matching not allowed" in answer.body["error"]


def test_where_one_side_is_empty_nothing_is_ambiguous(api: PrometheusApi) -> None:
    assert values(api, "nothing_at_all * on () requests_total") == {}
    assert values(api, "requests_total * on () nothing_at_all") == {}


def test_nan_and_infinity_are_told_as_text(api: PrometheusApi) -> None:
    assert ask(api, "0 / 0")["data"]["result"][1] == "NaN"
    assert ask(api, "-1 / 0")["data"]["result"][1] == "-Inf"


def test_a_range_query_gives_a_value_a_step(api: PrometheusApi) -> None:
    found = ask(api, "memory", "/api/v1/query_range", start=str(NOW - 60), end=str(NOW), step="30")["data"]
    assert found["resultType"] == "matrix"
    assert found["result"][0]["values"] == [[NOW - 60, "640"], [NOW - 30, "670"], [NOW, "700"]]


@pytest.mark.parametrize(
    "query",
    [
        "gone",
        "absent(gone)",
        "absent_over_time(gone[30s])",
        "count_over_time(gone[2m])",
        "requests_total - on (pod, code) group_left () (requests_total or gone)",
        "sum(requests_total) / count(gone or limit)",
        'topk(1, requests_total) or bottomk(2, gone or {__name__="memory"})',
        "gone and on () memory < 650",
        "memory unless on () gone",
        "memory * on () gone",
        "limit * on () group_left () gone",
        "memory - memory offset 2m",
        "memory @ 9700 + memory",
        "max_over_time(rate(requests_total[1m])[3m:20s])",
        "sum_over_time(count(gone)[2m:])",
        "quantile_over_time(0.5, memory[1m])",
        "predict_linear(memory[1m], time() - 9000)",
        "histogram_quantile(0.9, rate(bucket[1m]))",
        'label_replace(gone, "what", "$1", "__name__", "(.*)")',
        "scalar(gone) + timestamp(memory)",
        "timestamp(memory offset 7s)",
        "timestamp(rate(memory[1m]))",
        "clamp(memory, scalar(limit) / 2, 650)",
        "round(-memory, 30) > bool -500",
        "quantile(0.5, requests_total)",
        "1 + time() * 2",
    ],
)
def test_a_range_is_what_each_of_its_moments_is(api: PrometheusApi, query: str) -> None:
    start, end, step = NOW - 400, NOW, 7
    ranged = ask(api, query, "/api/v1/query_range", start=str(start), end=str(end), step=str(step))["data"]["result"]
    by_moment: dict[float, list[tuple[dict[str, str], str]]] = {}
    for row in ranged:
        for moment, told in row["values"]:
            by_moment.setdefault(moment, []).append((row["metric"], told))
    for moment in (start + number * step for number in range(int((end - start) / step) + 1)):
        data = ask(api, query, time=str(moment))["data"]
        rows = data["result"] if data["resultType"] == "vector" else [{"metric": {}, "value": data["result"]}]
        told = sorted((sorted(row["metric"].items()), row["value"][1]) for row in rows)
        assert sorted((sorted(metric.items()), text) for metric, text in by_moment.get(moment, [])) == told
    assert by_moment


@pytest.mark.parametrize("query", ["abs({pod='a'})", "-{__name__=~'memory|limit'}"])
def test_two_series_with_the_same_labels_are_an_execution_error(api: PrometheusApi, query: str) -> None:
    answer = api.answer(Request("GET", "/api/v1/query", {"query": [query]}, {}))
    assert (answer.code, answer.body["error"]) == (422, "vector cannot contain metrics with the same labelset")


def test_a_form_is_read_like_a_query(api: PrometheusApi) -> None:
    answer = api.answer(Request("POST", "/api/v1/query", {}, {}, b"query=memory"))
    assert answer.body["data"]["result"][0]["value"] == [NOW, "700"]


@pytest.mark.parametrize("path", ["/-/ready", "/-/healthy"])
def test_it_says_that_it_is_there(api: PrometheusApi, path: str) -> None:
    assert api.answer(Request("GET", path, {}, {})).code == 200


def test_other_paths_are_not_served(api: PrometheusApi) -> None:
    assert api.answer(Request("GET", "/api/v1/nosuch", {}, {})).code == 404


@given(st.floats(0.1, 100), st.integers(2, 60), st.floats(1, 15))
def test_the_rate_of_a_steady_counter_is_its_rate(rate: float, count: int, every: float) -> None:
    start = 1000.0
    points = [(start + every * (number + 1), 1e6 + rate * every * (number + 1)) for number in range(count)]
    places = [(start, points[-1][0], 0, count)]
    [found] = extrapolations(points, places, counter=True, per_second=True)
    assert found is not None
    assert found == pytest.approx(rate, rel=1e-3)


@given(st.lists(st.integers(0, 9), min_size=2, max_size=12), st.integers(0, 5))
def test_a_counter_that_is_reset_goes_on_from_there_in_each_window_alone(grown: list[int], every: int) -> None:
    total, points = 0.0, []
    for number, more in enumerate(grown):
        total = float(more) if every and number % every == 0 else total + more
        points.append((10.0 * (number + 1), total))
    places = [
        (0.0, 10.0 * len(points), 0, len(points)),
        (points[-2][0] - 10, points[-1][0], len(points) - 2, len(points)),
    ]
    whole, last = extrapolations(points, places, counter=True, per_second=False)
    (_, before), (_, after) = points[-2:]
    gain = after if after < before else after - before
    assert whole is not None
    assert whole >= 0
    assert last is not None
    assert last == pytest.approx(gain if gain == 0 else gain * min(2.0, 1 + before / gain), rel=1e-9)


@given(st.lists(st.integers(0, 50), min_size=3, max_size=6), st.floats(0, 1), st.floats(0, 1))
def test_quantiles_grow_with_their_share(counts: list[int], one: float, other: float) -> None:
    total, buckets = 0, []
    for number, count in enumerate(counts):
        total += count
        buckets.append((math.inf if number == len(counts) - 1 else 0.1 * (number + 1), float(total)))
    low, high = sorted((one, other))
    found = [bucket_quantile(share, buckets) for share in (low, high)]
    if total == 0:
        assert all(map(math.isnan, found))
    elif not math.isnan(found[0]):  # the share 0 of an empty first bucket, as in Prometheus
        assert found[0] <= found[1] + 1e-9


@given(st.text("rate()sum by[]{}\"'=~5m1.0+-*/^ up,@:", max_size=25))
def test_any_text_is_an_answer_or_a_query_error(text: str) -> None:
    with contextlib.suppress(QueryError):
        assert parse(text) is not None
