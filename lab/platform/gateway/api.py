"""The gateway's routes, apart from sockets: a request path in, an answer out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from .defects import DefectError
from .logs import Log
from .ports import Flaws, Metrics, Stores, UnavailableError
from .work import preview

CUSTOMERS = 200
SLOW_S = 1.0

Query = dict[str, list[str]]


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; ``body`` is JSON unless ``content_type`` says otherwise."""

    status: int
    body: bytes
    content_type: str = "application/json"


class BadRequestError(Exception):
    """The client's mistake; the text is shown to it."""


class Api:
    """What users reach through the ingress."""

    def __init__(
        self,
        *,
        version: str,
        world_cpu_ms: int,
        stores: Stores,
        metrics: Metrics,
        flaws: Flaws,
        log: Log,
    ) -> None:
        self._version = version
        self._world_cpu_ms = world_cpu_ms
        self._stores = stores
        self._metrics = metrics
        self._flaws = flaws
        self._log = log
        self._routes: dict[str, Callable[[Query], object]] = {
            "/api/orders": self._orders,
            "/api/games": lambda _query: {"games": self._stores.games()},
            "/api/worlds": self._world,
        }

    def answer(self, target: str) -> Answer:
        """Answer a GET of ``target``; never raises."""
        begin = time.perf_counter()
        url = urlsplit(target)
        status, data = self._try(url.path, parse_qs(url.query))
        seconds = time.perf_counter() - begin
        # An unknown path is the client's choice: as a label it would grow without bound.
        label = url.path if url.path in self._routes else "other"
        self._metrics.request(label, status, seconds)
        if status < 500 and seconds > SLOW_S:
            self._log.warning("slow answer", path=label, status=status, ms=round(seconds * 1000))
        return _json(status, {"version": self._version, **data})

    def _try(self, path: str, query: Query) -> tuple[int, dict[str, object]]:
        route = self._routes.get(path)
        if not route:
            return 404, {"error": "no such path"}
        try:
            self._flaws.in_request()
            return 200, {"data": route(query)}
        except BadRequestError as error:
            return 400, {"error": str(error)}
        except UnavailableError as error:
            self._log.error(f"{path}: {error}", path=path, status=503)
            return 503, {"error": "temporarily unavailable"}
        except DefectError as error:
            self._log.error(f"{path}: {error}", path=path, status=500)
            return 500, {"error": "internal error"}
        except Exception as error:  # noqa: BLE001  a request must never end without an answer
            self._log.error(f"{path}: {error!r}", path=path, status=500)
            return 500, {"error": "internal error"}

    def _orders(self, query: Query) -> object:
        text = query.get("customer", ["1"])[0]
        if not text.isdecimal() or not 1 <= int(text) <= CUSTOMERS:
            raise BadRequestError(f"customer: expected 1 to {CUSTOMERS}")
        return {"customer": int(text), "orders": self._stores.orders(int(text))}

    def _world(self, query: Query) -> object:
        seed = query.get("seed", ["genesis"])[0]
        return {"seed": seed, "preview": preview(seed, self._world_cpu_ms)}


class Admin:
    """What the kubelet and Prometheus reach, on a port of its own.

    Readiness asks no dependency: a slow database must not take every replica out of service.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._ready = False

    def ready(self, yes: bool) -> None:
        """Say whether this replica takes requests."""
        self._ready = yes

    def answer(self, target: str) -> Answer:
        """Answer a GET of ``target``."""
        path = urlsplit(target).path
        if path == "/healthz":
            return _json(200, {"status": "ok"})
        if path == "/readyz":
            return _json(200 if self._ready else 503, {"ready": self._ready})
        if path == "/metrics":
            return Answer(200, self._metrics.text(), "text/plain; version=0.0.4; charset=utf-8")
        return _json(404, {"error": "no such path"})


def _json(status: int, data: dict[str, object]) -> Answer:
    return Answer(status, json.dumps(data, ensure_ascii=False).encode())
