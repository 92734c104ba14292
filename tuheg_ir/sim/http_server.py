"""Sockets: a small HTTP/1.1 server on loopback, a thread a connection, TLS where wanted."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tuheg_ir.sim.answers import Answer, Request

Handle = Callable[[Request], Answer]
_NOTICED_S = 0.02  # so soon a server notices that it is to stop


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    context: ssl.SSLContext | None = None
    handle: Handle

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away in the middle is no news."""


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        if self.server.context is not None:
            self.request = self.server.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self) -> None:
        """Close the TLS socket: the server knows only the one that it was made from."""
        try:
            super().finish()
        finally:
            self.request.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Keep quiet: the terminal belongs to the drill."""

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        address = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=address.path,
            query=parse_qs(address.query, keep_blank_values=True),
            headers={key.lower(): value for key, value in self.headers.items()},
            body=self.rfile.read(length) if length else b"",
        )
        self._reply(self.server.handle(request))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_HEAD = _serve  # noqa: N815

    def _reply(self, answer: Answer) -> None:
        if answer.talk is not None:
            self.close_connection = True
            answer.talk(self)
        elif answer.stream is not None:
            self._stream(answer)
        else:
            self._whole(answer)

    def _whole(self, answer: Answer) -> None:
        plain = answer.text is not None
        text = answer.text if answer.text is not None else json.dumps(answer.body, separators=(",", ":"))
        data = (text if plain else text + "\n").encode()
        self.send_response(answer.code)
        kind = "text/plain; charset=utf-8" if plain else "application/json"
        for key, value in ({"Content-Type": kind} | answer.headers).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
        self.wfile.flush()

    def _stream(self, answer: Answer) -> None:
        self.send_response(answer.code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        for event in answer.stream or ():
            if event is None:
                if self._client_left():
                    self.close_connection = True
                    return
                continue
            data = json.dumps(event, separators=(",", ":")).encode() + b"\n"
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def _client_left(self) -> bool:
        """Return whether the client has closed: a silent watch would never notice by writing."""
        self.connection.settimeout(0)
        try:
            if isinstance(self.connection, ssl.SSLSocket):
                return not self.connection.read(1)
            return not self.connection.recv(1, socket.MSG_PEEK)
        except (ssl.SSLWantReadError, BlockingIOError):
            return False
        except OSError:
            return True
        finally:
            self.connection.settimeout(None)


class HttpServer:
    """A running server on an ephemeral port of 127.0.0.1."""

    def __init__(self, handle: Handle, context: ssl.SSLContext | None = None) -> None:
        self._server = _Server(("127.0.0.1", 0), _Connection)
        self._server.context = context
        self._server.handle = handle
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": _NOTICED_S}, name="sim-http", daemon=True
        )
        self._thread.start()
        scheme = "http" if context is None else "https"
        self.port: int = self._server.server_address[1]
        self.url = f"{scheme}://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """Close the port; connections that are open end with their next event."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
