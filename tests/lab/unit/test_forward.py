"""Connections are carried whole, both ways, and end when either side ends."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from lab.forward import parse
from lab.paths import CHECKOUT


@contextmanager
def forwarder(address: str) -> Iterator[int]:
    """Run the forwarder as the lab does, in a process that inherits its listening socket; gives its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "lab.forward", f"{listener.fileno()}={address}"],
        cwd=CHECKOUT,
        pass_fds=(listener.fileno(),),
    )
    port = listener.getsockname()[1]
    listener.close()
    try:
        yield port
    finally:
        process.kill()
        process.wait()


@contextmanager
def upper_server() -> Iterator[str]:
    """Serve: read everything until the other side ends, then answer in capitals. Gives its address."""
    loop = asyncio.new_event_loop()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.read()).upper())
        await writer.drain()
        writer.close()

    server = loop.run_until_complete(asyncio.start_server(answer, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.close()


def send_all(link: socket.socket, data: bytes) -> None:
    link.sendall(data)
    link.shutdown(socket.SHUT_WR)


def ask(port: int, data: bytes) -> bytes:
    """Send everything, end our half, and read the whole answer, while still sending if need be."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as link:
        sender = threading.Thread(target=send_all, args=(link, data))
        sender.start()
        got = b"".join(iter(lambda: link.recv(65536), b""))
        sender.join()
    return got


def test_an_answer_still_comes_after_the_callers_half_has_ended() -> None:
    with upper_server() as address, forwarder(address) as port:
        assert ask(port, b"hello") == b"HELLO"


def test_megabytes_arrive_whole_both_ways() -> None:
    data = os.urandom(1 << 20).hex().encode() * 4
    with upper_server() as address, forwarder(address) as port:
        assert ask(port, data) == data.upper()


def test_two_hundred_callers_at_once_are_all_answered() -> None:
    answers: list[bytes] = []
    with upper_server() as address, forwarder(address) as port:
        callers = [threading.Thread(target=lambda: answers.append(ask(port, b"x"))) for _ in range(200)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
    assert answers == [b"X"] * 200


def test_nobody_inside_ends_the_callers_connection_and_not_the_forwarder() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = f"127.0.0.1:{closed.getsockname()[1]}"
    with forwarder(nobody) as port:
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as link:
                assert ended(link)


def ended(link: socket.socket) -> bool:
    """Say whether the other side has ended or reset the connection."""
    try:
        return link.recv(1) == b""
    except ConnectionResetError:
        return True


def test_a_server_that_ends_ends_the_caller() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with forwarder(address) as port, socket.create_connection(("127.0.0.1", port), timeout=10) as link:
            inner, _ = server.accept()
            inner.sendall(b"bye")
            inner.close()
            assert link.recv(16) == b"bye"
            assert link.recv(16) == b""


def test_the_port_is_closed_when_the_forwarder_is_gone() -> None:
    with upper_server() as address:
        with forwarder(address) as port:
            assert ask(port, b"a") == b"A"
        deadline = time.monotonic() + 5
        while True:
            with socket.socket() as link:
                if link.connect_ex(("127.0.0.1", port)):
                    return
            assert time.monotonic() < deadline


def test_forwards_are_read_as_numbers_and_addresses() -> None:
    assert parse("5=127.0.0.1:6443 6=10.96.0.80:80") == {5: "127.0.0.1:6443", 6: "10.96.0.80:80"}
