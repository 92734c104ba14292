"""An API server that cannot be used: one sentence, bounded time, nothing changed."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import pytest

pytestmark = pytest.mark.ansible


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes connections and never says a word."""
    taken: list[socket.socket] = []

    def take(server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                taken.append(server.accept()[0])

    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        threading.Thread(target=take, args=(server,), daemon=True).start()
        yield f"https://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
    for connection in taken:
        connection.close()


@pytest.fixture
def closed() -> str:
    """An address that nobody listens at."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return f"https://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize(
    ("server", "what"),
    [("closed", "cannot be reached (Connection refused)"), ("silent", "did not take a connection within 3 s")],
)
@pytest.mark.parametrize("playbook", ["respond_database_connection", "verify_service"])
def test_an_api_server_that_does_not_answer_ends_the_play_with_its_name(
    play: Any, good: dict[str, Any], request: pytest.FixtureRequest, playbook: str, server: str, what: str
) -> None:
    address = request.getfixturevalue(server)
    begun = time.monotonic()
    outcome = play(playbook, good, env={"K8S_AUTH_HOST": address, "K8S_AUTH_API_KEY": "a-token-of-nobody"})
    assert time.monotonic() - begun < 45
    assert outcome.rc != 0
    assert outcome.result["status"] == "error"
    assert address in outcome.result["facts"]["error"]["what"]
    assert what in outcome.result["facts"]["error"]["what"]
    assert "Traceback" not in outcome.text
    assert "a-token-of-nobody" not in outcome.text
    assert "changed=0" in outcome.text
