"""A threaded HTTP server with a bound on the requests it works on at a time."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket

from .api import Answer
from .logs import Log


class BoundedServer(ThreadingHTTPServer):
    """Works on ``threads`` requests at a time; more wait in the listen queue.

    Answers are HTTP/1.0, one a connection: an idle connection holds no thread, and a replica
    that stops leaves no half-used connection behind.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self,
        address: tuple[str, int],
        threads: int,
        answer: Callable[[str], Answer],
        version: str,
        log: Log,
    ) -> None:
        self._log = log
        self._slots = threading.BoundedSemaphore(threads)
        self._bound = threads
        super().__init__(address, _handler(answer, version))

    def process_request(self, request: socket | tuple[bytes, socket], client_address: object) -> None:
        """Wait for a free slot, then work in a thread of its own."""
        self._slots.acquire()
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._slots.release()
            raise

    def process_request_thread(self, request: socket | tuple[bytes, socket], client_address: object) -> None:
        """Work on one request and free its slot."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def handle_error(self, request: socket | tuple[bytes, socket], client_address: object) -> None:  # noqa: ARG002
        """A client that went away is not our error; anything else is told."""
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError):
            self._log.error(f"request failed: {error!r}")

    def drain(self, timeout_s: float) -> bool:
        """After ``shutdown``: wait until nothing is worked on; False when time is up."""
        end = time.monotonic() + timeout_s
        return all(self._slots.acquire(timeout=max(0.0, end - time.monotonic())) for _ in range(self._bound))


def _handler(answer: Callable[[str], Answer], version: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 5  # a client that sends nothing frees its slot

        def do_GET(self) -> None:
            result = answer(self.path)
            self.send_response_only(result.status)
            self.send_header("Content-Type", result.content_type)
            self.send_header("Content-Length", str(len(result.body)))
            self.send_header("X-Version", version)
            self.end_headers()
            self.wfile.write(result.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Requests are counted in metrics; errors are logged by the API."""

    return Handler
