"""The line to the lab delays what is sent and changes nothing of it."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.away import HOST, line
from benchmarks.place import INVENTORY, Place
from lab.paths import Lab
from lab.settings import API_PORT, PROMETHEUS_PORT, WEB_PORT


@pytest.fixture
def echo() -> Iterator[socket.socket]:
    """Listen, for the test to answer."""
    with socket.create_server((HOST, 0)) as listening:
        yield listening


def port_of(listening: socket.socket) -> int:
    name: tuple[Any, ...] = listening.getsockname()
    return int(name[1])


def test_what_is_sent_arrives_whole_and_in_order_half_a_round_trip_later(echo: socket.socket) -> None:
    sent = b"".join(b"%06d" % number for number in range(50_000))
    with line([port_of(echo)], 200) as relays:
        began = time.monotonic()  # the relay may greet before this thread goes on
        with socket.create_connection((HOST, relays[port_of(echo)])) as here:
            here.sendall(sent)
            here.shutdown(socket.SHUT_WR)
            there, _ = echo.accept()
            with there:
                greeted = time.monotonic()
                found = b"".join(iter(lambda: there.recv(1 << 16), b""))
                there.sendall(b"all of it")
            assert here.recv(100) == b"all of it"
    assert found == sent
    assert greeted - began >= 0.2  # a greeting goes there and back
    assert time.monotonic() - began >= 0.4


def test_where_nobody_listens_the_connection_ends() -> None:
    with socket.create_server((HOST, 0)) as gone:
        port = port_of(gone)
    with line([port], 2) as relays, socket.create_connection((HOST, relays[port])) as here:
        assert here.recv(1) == b""


def test_a_place_that_is_away_is_the_same_lab_behind_other_ports(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "home")
    lab.run.mkdir(parents=True)
    for file in (lab.kubeconfig, lab.account):
        file.write_text(f"server: https://127.0.0.1:{API_PORT}\ntoken: t:123\n", encoding="utf-8")
    folder = tmp_path / "away"
    folder.mkdir()
    with Place.of(lab, tmp_path).away(2, folder) as there:
        texts = [file.read_text(encoding="utf-8") for file in (there.admin, there.account)]
        urls = (there.inventory / "host_vars" / "lab.yml").read_text(encoding="utf-8")
        assert there.admin.stat().st_mode & 0o077 == 0
    assert all("token: t:123" in text and f":{API_PORT}\n" not in text for text in texts)
    assert str(PROMETHEUS_PORT) not in there.prometheus + urls
    assert str(WEB_PORT) not in urls
    assert {file.name for file in there.inventory.iterdir()} == {file.name for file in INVENTORY.iterdir()}
