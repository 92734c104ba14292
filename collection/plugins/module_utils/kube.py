# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""A reader of the Kubernetes API that always ends: each step and the whole have a limit.

`connect()` gives a Client; it reads, watches and runs one command in a pod. It cannot change
an object: changes are kubernetes.core's. Safe for threads, which share its connections.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from urllib.parse import quote, urlencode

from .kubeauth import Access, find_access
from .kubeerror import KubeError, broken_off, from_status, silent, unfinished
from .kubenet import Network

if TYPE_CHECKING:
    from .kubewatch import Watch

__all__ = ["Client", "ExecResult", "KubeError", "Limits", "connect"]

_CHUNK = 1 << 16
_ATTEMPTS = 3
_BUSY = (429, 503)
_ODD_SKEW_S = 2.0  # Date has whole seconds: less than this says nothing


class Limits(NamedTuple):
    """Seconds for taking a connection, for silence on it, and for one whole request."""

    connect_s: float = 3.0
    read_s: float = 10.0
    overall_s: float = 30.0


class ExecResult(NamedTuple):
    """What a command in a pod gave back."""

    rc: int
    stdout: str
    stderr: str


def connect(
    auth: Mapping[str, Any] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    limits: Limits | None = None,
) -> Client:
    """Find the cluster from `auth` (kubernetes.core's words), K8S_AUTH_* or a kubeconfig.

    Nothing is sent yet. Raises KubeError: invalid (no or broken configuration), tls (unusable
    certificates), unauthorized (a credential plugin that fails).
    """
    return Client(find_access(auth or {}, environ), limits or Limits())


class Client:
    """Reads from one cluster. Every method raises KubeError, and nothing else, on trouble."""

    def __init__(self, access: Access, limits: Limits) -> None:
        self.access = access
        self.limits = limits
        self.network = Network(access, limits.connect_s)
        self.skew_s = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that are not in use."""
        self.network.close()

    def get(
        self, path: str, query: Mapping[str, Any] | None = None, *, timeout_s: float | None = None
    ) -> dict[str, Any]:
        """One object or list as parsed JSON. `path` starts with /api or /apis.

        timeout_s limits the whole request, waiting included (default: Limits.overall_s).
        """
        body = self._request(path, query, timeout_s)
        try:
            parsed = json.loads(body)
        except ValueError as error:
            raise KubeError(
                "failed",
                f"{self.access.server} answered {path} with something that is not JSON",
                f"check that the address is an API server's ({self.access.source})",
            ) from error
        if not isinstance(parsed, dict):
            raise KubeError("failed", f"{path} is not an object", "name an object or a list")
        return parsed

    def get_text(self, path: str, query: Mapping[str, Any] | None = None, *, timeout_s: float | None = None) -> str:
        """A text answer, such as a log."""
        return self._request(path, query, timeout_s).decode("utf-8", "replace")

    def watch(self, path: str, query: Mapping[str, Any] | None = None, *, deadline: float) -> Watch:
        """The events of a list, until `deadline` (time.monotonic) or close(). See kubewatch."""
        from .kubewatch import Watch

        return Watch(self, path, query or {}, deadline)

    def exec(
        self,
        namespace: str,
        pod: str,
        container: str,
        command: list[str],
        *,
        timeout_s: float = 10.0,
    ) -> ExecResult:
        """Run a command in a pod's container and wait for its end. Needs get on pods/exec.

        It is as harmless as the command: callers pass declared read-only ones.
        """
        from .kubeexec import run

        path = f"/api/v1/namespaces/{quote(namespace)}/pods/{quote(pod)}/exec"
        words = [("command", word) for word in command]
        query = urlencode([*words, ("container", container), ("stdout", "true"), ("stderr", "true")])
        return ExecResult(*run(self, f"{path}?{query}", timeout_s))

    def target(self, path: str, query: Mapping[str, Any]) -> str:
        """The request line's target: the server's own prefix, path and encoded query."""
        pairs = [(key, value) for key, value in query.items() if value not in (None, "")]
        return self.network.prefix + path + (f"?{urlencode(pairs)}" if pairs else "")

    def _request(self, path: str, query: Mapping[str, Any] | None, timeout_s: float | None) -> bytes:
        end = time.monotonic() + (self.limits.overall_s if timeout_s is None else timeout_s)
        target = self.target(path, query or {})
        for attempt in range(_ATTEMPTS):
            response, body = self._once(target, end)
            if response.status < 300:
                return body
            pause = _pause(response) if response.status in _BUSY else None
            # only a GET is repeated, only when asked to wait, only if there is time
            last = attempt + 1 == _ATTEMPTS
            if pause is None or last or time.monotonic() + pause >= end:
                raise from_status(response.status, body, path, self.access.source)
            time.sleep(pause)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _once(self, target: str, end: float) -> tuple[http.client.HTTPResponse, bytes]:
        connection, used = self.network.borrow()
        try:
            response = self.send(connection, target, end)
        except (http.client.RemoteDisconnected, ConnectionError, BrokenPipeError) as error:
            connection.close()
            if used:  # the server closed an idle connection: a fresh one will tell
                return self._once(target, end)
            raise broken_off(self.access.server, error) from error
        except BaseException:
            connection.close()
            raise
        try:
            body = self._read(connection, response, end)
        except BaseException as error:
            response.close()
            connection.close()
            raise self._named(error, end) from error
        response.close()  # frees the connection for the next request, does not end it
        if response.will_close:
            connection.close()
        else:
            self.network.give_back(connection)
        return response, body

    def send(self, connection: http.client.HTTPConnection, target: str, end: float) -> http.client.HTTPResponse:
        """Send one GET and read the head of its answer."""
        limit = max(0.05, min(self.limits.read_s, end - time.monotonic()))
        connection.sock.settimeout(limit)
        connection.putrequest("GET", target, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", self.network.authority)
        connection.putheader("Accept", "application/json, */*")
        connection.putheader("User-Agent", "tuheg-ir")
        for name, value in self.access.headers:
            connection.putheader(name, value)
        try:
            connection.endheaders()
            response = connection.getresponse()
        except TimeoutError as error:
            raise silent(self.access.server, limit) from error
        except http.client.BadStatusLine as error:
            if isinstance(error, http.client.RemoteDisconnected):
                raise
            raise KubeError(
                "failed",
                f"{self.access.server} does not speak HTTP",
                f"check the address ({self.access.source}): https?",
            ) from error
        self._learn_skew(response.getheader("Date"))
        return response

    def _named(self, error: BaseException, end: float) -> BaseException:
        """What went wrong while an answer was read."""
        if isinstance(error, TimeoutError):
            left = end - time.monotonic()
            return silent(self.access.server, self.limits.read_s) if left > 0 else unfinished(self.access.server)
        if isinstance(error, (OSError, http.client.HTTPException)):
            return broken_off(self.access.server, error)
        return error

    def _read(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse, end: float) -> bytes:
        parts = []
        while True:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError
            if connection.sock is not None:  # gone once the server said Connection: close
                connection.sock.settimeout(min(self.limits.read_s, left))
            part = response.read1(_CHUNK)
            if not part:
                break
            parts.append(part)
        body = b"".join(parts)
        if response.length:  # read1 does not notice a body that ends early
            raise http.client.IncompleteRead(body, response.length)
        return body

    def _learn_skew(self, date: str | None) -> None:
        """How far the cluster's clock is ahead of ours: times of both are compared."""
        if date:
            with contextlib.suppress(ValueError):
                ahead = parsedate_to_datetime(date).timestamp() + 0.5 - time.time()
                self.skew_s = ahead if abs(ahead) > _ODD_SKEW_S else 0.0


def _pause(response: http.client.HTTPResponse) -> float:
    try:
        return max(0.1, float(response.getheader("Retry-After") or 0.5))
    except ValueError:
        return 0.5
