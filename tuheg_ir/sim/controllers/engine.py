"""What drives the controllers: a queue of objects to look at and a list of alarms.

With a standing clock everything runs in the caller's thread (:meth:`Engine.run_for`), so that hours
pass in no time and the same seed gives the same cluster. With a running clock one thread does it.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable, Iterable
from typing import Protocol

from tuheg_ir.sim.registry import Registry
from tuheg_ir.sim.store import Change

_MANY = 20_000  # looks without rest: two controllers disagree, which is a bug of ours
Key = tuple[str, str]  # namespace, name


class Controller(Protocol):
    """Brings one kind of object to where its spec says; is asked again after every change."""

    def concerned(self, change: Change) -> Iterable[Key]:
        """Return the keys that a change makes worth a look."""

    def look(self, namespace: str, name: str) -> None:
        """Take one look at an object and write what follows from it."""


class Engine:
    """Runs controllers and alarms over a registry."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.store = registry.store
        self.clock = registry.store.clock
        self._controllers: list[Controller] = []
        self._queue: dict[tuple[int, Key], None] = {}
        self._alarms: list[tuple[float, int, Callable[[], None]]] = []
        self._number = itertools.count()
        self._thread: threading.Thread | None = None
        self._stopping = False
        self.store.listen(self._noticed)

    def add(self, controller: Controller) -> None:
        """Let a controller see all changes from now on."""
        self._controllers.append(controller)

    def again(self, controller: Controller, namespace: str, name: str, seconds: float) -> None:
        """Let a controller look at an object again after some (simulated) seconds."""
        number = self._controllers.index(controller)
        self.after(seconds, lambda: self._queue.setdefault((number, (namespace, name))))

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Call ``action`` after some simulated seconds, under the store's lock."""
        due = self.clock.seconds() + max(seconds, 0.0)
        heapq.heappush(self._alarms, (due, next(self._number), action))

    def _noticed(self, change: Change) -> None:
        for number, controller in enumerate(self._controllers):
            for key in controller.concerned(change):
                self._queue.setdefault((number, key))

    def settle(self) -> None:
        """Look until nothing is left to look at now."""
        for _ in range(_MANY):
            if not self._queue:
                return
            number, key = next(iter(self._queue))
            del self._queue[number, key]
            self._controllers[number].look(*key)
        raise RuntimeError("the simulated controllers do not come to rest")

    def _ring(self) -> bool:
        """Call the alarms that are due; return whether there was one."""
        rang = False
        while self._alarms and self._alarms[0][0] <= self.clock.seconds() + 1e-9:
            heapq.heappop(self._alarms)[2]()
            rang = True
        return rang

    def run_for(self, seconds: float) -> None:
        """Let simulated time pass at once (standing clock only)."""
        with self.store.lock:
            end = self.clock.seconds() + seconds
            self.settle()
            while self._alarms and self._alarms[0][0] <= end:
                self.clock.advance(max(0.0, self._alarms[0][0] - self.clock.seconds()))
                self._ring()
                self.settle()
            self.clock.advance(max(0.0, end - self.clock.seconds()))

    def start(self) -> None:
        """Go on in a thread of its own; the clock must be running."""
        self._stopping = False
        self._thread = threading.Thread(target=self._live, name="sim-engine", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        if self._thread is not None:
            with self.store.lock:
                self._stopping = True
                self.store.changed.notify_all()
            self._thread.join()
            self._thread = None

    def _live(self) -> None:
        with self.store.lock:
            while not self._stopping:
                self._ring()
                if self._queue:
                    self.settle()
                    continue
                due = self._alarms[0][0] - self.clock.seconds() if self._alarms else 60.0
                self.store.changed.wait(min(max(self.clock.real(due), 0.001), 5.0))
