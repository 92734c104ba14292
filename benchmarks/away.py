"""A line to the lab that takes its time: nobody has the cluster on the machine that asks it.

The lab's own forwarding once more, on a thread: what is sent arrives half a round trip later, and so does a connection.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import NamedTuple

from lab.forward import Entrance, Side

HOST = "127.0.0.1"


class _Line(NamedTuple):
    """How long it takes one way, and what is open at its ends."""

    delay_s: float
    open: set[asyncio.BaseTransport]


class _Late(Side):
    """A side that passes on what happens, in its order, half a round trip later."""

    def __init__(self, line: _Line, *where: str | int) -> None:
        super().__init__(*where)
        self._line = line
        self._due = deque[Callable[[], object]]()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._line.open.add(transport)

    def data_received(self, data: bytes) -> None:
        self._later(partial(super().data_received, data))

    def eof_received(self) -> bool:
        """Stay open for the answer."""
        ends = super().eof_received

        def end() -> None:
            if not ends() and self.transport:
                self.transport.close()

        self._later(end)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        if self.transport:
            self._line.open.discard(self.transport)
        self._later(partial(super().connection_lost, exc))

    def _later(self, does: Callable[[], object]) -> None:
        self._due.append(does)
        asyncio.get_running_loop().call_later(self._line.delay_s, self._next)

    def _next(self) -> None:
        with suppress(OSError):  # the other side has gone meanwhile
            self._due.popleft()()


class _LateEntrance(_Late, Entrance):
    """The side towards who connects: he waits a round trip, as for the answer to a greeting."""

    def __init__(self, line: _Line, port: int) -> None:
        super().__init__(line, HOST, port)
        self.inner = partial(_Late, line)

    async def _connect(self) -> None:
        await asyncio.sleep(2 * self._line.delay_s)
        await super()._connect()


@contextmanager
def line(ports: Iterable[int], round_trip_ms: float) -> Iterator[Mapping[int, int]]:
    """Give port -> the port of its relay; they are closed at the end."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    wanted, made = tuple(ports), _Line(round_trip_ms / 2000, set())

    async def opened() -> dict[int, asyncio.Server]:
        return {port: await loop.create_server(partial(_LateEntrance, made, port), HOST, 0) for port in wanted}

    async def closed() -> None:
        for server in servers.values():
            server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for each in others:
            each.cancel()
        for transport in tuple(made.open):
            transport.close()
        await asyncio.gather(*others, return_exceptions=True)

    servers = asyncio.run_coroutine_threadsafe(opened(), loop).result()
    try:
        yield {port: server.sockets[0].getsockname()[1] for port, server in servers.items()}
    finally:
        asyncio.run_coroutine_threadsafe(closed(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
