"""What the gateway answers, and what it counts and logs."""

from __future__ import annotations

import io
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from lab.platform.gateway.api import Admin, Answer, Api
from lab.platform.gateway.defects import DefectError
from lab.platform.gateway.logs import Log
from lab.platform.gateway.ports import Rows, UnavailableError
from lab.platform.gateway.server import BoundedServer
from lab.platform.gateway.work import preview


class Stores:
    """Answers at once, or fails as told."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error

    def orders(self, customer: int) -> Rows:
        if self._error:
            raise self._error
        return [{"id": customer}]

    def games(self) -> Rows:
        return [{"id": 7}]


class Metrics:
    """Remembers what was counted."""

    def __init__(self) -> None:
        self.counted: list[tuple[str, int]] = []

    def request(self, path: str, status: int, seconds: float) -> None:
        assert seconds >= 0
        self.counted.append((path, status))

    def text(self) -> bytes:
        return b"up 1\n"


class Flaws:
    """A release with or without a defect in each request."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error

    def in_request(self) -> None:
        if self._error:
            raise self._error


def api(store_error: Exception | None = None, flaw: Exception | None = None) -> tuple[Api, Metrics, io.StringIO]:
    metrics, out = Metrics(), io.StringIO()
    made = Api(
        version="1.0.0",
        world_cpu_ms=1,
        stores=Stores(store_error),
        metrics=metrics,
        flaws=Flaws(flaw),
        log=Log(out, version="1.0.0"),
    )
    return made, metrics, out


def body(answer: Answer) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(answer.body)
    return data


@pytest.mark.parametrize(
    ("target", "status", "label"),
    [
        ("/api/orders?customer=3", 200, "/api/orders"),
        ("/api/orders", 200, "/api/orders"),
        ("/api/games", 200, "/api/games"),
        ("/api/worlds?seed=a", 200, "/api/worlds"),
        ("/api/orders?customer=0", 400, "/api/orders"),
        ("/api/orders?customer=201", 400, "/api/orders"),
        ("/api/orders?customer=x", 400, "/api/orders"),
        ("/nosuch/path", 404, "other"),
    ],
)
def test_each_request_is_answered_and_counted_by_path(target: str, status: int, label: str) -> None:
    gateway, metrics, out = api()
    answer = gateway.answer(target)
    assert answer.status == status
    assert body(answer)["version"] == "1.0.0"
    assert metrics.counted == [(label, status)]
    assert out.getvalue() == ""


@pytest.mark.parametrize(
    ("store_error", "flaw", "status", "cause"),
    [
        (UnavailableError("postgres: couldn't get a connection after 1.0 sec"), None, 503, "get a connection"),
        (None, DefectError("orders: unsupported operand"), 500, "unsupported operand"),
        (KeyError("total"), None, 500, "KeyError"),
    ],
)
def test_a_failure_is_an_error_line_in_the_log_and_no_detail_for_the_user(
    store_error: Exception | None, flaw: Exception | None, status: int, cause: str
) -> None:
    gateway, metrics, out = api(store_error, flaw)
    answer = gateway.answer("/api/orders")
    assert answer.status == status
    assert metrics.counted == [("/api/orders", status)]
    line = json.loads(out.getvalue())
    assert line["level"] == "ERROR"
    assert cause in line["msg"]
    assert cause.encode() not in answer.body


def test_a_world_costs_the_cpu_time_that_was_asked_for() -> None:
    begin = time.thread_time()
    preview("seed", 20)
    assert 0.02 <= time.thread_time() - begin < 0.04


def test_readiness_follows_the_life_of_the_process_and_nothing_else() -> None:
    admin = Admin(Metrics())
    assert admin.answer("/readyz").status == 503
    admin.ready(True)
    assert admin.answer("/readyz").status == 200
    admin.ready(False)
    assert admin.answer("/readyz").status == 503
    assert admin.answer("/healthz").status == 200
    assert admin.answer("/metrics").body == b"up 1\n"
    assert admin.answer("/api/orders").status == 404


class Slow:
    """An answerer that takes its time and remembers how many worked at once."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._now = 0
        self.most = 0

    def answer(self, target: str) -> Answer:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(self._seconds)
        with self._lock:
            self._now -= 1
        if target == "/boom":
            raise RuntimeError("boom")
        return Answer(200, b"{}")


@contextmanager
def serving(slow: Slow, threads: int, out: io.StringIO) -> Iterator[BoundedServer]:
    server = BoundedServer(("127.0.0.1", 0), threads, slow.answer, "1.0.0", Log(out))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def get(server: BoundedServer, path: str) -> tuple[int, str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.server_address[1]}{path}", timeout=5) as response:
        return response.status, response.headers["X-Version"]


def test_more_requests_than_threads_wait_and_are_all_answered() -> None:
    slow, out = Slow(0.05), io.StringIO()
    with serving(slow, 3, out) as server:
        found: list[tuple[int, str]] = []
        threads = [threading.Thread(target=lambda: found.append(get(server, "/"))) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [(200, "1.0.0")] * 12
    assert slow.most == 3
    assert out.getvalue() == ""


def test_a_failing_handler_is_told_and_frees_its_thread() -> None:
    out = io.StringIO()
    with serving(Slow(0), 1, out) as server:
        for _ in range(3):
            with pytest.raises((urllib.error.URLError, ConnectionError, OSError)):
                get(server, "/boom")
        assert get(server, "/") == (200, "1.0.0")
    assert "boom" in out.getvalue()


@pytest.mark.parametrize(("timeout_s", "clean"), [(2.0, True), (0.05, False)])
def test_draining_waits_for_requests_in_work_but_not_for_ever(timeout_s: float, clean: bool) -> None:
    with serving(Slow(0.4), 2, io.StringIO()) as server:
        asked = threading.Thread(target=get, args=(server, "/"))
        asked.start()
        time.sleep(0.1)
        server.shutdown()
        assert server.drain(timeout_s) is clean
        asked.join()
