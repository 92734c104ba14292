"""Carry connections from the machine's loopback into the lab.

The listening sockets are made outside and inherited, so they belong to the machine's network
namespace; this process runs inside, so what it dials belongs to the lab's. It ends with the lab,
and the ports close with it.

    python -m lab.forward "FD=ADDRESS:PORT FD=ADDRESS:PORT ..."
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Callable, Mapping
from functools import partial

CONNECT_SECONDS = 5.0


class Side(asyncio.Protocol):
    """One side of a carried connection: what arrives here is written to `other`."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: Side | None = None
        self.ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.other and self.other.transport:
            self.other.transport.write(data)

    def eof_received(self) -> bool:
        """Pass the end on; stay open for the answer until the other side has ended too."""
        self.ended = True
        other = self.other
        if not other or not other.transport or other.ended:
            return False
        other.transport.write_eof()
        return True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.transport = None
        if self.other and self.other.transport:
            self.other.transport.close()

    def pause_writing(self) -> None:
        """Stop reading over there while this side is slow to take what comes."""
        if self.other and self.other.transport:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other and self.other.transport:
            self.other.transport.resume_reading()


class Entrance(Side):
    """The side towards the machine: dials inside as soon as somebody connects."""

    inner: Callable[[], Side] = Side
    """What makes the other side."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__()
        self._host, self._port = host, port
        self._dial: asyncio.Task[None] | None = None
        self._early = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert self.transport
        self.transport.pause_reading()
        self._dial = asyncio.get_running_loop().create_task(self._connect())

    # A transport that is paused in connection_made reads all the same in Debian 12's Python 3.11.2:
    # what arrives before the other side is there is kept for it.
    def data_received(self, data: bytes) -> None:
        if self.other is None:
            self._early += data
        else:
            super().data_received(data)

    def eof_received(self) -> bool:
        if self.other is None:
            self.ended = True
            return True
        return super().eof_received()

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                _, inner = await loop.create_connection(self.inner, self._host, self._port)
        except OSError:
            if self.transport:
                self.transport.abort()
            return
        if self.transport is None:  # the caller has gone meanwhile
            if inner.transport:
                inner.transport.abort()
            return
        self.other, inner.other = inner, self
        if inner.transport and self._early:
            inner.transport.write(self._early)
        if inner.transport and self.ended:
            inner.transport.write_eof()
        else:
            self.transport.resume_reading()


async def serve(forwards: Mapping[int, str]) -> None:
    """Serve every inherited listening socket for ever."""
    loop = asyncio.get_running_loop()
    servers = []
    for fd, address in forwards.items():
        host, port = address.rsplit(":", 1)
        listener = socket.socket(fileno=fd)
        listener.setblocking(False)
        servers.append(await loop.create_server(partial(Entrance, host, int(port)), sock=listener, backlog=512))
    await asyncio.gather(*(server.serve_forever() for server in servers))


def parse(text: str) -> dict[int, str]:
    """Read "FD=ADDRESS ..."; the opposite of what lab.units writes."""
    pairs = (item.split("=", 1) for item in text.split())
    return {int(fd): address for fd, address in pairs}


if __name__ == "__main__":
    asyncio.run(serve(parse(sys.argv[1])))
