"""A Prometheus in trouble is a note, and the alerts of one are read."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tuheg_ir.diagnosis.collector.alerts import of_alertmanager, of_prometheus, prometheus_alerts
from tuheg_ir.diagnosis.collector.context import SourceFailed
from tuheg_ir.diagnosis.collector.metrics import read_metrics
from tuheg_ir.diagnosis.collector.prometheus import Prometheus
from tuheg_ir.sim.answers import Answer, Request
from tuheg_ir.sim.http_server import HttpServer
from tuheg_ir.sim.prometheus.samples import Samples
from tuheg_ir.sim.prometheus.web import PrometheusApi

AT = datetime(2025, 11, 5, 15, tzinfo=UTC)
NAMESPACE = "shop"


def served(answer: Callable[[Request], Answer]) -> HttpServer:
    return HttpServer(answer)


@pytest.mark.parametrize(
    ("answer", "kind", "told"),
    [
        (Answer(404, text="nothing here"), "missing", "does not answer as a Prometheus (404)"),
        (Answer(401, text="who are you"), "forbidden", "does not answer as a Prometheus (401)"),
        (Answer(200, text="<html>hello</html>"), "invalid", "does not answer as a Prometheus (200)"),
        (Answer(400, body={"status": "error", "error": "bad"}), "invalid", "refuses the question (400: bad)"),
        (Answer(503, body={"status": "error", "error": "busy"}), "late", "refuses the question (503: busy)"),
        (Answer(200, body=[]), "invalid", "does not answer as a Prometheus"),
    ],
)
def test_a_prometheus_that_is_none_is_noted(answer: Answer, kind: str, told: str) -> None:
    server = served(lambda _: answer)
    try:
        found = read_metrics(server.url, NAMESPACE, AT)
    finally:
        server.stop()
    (source,) = found.sources
    assert (source.source, source.ok, source.kind) == ("prometheus", False, kind)
    assert told in source.note


def test_each_question_is_asked_once_on_a_connection_that_is_kept() -> None:
    asked = []

    def answer(request: Request) -> Answer:
        asked.append(request.path)
        return Answer(200, body={"status": "success", "data": {"result": []}})

    server = served(answer)
    prometheus = Prometheus(server.url, time.monotonic() + 10)
    try:
        for _ in range(4):
            assert prometheus.instant("up", AT.timestamp()) == []
    finally:
        prometheus.close()
        server.stop()
    assert len(asked) == 4


@pytest.mark.parametrize("url", ["nonsense", "ftp://x", "http://", "http://x:99999", "http://[::1"])
def test_an_address_that_is_none_is_noted(url: str) -> None:
    (source,) = read_metrics(url, NAMESPACE, AT).sources
    assert (source.ok, source.kind) == (False, "invalid")


def test_a_closed_port_is_noted() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (source,) = read_metrics(f"http://127.0.0.1:{port}", NAMESPACE, AT).sources
    assert (source.ok, source.kind) == (False, "unreachable")


def test_a_silent_prometheus_costs_no_more_than_the_limit() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        found = read_metrics(f"http://127.0.0.1:{silent.getsockname()[1]}", NAMESPACE, AT, timeout_s=1.0)
    (source,) = found.sources
    assert (source.ok, source.kind) == (False, "silent")
    assert time.monotonic() - began < 10


def test_a_query_that_fails_leaves_the_other_signals() -> None:
    samples = Samples()
    for second in range(0, 601, 15):
        row = ("http_requests_total", {"namespace": NAMESPACE, "service": "web", "code": "500"}, float(second))
        samples.scrape(AT.timestamp() - 600 + second, [row])
    api = PrometheusApi(samples, AT.timestamp, threading.RLock())

    def answer(request: Request) -> Answer:
        if request.path.endswith("query_range") and "=~" in request.one("query"):
            return Answer(422, body={"status": "error", "error": "too many samples"})
        return api.answer(request)

    server = served(answer)
    try:
        found = read_metrics(server.url, NAMESPACE, AT)
    finally:
        server.stop()
    (rate,) = found.signals["request_rate"]
    assert rate.labels["component"] == "web"
    assert rate.last == pytest.approx(1.0)
    failed = {source.source: source.note for source in found.sources if not source.ok}
    assert failed["metrics error_ratio"] == "Prometheus refuses the question (422: too many samples)"


# --- alerts ---

ALERT = {"labels": {"alertname": "Slow"}, "annotations": {}, "state": "firing", "activeAt": "2025-11-05T14:00:00Z"}


def test_alerts_of_prometheus_and_alertmanager_are_read() -> None:
    answers = {
        "/api/v1/alerts": {"status": "success", "data": {"alerts": [ALERT, "rubbish"]}},
        "/api/v2/alerts": [{**ALERT, "status": {"state": "active"}, "startsAt": ALERT["activeAt"]}],
    }
    server = served(lambda request: Answer(200, body=answers[request.path]))
    try:
        end = time.monotonic() + 5
        assert of_prometheus(server.url, end) == of_alertmanager(server.url, end)
        (alert,) = of_prometheus(server.url, end)
    finally:
        server.stop()
    assert (alert.name, alert.state, alert.starts_at) == ("Slow", "firing", datetime(2025, 11, 5, 14, tzinfo=UTC))


def test_alerts_of_the_past_are_found_in_what_prometheus_remembers() -> None:
    samples = Samples()
    labels = {"alertname": "Slow", "namespace": NAMESPACE}
    rows = [("ALERTS", {**labels, "alertstate": "firing"}, 1.0), ("ALERTS_FOR_STATE", labels, AT.timestamp() - 600)]
    samples.scrape(AT.timestamp() - 10, rows)
    server = served(PrometheusApi(samples, AT.timestamp, threading.RLock()).answer)
    try:
        (alert,) = prometheus_alerts(server.url, AT)
        with pytest.raises(SourceFailed):
            prometheus_alerts("nonsense", AT)
    finally:
        server.stop()
    assert (alert.name, alert.state, dict(alert.labels)) == ("Slow", "firing", labels)
    assert alert.starts_at == datetime(2025, 11, 5, 14, 50, tzinfo=UTC)
