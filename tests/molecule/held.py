"""A simulated platform that outlives the step which started it: Molecule's steps are processes of their own.

It runs as a process that writes what plays need into a folder, its own pid and start time beside
it, and ends on SIGTERM, when its folder is gone, or after an hour.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import yaml

from tests import layout
from tuheg_ir.errors import UsageError
from tuheg_ir.runner import processes
from tuheg_ir.sim.scenario import scenarios
from tuheg_ir.sim.simulation import Simulation
from tuheg_ir.sim.site import prepare

PLATFORM = layout.ROOT / "inventories" / "example" / "group_vars" / "clusters.yml"
RIGHTS = layout.ROOT / "rbac" / "tuheg-ir.yml"
_PROCESS = "process.json"
_LOG = "log"
_START_S = 60.0
_END_S = 15.0
_LIFE_S = 3600.0
# Limits of plays. Figures that nobody has are waited for to the end of theirs: a ladder would pay it for each rung.
_PATIENCE_S, _FIGURES_S = 180, 30


def start(folder: Path) -> None:
    """Start a healthy platform for `folder`, in place of one that it has."""
    _start(folder, "")


def break_as(folder: Path, scenario: str) -> None:
    """Put a platform in its place that broke as a scenario says; UsageError if there is none such.

    The time from the break to the first look passes before it opens its ports.
    """
    if scenario not in scenarios():
        raise UsageError(f"No such scenario: {scenario}", "tuheg_ir/sim/scenarios", f"One of {', '.join(scenarios())}")
    _start(folder, scenario)


def _start(folder: Path, scenario: str) -> None:
    """Start the process and return when plays may be pointed at it; RuntimeError with what it said."""
    stop(folder)
    folder.mkdir(parents=True, mode=0o700)
    with (folder / _LOG).open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.molecule.held", str(folder), scenario],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=layout.ROOT,
        )
    deadline = time.monotonic() + _START_S
    while not (folder / _PROCESS).exists():
        if child.poll() is not None or time.monotonic() > deadline:
            child.kill()
            raise RuntimeError(f"The platform did not start: {(folder / _LOG).read_text(encoding='utf-8')}")
        time.sleep(0.02)


def stop(folder: Path) -> None:
    """End the platform of a folder, if one runs, and remove the folder."""
    record = folder / _PROCESS
    if record.exists():
        process = processes.Process(**json.loads(record.read_text(encoding="utf-8")))
        for number in (signal.SIGTERM, signal.SIGKILL):
            processes.send([process], number)
            if not processes.wait_gone([process], _END_S):
                break
    shutil.rmtree(folder, ignore_errors=True)


def patient_limits() -> dict[str, int]:
    """Return every limit of the roles, in seconds, raised to what a machine under heavy load may need."""
    return {name: _FIGURES_S if name.endswith("_probe_timeout_s") else _PATIENCE_S for name in layout.limits()}


def hold(folder: Path, scenario: str) -> None:
    """Be the platform until told to end."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    broken = scenarios()[scenario] if scenario else None
    account = [obj for obj in yaml.safe_load_all(RIGHTS.read_text(encoding="utf-8")) if obj]
    with Simulation(broken) as simulation:
        places = simulation.start(broken.speed if broken else 20.0)
        site = prepare(simulation, places, folder, PLATFORM, account=account)
        site.kubeconfig.rename(folder / "account.conf")
        simulation.cluster.kubeconfig(folder, name="admin.conf")
        # What the wrapper would hand over with -e: an inventory may say it as well.
        limits = folder / "inventory" / "group_vars" / "all.yml"
        limits.write_text(json.dumps({**site.extra_vars, **patient_limits()}), encoding="utf-8")
        mine = folder / f".{_PROCESS}"
        mine.write_text(json.dumps(processes.own().as_dict()), encoding="utf-8")
        mine.rename(folder / _PROCESS)
        deadline = time.monotonic() + _LIFE_S
        while not ended.wait(1) and folder.exists() and time.monotonic() < deadline:
            pass


if __name__ == "__main__":
    hold(Path(sys.argv[1]), sys.argv[2])
