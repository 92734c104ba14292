"""Processes of a run: named by pid and start time, found again after the wrapper has died.

A pid alone may have been given to another program meanwhile; with the start time (clock ticks
since boot, as in /proc/PID/stat) it names one process for good. Linux only, like the wrapper.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

RUN_VARIABLE = "TUHEG_IR_RUN"
"""Environment variable that every process of a run carries; its value is the run's id."""

_PROC = Path("/proc")
_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Process:
    """One process: its pid and when it started, in clock ticks since boot."""

    pid: int
    start_time: int

    def alive(self) -> bool:
        """Tell whether exactly this process still runs."""
        return start_time(self.pid) == self.start_time

    def as_dict(self) -> dict[str, int]:
        """Return what the journal records."""
        return {"pid": self.pid, "start_time": self.start_time}


def start_time(pid: int) -> int | None:
    """Return when ``pid`` started; None when there is no such process or it is a zombie."""
    stat = _stat(pid)
    return None if stat is None or stat[0] == "Z" else int(stat[19])


def own() -> Process:
    """Return this process."""
    pid = os.getpid()
    return Process(pid, start_time(pid) or 0)


def child_of(parent: int, run: str) -> Process | None:
    """Return the child of ``parent`` that belongs to ``run``, if it is there yet."""
    for process in of_run(run):
        stat = _stat(process.pid)
        if stat is not None and int(stat[1]) == parent:
            return process
    return None


def of_run(run: str) -> list[Process]:
    """Return the living processes that carry the run's id, but for this one."""
    mark = f"{RUN_VARIABLE}={run}".encode()
    found = []
    for pid in _pids():
        if pid == os.getpid() or mark not in _environment(pid):
            continue
        started = start_time(pid)
        if started is not None:
            found.append(Process(pid, started))
    return found


def wait_gone(processes: Iterable[Process], seconds: float) -> list[Process]:
    """Wait until the processes have ended, at most ``seconds``; return those that have not."""
    deadline = time.monotonic() + seconds
    living = [p for p in processes if p.alive()]
    while living and time.monotonic() < deadline:
        time.sleep(_POLL_S)
        living = [p for p in living if p.alive()]
    return living


def send(processes: Iterable[Process], number: signal.Signals) -> None:
    """Send a signal to those of the processes that still live."""
    for process in processes:
        if process.alive():
            try:
                os.kill(process.pid, number)
            except ProcessLookupError:
                continue


def _pids() -> Iterator[int]:
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            yield int(entry.name)


def _stat(pid: int) -> list[str] | None:
    """Return the fields of /proc/PID/stat after the name: state, ppid, ... start time at 19."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()


def _environment(pid: int) -> list[bytes]:
    try:
        return (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return []
