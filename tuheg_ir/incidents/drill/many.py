"""Many drills, some at a time.

Each has a process of its own, for a drill makes its cluster the only one that its process knows.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from tuheg_ir.catalogue import load_catalogue
from tuheg_ir.errors import Interrupted, TuhegError
from tuheg_ir.incidents.drill.order import DrillOrder
from tuheg_ir.incidents.drill.report import DrillReport
from tuheg_ir.incidents.drill.run import drill
from tuheg_ir.incidents.shop import Shop
from tuheg_ir.journal import open_journal
from tuheg_ir.project import find_project
from tuheg_ir.runner import stop_signals

_STOP = {signal.SIGINT}


def cores() -> int:
    """Return how many drills a machine bears at a time: one a core that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def drill_many(
    orders: Sequence[DrillOrder], jobs: int, watch: Callable[[list[DrillOrder]], None]
) -> Iterator[DrillReport]:
    """Yield the reports in the order of the orders; at most ``jobs`` drills go on at a time.

    ``watch`` is told which go on, whenever that changes. Ctrl-C, SIGTERM and SIGHUP stop the drills
    as they would stop a single one, and nothing further is begun. The first error of a drill ends
    the others and is raised.
    """
    waiting = deque(enumerate(orders))
    going: dict[Connection, tuple[int, BaseProcess]] = {}
    done: dict[int, DrillReport] = {}
    with stop_signals():
        try:
            for number in range(len(orders)):
                while number not in done:
                    while waiting and len(going) < jobs:
                        place, order = waiting.popleft()
                        connection, process = _started(order)
                        going[connection] = (place, process)
                    watch([orders[place] for place, _ in going.values()])
                    ready = wait(list(going))
                    for connection in [each for each in going if each in ready]:
                        place, process = going.pop(connection)
                        done[place] = _answer(connection, process, orders[place])
                yield done.pop(number)
        finally:
            _stop([process for _, process in going.values()])


def _started(order: DrillOrder) -> tuple[Connection, BaseProcess]:
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_carry_out, args=(order, theirs), name=f"drill-{order.scenario.name}")
    # A Ctrl-C that comes while it starts waits until it can be answered.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOP)
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
    return ours, process


def _answer(connection: Connection, process: BaseProcess, order: DrillOrder) -> DrillReport:
    try:
        answer: DrillReport | TuhegError = connection.recv()
    except EOFError:
        process.join()
        told = f"{order.scenario.name}, exit code {process.exitcode}"
        raise TuhegError("A drill's process has ended without a word", told) from None
    process.join()
    if isinstance(answer, TuhegError):
        raise answer
    return answer


def _stop(processes: Sequence[BaseProcess]) -> None:
    """Stop drills as Ctrl-C stops one, and wait until they have closed what they opened; a second one insists."""
    while left := [process for process in processes if process.is_alive()]:
        for process in left:
            with suppress(ProcessLookupError):
                os.kill(process.pid or 0, signal.SIGINT)
        try:
            for process in left:
                process.join()
        except KeyboardInterrupt:
            continue


def _carry_out(order: DrillOrder, connection: Connection) -> None:
    """Carry out one drill in a process of its own. The terminal's Ctrl-C goes to the parent, which passes it on."""
    os.setpgid(0, 0)
    answer: DrillReport | TuhegError
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP)
        with open_journal() as journal:
            answer = drill(Shop(find_project(), load_catalogue(), journal), order)
    except TuhegError as error:
        answer = error
    except KeyboardInterrupt:
        answer = Interrupted("The drill was stopped", order.scenario.name)
    except Exception as error:  # noqa: BLE001 - carried over to the parent
        answer = TuhegError("A drill has failed", f"{order.scenario.name}: {type(error).__name__}: {error}")
    with suppress(BrokenPipeError):
        connection.send(answer)
