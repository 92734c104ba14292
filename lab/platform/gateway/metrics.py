"""The gateway's Prometheus series."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from prometheus_client import Counter, Gauge, Histogram, generate_latest

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0)


class Pool(Protocol):
    """What the pool gauges are read from."""

    def usage(self) -> Mapping[str, int]:
        """``size``, ``in_use`` and ``waiting``."""


class PrometheusMetrics:
    """Requests, dependencies and the database pool; the client adds the process itself."""

    def __init__(self) -> None:
        self._requests = Counter("http_requests_total", "Requests by path and status.", ["path", "status"])
        self._duration = Histogram("http_request_duration_seconds", "Time to answer.", ["path"], buckets=BUCKETS)
        self._dependency = Histogram(
            "gateway_dependency_seconds",
            "Time a dependency took to answer, failures included.",
            ["dependency"],
            buckets=BUCKETS,
        )

    def watch_pool(self, pool: Pool) -> None:
        """Serve the pool's gauges, read at each scrape."""
        for name, text in (
            ("size", "Connections the pool holds."),
            ("in_use", "Connections handed out."),
            ("waiting", "Requests waiting for a connection."),
        ):
            gauge = Gauge(f"gateway_db_pool_{name}", text)
            gauge.set_function(lambda key=name: float(pool.usage()[key]))

    def request(self, path: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        self._requests.labels(path, str(status)).inc()
        self._duration.labels(path).observe(seconds)

    @contextmanager
    def dependency(self, name: str) -> Iterator[None]:
        """Time what the block waits for ``name``."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self._dependency.labels(name).observe(time.perf_counter() - begin)

    def text(self) -> bytes:
        """All series in Prometheus' text format."""
        return bytes(generate_latest())
