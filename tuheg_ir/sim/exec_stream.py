"""Exec over a WebSocket: v4 and v5.channel.k8s.io, each message led by the number of its channel.

Output only, and short: a command has ended before its first byte is sent, and standard input is not
read. So frames are written and none has to be taken apart, which needs no library.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

from tuheg_ir.sim.answers import Request
from tuheg_ir.sim.status import ApiError, Obj

if TYPE_CHECKING:
    from tuheg_ir.sim.pod_calls import Output

_PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_OUT, _ERR, _END = 1, 2, 3
_BINARY, _CLOSE = 0x82, 0x88  # final frames
_MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_MISSING = (
    "error executing command in container: failed to exec in container: failed to start exec: OCI runtime exec failed: "
    'exec failed: unable to start container process: exec: "{name}": executable file not found in $PATH'
)


def conversation(request: Request, run: Callable[[], Output | None]) -> Callable[[BaseHTTPRequestHandler], None]:
    """Return what to do with the raw connection; ApiError 400 when no protocol is shared."""
    offered = [part.strip() for part in request.headers.get("sec-websocket-protocol", "").split(",")]
    protocol = next((known for known in _PROTOCOLS if known in offered), None)
    if protocol is None:
        raise ApiError.bad_request(f"unable to upgrade: none of the protocols {offered} is spoken here")
    name = (request.query.get("command") or [""])[0]

    def talk(handler: BaseHTTPRequestHandler) -> None:
        _upgrade(handler, request, protocol)
        output = run()
        out, err = (output.out, output.err) if output else ("", "")
        messages = [(_OUT, out.encode()), (_ERR, err.encode()), (_END, json.dumps(_ending(output, name)).encode())]
        for channel, data in messages:
            if data:
                _send(handler, _frame(_BINARY, bytes([channel]) + data))
        _send(handler, _frame(_CLOSE, struct.pack(">H", 1000)))
        _drain(handler)

    return talk


def _upgrade(handler: BaseHTTPRequestHandler, request: Request, protocol: str) -> None:
    key = request.headers.get("sec-websocket-key", "")
    accept = base64.b64encode(hashlib.sha1((key + _MAGIC).encode()).digest()).decode()  # noqa: S324 - RFC 6455
    handler.send_response(101)
    for header, value in (
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Accept", accept),
        ("Sec-WebSocket-Protocol", protocol),
    ):
        handler.send_header(header, value)
    handler.end_headers()
    handler.wfile.flush()


def _ending(output: Output | None, name: str) -> Obj:
    """Return the Status that ends a command, as the error channel carries it."""
    if output is None:
        told = _MISSING.format(name=name)
        return {
            "metadata": {},
            "status": "Failure",
            "message": f"Internal error occurred: {told}",
            "reason": "InternalError",
            "details": {"causes": [{"message": told}]},
            "code": 500,
        }
    if output.code == 0:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: command terminated with exit code {output.code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(output.code)}]},
    }


def _send(handler: BaseHTTPRequestHandler, data: bytes) -> None:
    """Send each frame as a TLS record of its own: clients that poll the socket miss what TLS holds back."""
    handler.wfile.write(data)
    handler.wfile.flush()


def _frame(kind: int, data: bytes) -> bytes:
    """Return a frame of RFC 6455 as a server sends it: whole, not masked."""
    if len(data) < 126:
        head = struct.pack(">BB", kind, len(data))
    elif len(data) < 1 << 16:
        head = struct.pack(">BBH", kind, 126, len(data))
    else:
        head = struct.pack(">BBQ", kind, 127, len(data))
    return head + data


def _drain(handler: BaseHTTPRequestHandler) -> None:
    """Wait, not for long, until the client closes too: else it may lose the last messages."""
    handler.connection.settimeout(2.0)
    try:
        while data := handler.connection.recv(65536):
            if data[0] == _CLOSE:
                return
    except OSError:
        return
