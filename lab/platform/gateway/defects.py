"""The defects that a bad release of the gateway carries, and when each one bites."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable

from .logs import Log
from .ports import Leaky
from .settings import Fault


class DefectError(Exception):
    """What a defective code path raises in the middle of a request."""


class Pace:
    """Says yes to an even share of its calls: 0.25 is exactly each fourth. Thread-safe."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._sum = 0.0
        self._lock = threading.Lock()

    def hit(self) -> bool:
        """True when this call belongs to the share."""
        with self._lock:
            self._sum += self._rate
            # Not >= 1: ten times 0.1 is a little less than one in binary.
            if self._sum < 1 - 1e-9:
                return False
            self._sum -= 1
            return True


class Defects:
    """Carries out one fault in the course of ordinary requests."""

    def __init__(
        self,
        fault: Fault,
        log: Log,
        database: Leaky,
        end_process: Callable[[int], None] = os._exit,
    ) -> None:
        self._fault = fault
        self._log = log
        self._database = database
        self._end = end_process
        self._pace = Pace(fault.rate)
        self._kept: list[bytearray] = []
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def at_start(self) -> None:
        """Before the service listens."""
        if self._fault.kind == "crash-at-start":
            self._log.error("configuration: key 'orders.currency' is missing", event="start")
            self._end(1)

    def in_request(self) -> None:
        """In each API request; raises DefectError where the release's code fails."""
        action = {
            "errors": self._fail,
            "leak-memory": self._keep,
            "leak-transactions": self._forget,
            "crash-later": self._arm,
        }.get(self._fault.kind)
        if action:
            action()

    def _fail(self) -> None:
        if self._pace.hit():
            raise DefectError("orders: unsupported operand type(s) for +: 'NoneType' and 'float'")

    def _keep(self) -> None:
        if self._pace.hit():
            self._kept.append(bytearray(self._fault.leak_kib * 1024))

    def _forget(self) -> None:
        if self._pace.hit():
            self._database.forget_transaction()

    def _arm(self) -> None:
        """The process dies a while after its first request, not all replicas in one instant."""
        with self._lock:
            if self._timer:
                return
            delay = self._fault.after_s * random.uniform(1.0, 1.2)
            self._timer = threading.Timer(delay, self._die)
            self._timer.daemon = True
            self._timer.start()

    def _die(self) -> None:
        self._log.error("settlement thread: list index out of range", event="fatal")
        self._end(1)
