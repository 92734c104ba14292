"""Process 1 of the lab's namespaces: prepares them, starts the node's programs, buries the dead.

    python -m lab.inside RUN "FD=ADDRESS:PORT ..."

When it ends, the kernel ends everything in the lab with it. What it has done is in RUN/state.json.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from lab import settings
from lab.api import Api
from lab.forward import parse
from lab.paths import CHECKOUT, Lab
from lab.units import Unit, load_units

CONTAINERD_SOCKET = "/run/containerd/containerd.sock"
POLL_SECONDS = 0.05


def links() -> str:
    """Return the network as `ip -batch` input.

    The node's address and the service range lie on a cable with both ends in here. There is no
    default route, so no packet can leave.
    """
    return f"""\
link set lo up
link add lab0 type veth peer name lab1
link set lab1 up
link set lab0 up
addr add {settings.NODE_ADDRESS}/32 dev lab0
route add {settings.SERVICE_RANGE} dev lab0 src {settings.NODE_ADDRESS}
"""


def prepare(lab: Lab) -> None:
    """Give the namespaces their own /run, node folders, host name and network."""
    _run("mount", "--make-rshared", "/")
    _run("mount", "-t", "tmpfs", "-o", "mode=755", "lab-run", "/run")
    Path("/run/podlogs").mkdir()
    for folder in settings.NODE_FOLDERS:
        own = lab.run / Path(folder).name
        own.mkdir(exist_ok=True)
        _run("mount", "--bind", str(own), folder)
    socket.sethostname(settings.NODE)
    _run("ip", "-batch", "-", stdin=links())
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def _run(*command: str, stdin: str | None = None) -> None:
    subprocess.run(command, input=stdin, text=True, check=True)


class Supervisor:
    """Starts units when what they wait for holds, and writes down what became of them."""

    def __init__(self, run: Path, checks: Mapping[str, Callable[[], bool]]) -> None:
        self._run = run
        self._checks = dict(checks)
        self._held: set[str] = set()
        self._pids: dict[int, Unit] = {}
        # kept, so that subprocess does not collect the exit codes of objects that are gone
        self._processes: list[subprocess.Popen[bytes]] = []
        self._units: dict[str, dict[str, Any]] = {}

    def start_all(self, units: list[Unit]) -> None:
        """Start every unit in order, as soon as it may; returns when all have been started."""
        waiting = list(units)
        while waiting:
            for unit in [u for u in waiting if all(map(self._holds, u.after))]:
                self._start(unit)
                waiting.remove(unit)
            self._bury(block=False)
            if waiting:
                time.sleep(POLL_SECONDS)

    def stay(self) -> NoReturn:
        """Collect the processes that end, for ever: orphans become children of process 1."""
        while True:
            self._bury(block=True)

    def _holds(self, name: str) -> bool:
        if name not in self._held:  # a check, or the name of a unit that runs once
            check = self._checks.get(name)
            if check() if check else self._units.get(name, {}).get("code") == 0:
                self._held.add(name)
                self._write()
        return name in self._held

    def _start(self, unit: Unit) -> None:
        with (self._run / "log" / f"{unit.name}.log").open("ab") as log:
            inherited = tuple(parse(unit.command[-1])) if unit.name == "forward" else ()
            process = subprocess.Popen(
                unit.command,
                cwd=self._run,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=inherited,
            )
        self._processes.append(process)
        self._pids[process.pid] = unit
        self._units[unit.name] = {"pid": process.pid, "started": time.time(), "once": unit.once, "code": None}
        self._write()

    def _bury(self, *, block: bool) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, 0 if block else os.WNOHANG)
            except ChildProcessError:
                time.sleep(POLL_SECONDS)
                return
            if pid == 0:
                return
            if unit := self._pids.pop(pid, None):
                self._units[unit.name]["code"] = os.waitstatus_to_exitcode(status)
                self._write()

    def _write(self) -> None:
        part = self._run / "state.json.part"
        part.write_text(json.dumps({"holds": sorted(self._held), "units": self._units}))
        part.replace(self._run / "state.json")


def answers(path: str) -> bool:
    """Say whether somebody listens on a unix socket."""
    with socket.socket(socket.AF_UNIX) as link:
        return link.connect_ex(path) == 0


def main(run: Path, forwards: Mapping[int, str]) -> NoReturn:
    """Be process 1."""

    def end(_signal: int, _frame: FrameType | None) -> NoReturn:
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    lab = Lab(run.parent)
    os.environ.update(
        PATH=f"{lab.bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        HOME=str(run),
        PYTHONPATH=str(CHECKOUT),
    )
    prepare(lab)
    api = Api(lab.pki, int(settings.API_ADDRESS.rsplit(":", 1)[1]), timeout=1.0)
    supervisor = Supervisor(run, {"api": api.ready, "containerd": lambda: answers(CONTAINERD_SOCKET)})
    supervisor.start_all(load_units(lab, forwards))
    supervisor.stay()


if __name__ == "__main__":
    main(Path(sys.argv[1]), parse(sys.argv[2]))
