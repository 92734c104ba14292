"""A Prometheus that holds the raw series of one case, for as long as it is asked."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from tuheg_ir.diagnosis.collector import prometheus
from tuheg_ir.diagnosis.collector.metrics import read_metrics
from tuheg_ir.sim.answers import Request
from tuheg_ir.sim.prometheus.samples import Samples
from tuheg_ir.sim.prometheus.web import PrometheusApi

_SERIES = re.compile(r"([a-zA-Z_:][\w:]*)\{(.*)\}")
_PATIENCE_S = 900.0
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def samples(text: str) -> Samples:
    """Return the series of an OpenMetrics text with times in seconds, all of one target."""
    found: dict[str, dict[float, float]] = {}
    last, points = "", dict[float, float]()
    for line in text.split("\n"):
        written, value, moment = [*line.rsplit(" ", 2), "", ""][:3]
        if moment.isdigit():
            if written != last:
                last, points = written, found.setdefault(written, {})
            points.setdefault(float(moment), float(value))
    named = [(series, points) for written, points in found.items() if (series := _series(written))]
    scrapes = sorted({at for _, points in named for at in points})
    made = Samples()
    for (name, labels), points in sorted(named, key=lambda each: min(each[1])):
        made.store(name, labels, _with_gaps(points, scrapes))
    return made


def _with_gaps(points: Mapping[float, float], scrapes: Sequence[float]) -> list[tuple[float, float | None]]:
    """Return the values of a series in order, and None where a scrape does not find it any more."""
    if list(points) == scrapes:
        return list(points.items())
    values = [(at, points.get(at)) for at in scrapes]
    before = [None, *(value for _, value in values)]
    return [(at, value) for (at, value), last in zip(values, before, strict=False) if (value, last) != (None, None)]


def _series(written: str) -> tuple[str, dict[str, str]] | None:
    """Return name and labels of a series."""
    found = _SERIES.fullmatch(written)
    return (found[1], dict(_LABEL.findall(found[2]))) if found else None


class _Server(ThreadingHTTPServer):
    """Takes all connections that a collector opens at once: whoever a short queue turns away comes a second later."""

    request_queue_size = 128


@contextmanager
def serving(text: str, now: float) -> Iterator[str]:
    """Serve the series at a URL; ``now`` is the Unix time of queries that name none."""
    api = PrometheusApi(samples(text), lambda: now, threading.RLock())

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

        def _answer(self, body: bytes) -> None:
            parts = urlsplit(self.path)
            request = Request(self.command, parts.path, parse_qs(parts.query), dict(self.headers), body)
            answer = api.answer(request)
            told = (answer.text or json.dumps(answer.body)).encode()
            self.send_response(answer.code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    server = _Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        with _patience():
            yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def _patience() -> Iterator[None]:
    """Let nothing go by the clock: these tests run when nobody else wants the cores."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prometheus, "READ_S", _PATIENCE_S)
        patch.setattr(prometheus, "CONNECT_S", _PATIENCE_S)
        patch.setattr(read_metrics, "__kwdefaults__", {**(read_metrics.__kwdefaults__ or {}), "timeout_s": _PATIENCE_S})
        yield
