# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Watches: the stream of a list's changes, and a mirror of a list that a thread keeps fresh."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .kubeerror import KubeError, broken_off, from_status

if TYPE_CHECKING:
    from .kube import Client

_RETRY_S = 0.5


class Watch:
    """Iterate over {"type": ADDED|MODIFIED|DELETED|BOOKMARK, "object": {...}}.

    Ends quietly at the deadline, when the server ends it, or when another thread closes it.
    Raises KubeError; kind "gone" means: list again.
    """

    def __init__(self, client: Client, path: str, query: Mapping[str, Any], deadline: float) -> None:
        self._client = client
        self._path = path
        self._query = dict(query)
        self._deadline = deadline
        self._closed = threading.Event()
        self._socket: socket.socket | None = None

    def close(self) -> None:
        """End the watch at once, also from another thread."""
        self._closed.set()
        if self._socket is not None:
            with contextlib.suppress(OSError):  # already gone
                self._socket.shutdown(socket.SHUT_RDWR)  # wakes a thread that is reading

    def __iter__(self) -> Iterator[dict[str, Any]]:
        left = self._deadline - time.monotonic()
        if left <= 0 or self._closed.is_set():
            return
        query = self._query | {"watch": "1", "allowWatchBookmarks": "true", "timeoutSeconds": int(left) + 1}
        connection = http.client.HTTPConnection(self._client.network.host, self._client.network.port)
        connection.sock = self._socket = self._client.network.connect()
        try:
            yield from self._events(connection, self._client.target(self._path, query))
        except (OSError, http.client.HTTPException, ValueError, AttributeError) as error:
            # a socket shut down by close() surfaces as any of these
            if not self._closed.is_set() and time.monotonic() < self._deadline:
                raise broken_off(self._client.access.server, error) from error
        finally:
            connection.close()
            self._socket.close()

    def _events(self, connection: http.client.HTTPConnection, target: str) -> Iterator[dict[str, Any]]:
        with self._client.send(connection, target, self._deadline) as response:
            yield from self._lines(connection, response)

    def _lines(
        self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse
    ) -> Iterator[dict[str, Any]]:
        if response.status >= 300:
            raise from_status(response.status, response.read(), self._path, self._client.access.source)
        while not self._closed.is_set():
            left = self._deadline - time.monotonic()
            if left <= 0:
                return
            if connection.sock is not None:
                connection.sock.settimeout(left)
            line = response.readline()
            if not line:
                return
            event = json.loads(line)
            if event.get("type") == "ERROR":
                status = event.get("object") or {}
                body = json.dumps(status).encode()
                raise from_status(int(status.get("code") or 500), body, self._path, self._client.access.source)
            yield event


class Mirror:
    """A list of objects that a thread keeps as the cluster has it.

    `changed` is the condition to wait on; several mirrors may share one. `version` counts the
    changes. `error` holds the last trouble while the mirror is not fresh; a mirror whose
    account may not read stays so (`error.kind` forbidden).
    """

    def __init__(
        self, client: Client, path: str, query: Mapping[str, Any], changed: threading.Condition, deadline: float
    ) -> None:
        self._client = client
        self._path = path
        self._query = dict(query)
        self._changed = changed
        self._deadline = deadline
        self._objects: dict[str, dict[str, Any]] = {}
        self._at = ""
        self._watch: Watch | None = None
        self._closed = threading.Event()
        self.version = 0
        self.fresh = False
        self.error: KubeError | None = None
        self._thread = threading.Thread(target=self._run, name=f"mirror {path}", daemon=True)
        self._thread.start()

    def objects(self) -> list[dict[str, Any]]:
        """The objects as last seen. Hold `changed` for a moment that is one for all mirrors."""
        return list(self._objects.values())

    def end(self) -> None:
        """Stop mirroring; the thread ends by itself soon."""
        self._closed.set()
        if self._watch is not None:
            self._watch.close()

    def close(self) -> None:
        """Stop mirroring and wait for the thread."""
        self.end()
        self._thread.join(timeout=self._client.limits.connect_s)

    def _run(self) -> None:
        while not self._closed.is_set() and time.monotonic() < self._deadline:
            try:
                if not self._at:
                    self._list()
                self._follow()
            except KubeError as error:
                with self._changed:
                    # one that is too old is no trouble: the list is read anew at once
                    self.error = None if error.kind == "gone" else error
                    self.fresh = False
                    self._at = ""
                    self._tell()
                if error.kind in ("forbidden", "unauthorized", "invalid"):
                    return
                if error.kind != "gone":
                    time.sleep(_RETRY_S)

    def _list(self) -> None:
        left = max(0.1, self._deadline - time.monotonic())
        answer = self._client.get(self._path, self._query, timeout_s=min(left, self._client.limits.overall_s))
        with self._changed:
            self._objects = {item["metadata"]["uid"]: item for item in answer.get("items") or []}
            self._at = answer["metadata"]["resourceVersion"]
            self.fresh, self.error = True, None
            self._tell()

    def _follow(self) -> None:
        query = self._query | {"resourceVersion": self._at}
        self._watch = Watch(self._client, self._path, query, self._deadline)
        if self._closed.is_set():  # close() came between
            return
        for event in self._watch:
            self._apply(event)

    def _apply(self, event: Mapping[str, Any]) -> None:
        item = event["object"]
        with self._changed:
            self._at = item["metadata"]["resourceVersion"]
            if event["type"] == "BOOKMARK":
                return
            if event["type"] == "DELETED":
                self._objects.pop(item["metadata"]["uid"], None)
            else:
                self._objects[item["metadata"]["uid"]] = item
            self._tell()

    def _tell(self) -> None:
        self.version += 1
        self._changed.notify_all()
