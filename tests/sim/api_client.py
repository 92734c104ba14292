"""The smallest client of a Kubernetes API: what it was asked is what it sends."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON = "application/json-patch+json"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


@dataclass(frozen=True, slots=True)
class Reply:
    code: int
    body: Any

    @property
    def message(self) -> str:
        return str(self.body["message"])


class ApiClient:
    """Speaks to the server that a kubeconfig names; a fresh connection a request."""

    def __init__(self, kubeconfig: Path, token: str = "") -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self._at = urlsplit(cluster["server"])
        self._context = _context(cluster, user)
        token = token or user.get("token", "")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def _connect(self) -> http.client.HTTPSConnection:
        assert self._at.hostname
        return http.client.HTTPSConnection(self._at.hostname, self._at.port, context=self._context, timeout=10)

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        kind: str = "application/json",
        accept: str = "application/json",
    ) -> Reply:
        connection = self._connect()
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        headers = {**self._headers, "Accept": accept} | ({"Content-Type": kind} if data is not None else {})
        try:
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        plain = "json" not in (answer.headers.get("Content-Type") or "")
        return Reply(answer.status, text if plain else json.loads(text))

    @contextmanager
    def stream(self, path: str, accept: str = "application/json") -> Iterator[Iterator[Any]]:
        """Give the events of a watch, one by one."""
        connection = self._connect()
        try:
            connection.request("GET", path, headers={**self._headers, "Accept": accept})
            with connection.getresponse() as answer:
                yield (json.loads(line) for line in answer)
        finally:
            connection.close()


def _context(cluster: dict[str, Any], user: dict[str, Any]) -> ssl.SSLContext:
    import base64
    import tempfile

    data = cluster.get("certificate-authority-data")
    text = base64.b64decode(data).decode() if data else Path(cluster["certificate-authority"]).read_text()
    context = ssl.create_default_context(cadata=text)
    if "client-certificate-data" in user:
        with tempfile.TemporaryDirectory() as folder:
            pair = [Path(folder, name) for name in ("client-certificate", "client-key")]
            for path in pair:
                path.write_bytes(base64.b64decode(user[f"{path.name}-data"]))
            context.load_cert_chain(str(pair[0]), str(pair[1]))
    elif "client-certificate" in user:
        context.load_cert_chain(user["client-certificate"], user["client-key"])
    return context
