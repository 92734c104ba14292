"""The lab's processes, found by their command line: no file has to be true for this to work."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.paths import Lab

PROC = Path("/proc")
INSIDE = "lab.inside"


@dataclass(frozen=True)
class Process:
    """A process of the machine; `first` says that it is process 1 of its own namespace."""

    pid: int
    first: bool


def lab_processes(lab: Lab) -> list[Process]:
    """Return process 1 of this home's lab and the `unshare` that started it."""
    mark = [INSIDE, str(lab.run)]
    found = []
    for entry in PROC.iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            if any(words[i : i + 2] == mark for i in range(len(words))):
                found.append(Process(int(entry.name), is_first((entry / "status").read_text())))
    return found


def is_first(status: str) -> bool:
    """Read /proc/PID/status: is it process 1 of a namespace below this one?"""
    for line in status.splitlines():
        if line.startswith("NSpid:"):
            pids = line.split()[1:]
            return len(pids) > 1 and pids[-1] == "1"
    return False


def first_process(lab: Lab) -> int | None:
    """Return the machine's pid of the lab's process 1, None while there is no lab."""
    return next((p.pid for p in lab_processes(lab) if p.first), None)


def end_processes(lab: Lab, seconds: float = 15.0) -> None:
    """Kill process 1, with which the kernel ends every process of the lab, and wait for that."""
    end(lambda: [process.pid for process in lab_processes(lab)], "the lab", seconds)


def end(found: Callable[[], list[int]], whose: str, seconds: float) -> None:
    """Kill processes until there are no more to be found, and wait until they are gone.

    SIGKILL: there is nothing to save, and kube-apiserver would drain for a minute. What ends has no command line and
    no environment any more while it still holds its ports, and process 1 of a namespace is the last one to be gone.
    """
    deadline = time.monotonic() + seconds
    killed: dict[int, int] = {}
    while True:
        pids = found()
        for pid in pids:
            if (began := start_time(pid)) is not None:
                killed[pid] = began
            send(pid, signal.SIGKILL)
        stuck = pids or [pid for pid, began in killed.items() if alive(pid, began)]
        if not stuck:
            return
        if time.monotonic() > deadline:
            raise LabError(f"{whose}'s process {stuck[0]} does not end", "Look at it with `ps`, then retry")
        time.sleep(0.02)


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may have ended meanwhile."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def alive(pid: int, started: int) -> bool:
    """Say whether the process with this pid is still the one that started then (see `start_time`)."""
    return start_time(pid) == started


def start_time(pid: int) -> int | None:
    """Return when a process started, in clock ticks since boot; None if there is no such process."""
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])
