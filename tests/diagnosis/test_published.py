"""What real software publishes gives the signals of the right component in the right unit, and no others."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from tests.diagnosis.published import KNOWN, Published, read
from tuheg_ir.diagnosis.collector.metrics import Metrics, read_metrics
from tuheg_ir.sim.http_server import HttpServer
from tuheg_ir.sim.prometheus.samples import Samples
from tuheg_ir.sim.prometheus.web import PrometheusApi

AT = datetime(2025, 11, 5, 15, tzinfo=UTC)
TABLES = ("servers", "edges", "calls", "stores", "queues", "platform")
ROWS = {f"{table}, {software}": told for table in TABLES for software, told in read(table).items()}
SERVERS = {software: told for software, told in read("servers").items() if told.at != "nobody"}
BESIDE = (
    "rate_limited_ratio", "not_found_ratio_by_pod", "request_rate_by_pod", "error_ratio_by_pod", "latency_p95_by_pod",
)  # fmt: skip
"""Signals that come with others, of the same counters."""


def asked(published: Published) -> Metrics:
    """Return what is read of a Prometheus that has scraped the series for ten minutes."""
    samples = Samples()
    for second in range(0, 601, 15):
        samples.scrape(AT.timestamp() - 600 + second, published.rows(second))
    server = HttpServer(PrometheusApi(samples, AT.timestamp, threading.RLock()).answer)
    try:
        return read_metrics(server.url, "shop", AT, known=lambda: KNOWN)
    finally:
        server.stop()


def told(found: Metrics) -> dict[str, dict[str, float]]:
    """Return signal -> the values of its labels -> how it stands."""
    return {
        signal: {"/".join(each.labels.values()): round(each.last or 0.0, 3) for each in series}
        for signal, series in found.signals.items()
    }


@pytest.mark.parametrize("published", ROWS.values(), ids=ROWS)
def test_what_software_publishes_gives_its_signals_and_no_others(published: Published) -> None:
    found = told(asked(published))
    assert {signal: values for signal, values in found.items() if signal not in BESIDE} == published.gives


@pytest.mark.parametrize("published", SERVERS.values(), ids=SERVERS)
def test_what_a_service_counts_is_told_of_its_pods_too(published: Published) -> None:
    found = told(asked(published))
    for signal in {"request_rate", "error_ratio", "latency_p95"} & set(published.gives):
        assert list(found.get(f"{signal}_by_pod", {}).values()) == list(published.gives[signal].values()), signal
