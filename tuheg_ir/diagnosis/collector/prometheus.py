"""Reads of Prometheus' and Alertmanager's HTTP API: bounded, a connection kept per thread."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from tuheg_ir.diagnosis.collector.context import SourceFailed
from tuheg_ir.named import NamedTuple
from tuheg_ir.project import module_utils

CONNECT_S = 3.0
READ_S = 10.0
BYTES = 128 << 20
_LONG = 3000
"""Characters of a query above which it is sent as a form: proxies cut long addresses."""


class Span(NamedTuple):
    """A range query's time: Unix seconds."""

    start: float
    end: float
    step_s: int


class HttpApi:
    """One server's API. ``end`` is a time.monotonic() after which nothing is waited for.

    Every method raises SourceFailed, and nothing else, on trouble.
    """

    def __init__(self, url: str, end: float, *, name: str = "Prometheus") -> None:
        try:
            address, headers = module_utils("probe_promql").probe_promql.without_credentials(url)
            parts = urlsplit(address)
            port = parts.port
        except ValueError:
            raise SourceFailed("invalid", f"that is not the address of a {name}") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SourceFailed("invalid", f"{address!r} is not the address of a {name}")
        self.address = address
        self._name = name
        self._tls = parts.scheme == "https"
        self._host, self._port, self._prefix = parts.hostname, port, parts.path.rstrip("/")
        self._headers = {**headers, "Accept": "application/json"}
        self._end = end
        self._local = threading.local()
        self._lock = threading.Lock()
        self._open: list[http.client.HTTPConnection] = []

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            connections, self._open = self._open, []
        for connection in connections:
            connection.close()

    def json(self, path: str, query: Mapping[str, Any]) -> Any:
        """Return an answer's JSON."""
        text = urlencode({key: value for key, value in query.items() if value not in (None, "")}, doseq=True)
        for again in (True, False):
            kept = getattr(self._local, "connection", None) is not None
            try:
                return self._ask(path, text)
            except (http.client.HTTPException, OSError) as error:
                self._drop()
                # The server has closed an idle connection: a fresh one will tell.
                if kept and again and not isinstance(error, TimeoutError):
                    continue
                raise self._failed(error) from error
        raise AssertionError("unreachable: the second try returns or raises")

    def _ask(self, path: str, query: str) -> Any:
        left = self._end - time.monotonic()
        if left <= 0:
            raise SourceFailed("late", f"time was up before {self._name} was asked")
        connection = self._connection(left)
        connection.sock.settimeout(max(0.05, min(left, READ_S)))
        if len(query) > _LONG:
            headers = {**self._headers, "Content-Type": "application/x-www-form-urlencoded"}
            connection.request("POST", self._prefix + path, body=query, headers=headers)
        else:
            connection.request(
                "GET", f"{self._prefix}{path}?{query}" if query else self._prefix + path, None, self._headers
            )
        response = connection.getresponse()
        body = self._body(response)
        response.close()  # until then the connection takes no further question; it is kept
        if response.will_close:
            self._drop()
        return self._parsed(response.status, body)

    def _body(self, response: http.client.HTTPResponse) -> bytes:
        parts, size = [], 0
        while part := response.read1(1 << 16):
            parts.append(part)
            size += len(part)
            if time.monotonic() > self._end:
                self._drop()
                raise SourceFailed("late", f"{self._name} did not finish its answer in time")
            if size > BYTES:
                self._drop()
                raise SourceFailed("invalid", f"{self._name} answered with more than {BYTES >> 20} MiB")
        if response.length:
            raise http.client.IncompleteRead(b"", response.length)
        return b"".join(parts)

    def _parsed(self, status: int, body: bytes) -> Any:
        try:
            parsed = json.loads(body)
        except (ValueError, RecursionError) as error:
            kind = "forbidden" if status in (401, 403) else "missing" if status == 404 else "invalid"
            raise SourceFailed(kind, f"{self.address} does not answer as a {self._name} ({status})") from error
        if status >= 400:
            reason = parsed.get("error", "no reason given") if isinstance(parsed, dict) else "no reason given"
            kind = "forbidden" if status in (401, 403) else "late" if status == 503 else "invalid"
            raise SourceFailed(kind, f"{self._name} refuses the question ({status}: {reason})")
        return parsed

    def _connection(self, left: float) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is not None and connection.sock is not None:
            return connection
        made = http.client.HTTPSConnection if self._tls else http.client.HTTPConnection
        connection = made(self._host, self._port, timeout=min(left, CONNECT_S))
        connection.connect()
        self._local.connection = connection
        with self._lock:
            self._open.append(connection)
        return connection

    def _drop(self) -> None:
        connection = getattr(self._local, "connection", None)
        self._local.connection = None
        if connection is not None:
            connection.close()
            with self._lock, contextlib.suppress(ValueError):
                self._open.remove(connection)

    def _failed(self, error: Exception) -> SourceFailed:
        if isinstance(error, TimeoutError):
            return SourceFailed("silent", f"{self._name} at {self.address} gave no answer in time")
        return SourceFailed("unreachable", f"{self._name} at {self.address} cannot be asked ({error})")


class Prometheus(HttpApi):
    """Queries."""

    def data(self, path: str, query: Mapping[str, Any]) -> Any:
        """Return the `data` of an answer."""
        body = self.json(path, query)
        if not isinstance(body, dict) or body.get("status") != "success":
            raise SourceFailed("invalid", f"{self.address} does not answer as a Prometheus")
        return body.get("data")

    def result(self, path: str, query: Mapping[str, Any]) -> list[Any]:
        """Return the `result` of a query's answer."""
        data = self.data(path, query)
        found = data.get("result") if isinstance(data, dict) else None
        return found if isinstance(found, list) else []

    def names(self, span: Span) -> list[str]:
        """Return the names of the metrics that there were in a time."""
        found = self.data("/api/v1/label/__name__/values", {"start": span.start, "end": span.end})
        return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []

    def instant(self, query: str, at: float) -> list[Any]:
        """Return the answer of a query at a time."""
        return self.result("/api/v1/query", {"query": query, "time": f"{at:.3f}"})

    def ranged(self, query: str, span: Span) -> list[Any]:
        """Return the answer of a query over a time."""
        times = {"start": f"{span.start:.3f}", "end": f"{span.end:.3f}", "step": span.step_s}
        return self.result("/api/v1/query_range", {"query": query, **times})
