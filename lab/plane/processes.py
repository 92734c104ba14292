"""A control plane's processes, found by the run folder in their environment: no file has to be true."""

from __future__ import annotations

import contextlib

from lab.paths import Plane
from lab.processes import PROC, end

VARIABLE = "TUHEG_CONTROL_PLANE"


def plane_processes(plane: Plane) -> list[int]:
    """Return the pids of this home's control plane: its first process, and all that it started.

    Of another user's processes the kernel shows the environment to root only.
    """
    mark = f"{VARIABLE}={plane.run}".encode()
    found = []
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return found


def end_processes(plane: Plane, seconds: float = 15.0) -> None:
    """Kill them all, and wait until they are gone."""
    end(lambda: plane_processes(plane), "the control plane", seconds)
