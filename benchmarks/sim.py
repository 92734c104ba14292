"""(c) The embedded cluster: how long it takes to start, to answer, and to drill.

Nothing to compare with: the goals are seconds, on an otherwise idle machine of two cores. On a busy one only the
seconds of CPU say something.
"""

from __future__ import annotations

import http.client
import os
import resource
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.measure import Contender
from benchmarks.place import BIN, CommandFailed
from lab.paths import CHECKOUT
from tuheg_ir.sim.scenario import scenarios
from tuheg_ir.sim.simulation import Simulation

HELP, START, REQUEST, DRILL, ALL = "--help", "start", "a request", "one drill", "all drills"
GOALS = {HELP: 0.15, START: 0.3, REQUEST: 0.002, DRILL: 10.0, ALL: 180.0}
TITLE = "(c) the embedded cluster"
ONE = "bad-release"
_REQUESTS = 500
_PATHS = (
    "/apis/apps/v1/namespaces/tuheg-production/deployments/backend-gateway",
    "/api/v1/namespaces/tuheg-production/pods?labelSelector=app%3Dbackend-gateway",
)


def seconds_for_help() -> float:
    """Return how much longer `tuheg-ir --help` takes than a bare Python."""

    def once(code: str) -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code, "--help"], check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - began

    return once("from tuheg_ir.cli import main; main()") - once("pass")


def start(_: int) -> None:
    """Bring up a broken platform and close it: the closing is less than a tenth of it."""
    simulation = Simulation(scenarios()[ONE])
    simulation.start(20)
    simulation.stop()


def seconds_a_request() -> float:
    """Return how long one read takes, its connection kept: the mean of many."""
    with Simulation() as simulation, tempfile.TemporaryDirectory() as folder:
        at = urlsplit(simulation.start(1).api)
        simulation.cluster.kubeconfig(Path(folder))
        context = ssl.create_default_context(cafile=Path(folder) / "ca.crt")
        connection = http.client.HTTPSConnection(str(at.hostname), at.port, context=context)
        headers = {"Authorization": f"Bearer {simulation.cluster.admin_token}"}
        began = time.perf_counter()
        for number in range(_REQUESTS):
            connection.request("GET", _PATHS[number % len(_PATHS)], headers=headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != http.client.OK:
                raise CommandFailed(f"the embedded cluster answered {answer.status}")
        took = time.perf_counter() - began
        connection.close()
    return took / _REQUESTS


def drill(*words: str) -> Callable[[int], None]:
    """Return a drill by the command, with a journal that is thrown away."""

    def run(_: int) -> None:
        with tempfile.TemporaryDirectory(prefix="tuheg-ir-bench-") as home:
            done = subprocess.run(
                [str(BIN / "tuheg-ir"), "drill", *words],
                cwd=CHECKOUT,
                env={**os.environ, "TUHEG_IR_HOME": home},
                check=False,
                capture_output=True,
                text=True,
            )
        if done.returncode:
            raise CommandFailed(f"drill {' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")

    return run


def cpu_seconds() -> float:
    """Return what this process and all that it has started have used so far."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def counting(contender: Contender, used: dict[str, list[float]]) -> Contender:
    """Return the contender, its seconds of CPU kept in ``used`` beside those of the clock."""

    def run(number: int) -> None:
        before = cpu_seconds()
        contender.run(number)
        used.setdefault(contender.name, []).append(cpu_seconds() - before)

    return Contender(contender.name, run)


def busy() -> str:
    """Return a warning when others work on the machine, else ""."""
    load = os.getloadavg()[0]
    cores = os.cpu_count() or 1
    return f"The machine is busy (load {load:.1f} on {cores} cores): these figures say little." if load > cores else ""


def contenders() -> list[Contender]:
    """Return what is measured in every round."""
    return [Contender(START, start), Contender(DRILL, drill(ONE))]
