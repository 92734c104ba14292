"""Serve /metrics and /healthz on port 8080; every scrape reads the API anew, as the pod's account."""

from __future__ import annotations

import http.client
import json
import os
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from .series import READS, Sample, exposition

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class Reader:
    """Lists objects over one kept connection; one scrape at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._link = http.client.HTTPSConnection(
            os.environ["KUBERNETES_SERVICE_HOST"],
            int(os.environ["KUBERNETES_SERVICE_PORT"]),
            timeout=4,
            context=ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt")),
        )

    def samples(self) -> list[Sample]:
        """Return every series; raises OSError or HTTPException when the API does not give them."""
        with self._lock:
            try:
                return list(self._read_all())
            except (OSError, http.client.HTTPException):
                self._link.close()
                raise

    def _read_all(self) -> Iterator[Sample]:
        headers = {"Authorization": f"Bearer {(ACCOUNT / 'token').read_text()}"}
        for path, series in READS.items():
            # resourceVersion=0: from the API server's cache, not from etcd
            self._link.request("GET", f"{path}?resourceVersion=0", headers=headers)
            answer = self._link.getresponse()
            body: Any = json.loads(answer.read())
            if answer.status != http.client.OK:
                raise http.client.HTTPException(f"{answer.status} for {path}")
            for item in body["items"]:
                yield from series(item)


READER = Reader()


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/healthz":
            self._answer(200, "ok\n")
            return
        try:
            self._answer(200, exposition(READER.samples()))
        except (OSError, http.client.HTTPException) as error:
            self._answer(503, f"{error}\n")

    def _answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing about every scrape."""


if __name__ == "__main__":
    ThreadingHTTPServer(("", 8080), Handler).serve_forever()
