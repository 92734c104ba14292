"""A line to the lab that takes its time: nobody has the cluster on the machine that asks it.

Relays of the lab's ports, on a thread; what is sent arrives half a round trip later, and so does a connection.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial

HOST = "127.0.0.1"


class _Side(asyncio.Protocol):
    """One end of a connection: does to the other end what happens here, in its order, later."""

    def __init__(self, delay_s: float, open_ones: set[asyncio.Transport]) -> None:
        self.other: _Side | None = None
        self.transport: asyncio.Transport | None = None
        self._delay_s = delay_s
        self._open = open_ones
        self._due = deque[Callable[[asyncio.Transport], None]]()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._open.add(transport)

    def data_received(self, data: bytes) -> None:
        self._later(lambda there: there.write(data))

    def eof_received(self) -> bool:
        """Stay open for the answer."""
        self._later(lambda there: there.write_eof())
        return True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        if self.transport:
            self._open.discard(self.transport)
        self.transport = None
        self._later(lambda there: there.close())

    def _later(self, does: Callable[[asyncio.Transport], None]) -> None:
        self._due.append(does)
        asyncio.get_running_loop().call_later(self._delay_s, self._next)

    def _next(self) -> None:
        does = self._due.popleft()
        if self.other and self.other.transport:
            with suppress(OSError):  # it has gone meanwhile
                does(self.other.transport)


class _Entrance(_Side):
    """The end towards who connects: he waits for the answer a round trip, as for that of a greeting."""

    def __init__(self, delay_s: float, open_ones: set[asyncio.Transport], port: int) -> None:
        super().__init__(delay_s, open_ones)
        self._port = port
        self._dialling: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert self.transport
        self.transport.pause_reading()
        self._dialling = asyncio.get_running_loop().create_task(self._dial())

    async def _dial(self) -> None:
        await asyncio.sleep(2 * self._delay_s)
        loop = asyncio.get_running_loop()
        try:
            _, inner = await loop.create_connection(partial(_Side, self._delay_s, self._open), HOST, self._port)
        except OSError:
            if self.transport:
                self.transport.abort()
            return
        self.other, inner.other = inner, self
        if self.transport:
            self.transport.resume_reading()


@contextmanager
def line(ports: Iterable[int], round_trip_ms: float) -> Iterator[Mapping[int, int]]:
    """Give port -> the port of its relay; they are closed at the end."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def opened() -> dict[int, asyncio.Server]:
        made = (partial(_Entrance, round_trip_ms / 2000, open_ones, port) for port in wanted)
        return {port: await loop.create_server(each, HOST, 0) for port, each in zip(wanted, made, strict=True)}

    async def closed() -> None:
        for server in servers.values():
            server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for each in others:
            each.cancel()
        for transport in list(open_ones):
            transport.abort()
        await asyncio.gather(*others, return_exceptions=True)

    wanted, open_ones = tuple(ports), set[asyncio.Transport]()
    servers = asyncio.run_coroutine_threadsafe(opened(), loop).result()
    try:
        yield {port: server.sockets[0].getsockname()[1] for port, server in servers.items()}
    finally:
        asyncio.run_coroutine_threadsafe(closed(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
