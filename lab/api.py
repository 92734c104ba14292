"""A reader of the lab's API: JSON over a client certificate, without kubectl's start."""

from __future__ import annotations

import http.client
import json
import ssl
from pathlib import Path
from typing import Any

from lab.errors import LabError


class Api:
    """GET requests to the API server on a port of 127.0.0.1, as administrator."""

    def __init__(self, pki: Path, port: int, timeout: float = 5.0) -> None:
        self._pki, self._port, self._timeout = pki, port, timeout

    def get(self, path: str) -> Any:
        """Return the JSON at `path`; LabError unless the answer is 200."""
        return json.loads(self._read(path))

    def ready(self) -> bool:
        """Say whether the API server calls itself ready."""
        try:
            return self._read("/readyz") == b"ok"
        except LabError:
            return False

    def _read(self, path: str) -> bytes:
        try:
            tls = ssl.create_default_context(cafile=str(self._pki / "ca.crt"))
            tls.load_cert_chain(self._pki / "admin.crt", self._pki / "admin.key")
            link = http.client.HTTPSConnection("127.0.0.1", self._port, timeout=self._timeout, context=tls)
            try:
                link.request("GET", path)
                answer = link.getresponse()
                body = answer.read()
            finally:
                link.close()
        except (OSError, http.client.HTTPException) as error:
            raise LabError(f"the lab's API does not answer: {error}") from None
        if answer.status != http.client.OK:
            raise LabError(f"the lab's API answers {answer.status} to {path}")
        return body
