"""Work in a process of its own: Python runs one thread at a time, and a diagnosis has work for two.

While one process asks the cluster the other loads the rules. A fork is the cheapest way (2 ms); what is done apart
should need few modules, which the child imports itself.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Generic, TypeVar, cast

from tuheg_ir.errors import TuhegError, UnusableError

T = TypeVar("T")


class Apart(Generic[T]):
    """A function that has begun to run, in a child where that can be; ``result`` waits for what it returns or raises.

    What it returns and raises must be picklable. The child prints nothing and dies of the Ctrl-C that its parent gets.
    ``began`` is a time.monotonic().
    """

    def __init__(self, work: Callable[[], T]) -> None:
        self.began = time.monotonic()
        self._child = 0
        self._told: list[tuple[Any, BaseException | None]] = []
        if can_fork():
            self._fork(work)
        else:
            self._thread = threading.Thread(target=lambda: self._told.append(_done(work)), daemon=True)
            self._thread.start()

    def is_over(self) -> bool:
        """Tell whether nothing is to be waited for any more."""
        return bool(select.select([self._pipe], [], [], 0)[0]) if self._child else not self._thread.is_alive()

    def result(self) -> T:
        """Wait. Raises what the work raised; UnusableError when its process was ended from outside."""
        if self._child:
            self._told.append(pickle.loads(self._received()))  # noqa: S301 - our own child wrote it
        else:
            self._thread.join()
        value, error = self._told.pop()
        if error is not None:
            raise error
        return cast("T", value)

    def _received(self) -> bytes:
        try:
            with os.fdopen(self._pipe, "rb") as pipe:
                told = pipe.read()
        except BaseException:
            with suppress(ProcessLookupError):
                os.kill(self._child, signal.SIGKILL)
            raise
        finally:
            _, status = os.waitpid(self._child, 0)
        if told and not status:  # one that was ended may have told a part
            return told
        code = os.waitstatus_to_exitcode(status)
        ended = f"by signal {-code}" if code < 0 else f"with code {code}"
        raise UnusableError("The cluster could not be read", f"the process that reads it ended {ended}", "Try again.")

    def _fork(self, work: Callable[[], T]) -> None:
        self._pipe, out = os.pipe()
        self._child = os.fork()
        if self._child:
            os.close(out)
            return
        # Whatever happens here, the child must not go on as a second parent.
        try:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.close(self._pipe)
            with os.fdopen(out, "wb") as pipe:
                pipe.write(_packed(_done(work)))
            os._exit(0)
        finally:
            os._exit(1)


def can_fork() -> bool:
    """Tell whether a child gains anything (a second core) and is safe: one forked beside threads may wait for ever."""
    if not hasattr(os, "fork") or threading.active_count() > 1:
        return False
    return len(os.sched_getaffinity(0)) > 1 if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1) > 1


def _done(work: Callable[[], T]) -> tuple[T | None, BaseException | None]:
    try:
        return work(), None
    except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
        if not isinstance(error, TuhegError):  # a bug of ours: where it happened gets lost on the way
            import traceback

            error.add_note("".join(traceback.format_exception(error)))
        return None, error


def _packed(told: tuple[Any, BaseException | None]) -> bytes:
    try:
        return pickle.dumps(told, pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001 - what an object says to that may be anything
        return pickle.dumps((None, RuntimeError(f"{told[1] or 'what was read'} cannot be handed on: {error}")))
