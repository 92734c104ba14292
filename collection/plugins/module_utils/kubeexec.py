# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run one command in a pod over a websocket (the v4 channel protocol of the API server).

websocket-client comes with `kubernetes`; using it directly saves the import of that library.
"""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

from .kubeerror import KubeError, broken_off, from_status, silent

if TYPE_CHECKING:
    from .kube import Client

_STDOUT, _STDERR, _STATUS = 1, 2, 3
_NO_PROGRAM = re.compile(r'exec: "([^"]+)": executable file not found')


def run(client: Client, target: str, timeout_s: float) -> tuple[int, str, str]:
    """Return (rc, stdout, stderr). Raises KubeError."""
    try:
        import websocket
    except ImportError as error:
        raise KubeError(
            "invalid",
            "running a command in a pod needs the Python package websocket-client",
            "pip install 'kubernetes>=32', which brings it",
        ) from error
    end = time.monotonic() + timeout_s
    network = client.network
    scheme = "ws" if client.access.server.startswith("http:") else "wss"
    connection = network.connect()
    connection.settimeout(min(timeout_s, client.limits.read_s))
    try:
        stream = websocket.create_connection(
            f"{scheme}://{network.authority}{network.prefix}{target}",
            socket=connection,
            header=[f"{name}: {value}" for name, value in client.access.headers],
            subprotocols=["v4.channel.k8s.io"],
            enable_multithread=False,
        )
    except websocket.WebSocketBadStatusException as error:
        body = error.resp_body or b""
        raise from_status(error.status_code, body, target.partition("?")[0], client.access.source) from error
    except (websocket.WebSocketTimeoutException, TimeoutError) as error:
        raise silent(client.access.server, client.limits.read_s) from error
    except (websocket.WebSocketException, OSError) as error:
        raise broken_off(client.access.server, error) from error
    try:
        return _collect(stream, end, timeout_s, websocket)
    except (websocket.WebSocketException, OSError) as error:
        raise broken_off(client.access.server, error) from error
    finally:
        stream.close(timeout=0)
        connection.close()


def _collect(stream: Any, end: float, timeout_s: float, websocket: Any) -> tuple[int, str, str]:
    channels: dict[int, bytearray] = {_STDOUT: bytearray(), _STDERR: bytearray(), _STATUS: bytearray()}
    while not channels[_STATUS]:
        left = end - time.monotonic()
        try:
            if left <= 0:
                raise websocket.WebSocketTimeoutException
            stream.settimeout(left)
            frame = stream.recv()
        except (websocket.WebSocketTimeoutException, TimeoutError) as error:
            raise KubeError(
                "silent",
                f"the command in the pod did not end within {timeout_s:g} s",
                "see whether the container is starved or its database hangs",
            ) from error
        except websocket.WebSocketConnectionClosedException:
            break
        data = frame.encode() if isinstance(frame, str) else frame
        if data and data[0] in channels:
            channels[data[0]] += data[1:]
    return (
        _return_code(bytes(channels[_STATUS])),
        channels[_STDOUT].decode("utf-8", "replace"),
        channels[_STDERR].decode("utf-8", "replace"),
    )


def _return_code(status: bytes) -> int:
    """0 for Success, else the ExitCode cause of the Status that ends the stream."""
    try:
        parsed = json.loads(status)
    except ValueError as error:
        raise KubeError("failed", "the command in the pod ended without a status", "try again") from error
    if parsed.get("status") == "Success":
        return 0
    for cause in (parsed.get("details") or {}).get("causes") or []:
        if cause.get("reason") == "ExitCode":
            return int(cause["message"])
    told = str(parsed.get("message", "no reason given"))
    missing = _NO_PROGRAM.search(told)
    if missing:
        raise KubeError(
            "failed", f"the container has no program {missing[1]}", "name the container that has it (exec_container)"
        )
    raise KubeError(
        "failed",
        f"the command could not be run in the pod ({told})",
        "check that the container has the program",
    )
