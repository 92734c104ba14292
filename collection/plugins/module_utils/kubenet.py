# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Connections to the API server on the standard library: measured as the cheapest way.

(15 reads of a diagnosis: http.client 155 ms, urllib3 224 ms, `kubernetes` ApiClient 417 ms.)
"""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

from .kubeauth import Access, basic
from .kubeerror import KubeError, from_connecting


class Network:
    """Makes connections to one API server and keeps the idle ones, for any number of threads."""

    def __init__(self, access: Access, connect_s: float) -> None:
        parts = urlsplit(access.server if "//" in access.server else f"https://{access.server}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise KubeError(
                "invalid",
                f"{access.server!r} is not the address of an API server",
                f"write it as https://host:port ({access.source})",
            )
        self.access = access
        self.host = parts.hostname
        self.port = parts.port or (443 if parts.scheme == "https" else 80)
        self.prefix = parts.path.rstrip("/")
        self._connect_s = connect_s
        self._context = _tls_context(access) if parts.scheme == "https" else None
        self._idle: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()
        self._closed = False

    @property
    def authority(self) -> str:
        """host:port as the Host header wants it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def borrow(self) -> tuple[http.client.HTTPConnection, bool]:
        """A connection and whether it was used before (then the server may have left it)."""
        with self._lock:
            if self._idle:
                return self._idle.pop(), True
        connection = http.client.HTTPConnection(self.host, self.port)
        connection.sock = self.connect()
        return connection, False

    def give_back(self, connection: http.client.HTTPConnection) -> None:
        """Keep a connection whose answer was read to its end; one that comes back after the end is closed."""
        with self._lock:
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """Close the idle connections; those that threads still use are closed as they come back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def connect(self) -> socket.socket:
        """A fresh connected socket, with TLS where the address says https. Raises KubeError."""
        limit = self._connect_s
        try:
            raw = self._dial(limit)
            try:
                raw.settimeout(limit)
                raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if self._context is None:
                    return raw
                name = self.access.server_name or self.host
                return self._context.wrap_socket(raw, server_hostname=name)
            except BaseException:
                raw.close()
                raise
        except (OSError, http.client.HTTPException) as error:
            raise from_connecting(error, self.access.server, self.access.source, limit) from error

    def _dial(self, limit: float) -> socket.socket:
        if not self.access.proxy:
            return socket.create_connection((self.host, self.port), timeout=limit)
        proxy = urlsplit(self.access.proxy)
        tunnel = http.client.HTTPConnection(proxy.hostname or "", proxy.port or 80, timeout=limit)
        headers = {}
        if proxy.username:
            headers["Proxy-Authorization"] = basic(proxy.username, proxy.password or "")
        tunnel.set_tunnel(self.host, self.port, headers)
        tunnel.connect()
        return tunnel.sock


def _tls_context(access: Access) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=access.ca_file or None, cadata=access.ca_data or None)
        with _certificate(access) as files:
            if files:
                context.load_cert_chain(*files)
    except (OSError, ValueError) as error:
        raise KubeError(
            "tls",
            f"the CA or client certificate cannot be used ({error})",
            f"write the certificates again ({access.source})",
        ) from error
    if not access.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


@contextlib.contextmanager
def _certificate(access: Access) -> Iterator[tuple[str, str] | None]:
    """The client certificate as two files; inline data lives in files only while it is read."""
    if not (access.cert_data or access.cert_file):
        yield None
        return
    with contextlib.ExitStack() as stack:
        yield (
            access.cert_file or _secret_file(stack, access.cert_data),
            access.key_file or _secret_file(stack, access.key_data or access.cert_data),
        )


def _secret_file(stack: contextlib.ExitStack, text: str) -> str:
    if hasattr(os, "memfd_create"):  # never on a disk where the kernel allows it
        descriptor = os.memfd_create("tuheg-ir")
        stack.callback(os.close, descriptor)
        os.write(descriptor, text.encode("ascii"))
        return f"/proc/self/fd/{descriptor}"
    import tempfile

    file = stack.enter_context(tempfile.NamedTemporaryFile("w", encoding="ascii"))  # noqa: SIM115 - the stack closes it
    file.write(text)
    file.flush()
    return file.name
