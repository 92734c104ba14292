"""Small real servers on loopback: one that answers from a table, one that never answers, and TLS."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


@dataclass
class Request:
    """One request as the server saw it."""

    path: str
    query: dict[str, str]
    headers: Mapping[str, str]


Answer = tuple[int, Any] | tuple[int, Any, Mapping[str, str]]
Answering = Callable[[Request], Answer]


@dataclass
class Server:
    """A running server: its address and what it was asked."""

    url: str
    requests: list[Request] = field(default_factory=list)
    connections: int = 0


@contextlib.contextmanager
def answering(answer: Answering, tls: ssl.SSLContext | None = None, date: str = "") -> Iterator[Server]:
    """Serve until the block ends. A list as body is sent as one JSON line an item (a watch).

    date: what the server calls the time, if not the true one.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            seen.connections += 1
            super().setup()

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            request = Request(parts.path, dict(parse_qsl(parts.query)), dict(self.headers.items()))
            seen.requests.append(request)
            status, body, *rest = answer(request)
            text = body if isinstance(body, bytes) else _text(body)
            self.send_response(status)
            headers = {"Content-Length": str(len(text))} | (dict(rest[0]) if rest else {})
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(text)

        def date_time_string(self, timestamp: float | None = None) -> str:
            return date or super().date_time_string(timestamp)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    if tls is not None:
        httpd.socket = tls.wrap_socket(httpd.socket, server_side=True, do_handshake_on_connect=False)
    scheme = "http" if tls is None else "https"
    seen = Server(f"{scheme}://127.0.0.1:{httpd.server_address[1]}")
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


def _text(body: Any) -> bytes:
    if isinstance(body, list):
        return b"".join(json.dumps(each).encode() + b"\n" for each in body)
    return json.dumps(body).encode()


@contextlib.contextmanager
def silent(first: bytes = b"") -> Iterator[str]:
    """Take connections, say `first`, and then nothing. Yields the address."""
    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    taken.append(connection)
                    connection.sendall(first)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(timeout=5)
    for connection in taken:
        connection.close()


def closed_port() -> int:
    """A port of loopback where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Authority:
    """A CA and the files of a server certificate for 127.0.0.1 that it signed."""

    ca: Path
    context: ssl.SSLContext


def authority(folder: Path, *, key_usage: bool = True, host: str = "127.0.0.1", days: int = 1) -> Authority:
    """Make a CA (with or without the key usage extension) and a server context."""
    folder.mkdir(parents=True, exist_ok=True)
    now = dt.datetime.now(dt.UTC)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"test CA {folder.name}")])
    ca = _builder(ca_name, ca_name, ca_key.public_key(), now, 1).add_extension(
        x509.BasicConstraints(ca=True, path_length=None), critical=True
    )
    if key_usage:
        usage = dict.fromkeys(
            ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"), False
        ) | dict.fromkeys(("key_agreement", "encipher_only", "decipher_only"), False)
        ca = ca.add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), critical=True)
    ski = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    ca_certificate = ca.add_extension(ski, critical=False).sign(ca_key, hashes.SHA256())
    leaf = (
        _builder(x509.Name([]), ca_name, key.public_key(), now, days)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ski), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "ca.crt").write_bytes(ca_certificate.public_bytes(pem))
    (folder / "server.pem").write_bytes(private + leaf.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return Authority(folder / "ca.crt", context)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: dt.datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=2))
        .not_valid_after(now + dt.timedelta(days=days))
    )
