"""The running lab as the platform of a Molecule run; it is taken as it is found healthy, and left so."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from lab import background
from lab.breaks import make, wait_for_symptom
from lab.errors import LabError
from lab.faults import load_breaks
from lab.load_cli import STEADY
from lab.paths import CHECKOUT, Lab
from tests import layout

#: Kinds of break that are too slow, or come back too soon, for the tests of lab/faults.yml.
OWN = layout.ROOT / "tests" / "molecule" / "faults.yml"
_OUR_LOAD = "load-is-ours"


def start(folder: Path) -> None:
    """Bring the lab to its healthy base, under load; LabError where none runs."""
    lab = Lab.from_environment()
    if not lab.account.exists():
        raise LabError(f"no lab is running ({lab.run})", "Start it: python -m lab up")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    (folder / "inventory").symlink_to(CHECKOUT / "lab" / "inventory")
    (folder / "account.conf").symlink_to(lab.account)
    (folder / "admin.conf").symlink_to(lab.kubeconfig)
    if not background.running(lab.run, STEADY):
        _command("load", "--background")
        (folder / _OUR_LOAD).touch()
    _command("reset")


def break_as(folder: Path, kind: str) -> None:
    """Break the lab's platform and wait for the symptom; LabError if it does not show in time."""
    breaks = {**load_breaks(), **load_breaks(OWN)}
    if kind not in breaks:
        raise LabError(f"no such break: {kind}", f"One of {', '.join(breaks)}")
    lab = Lab.from_environment()
    told: list[str] = []
    make(lab, breaks[kind])
    shown = wait_for_symptom(lab, breaks[kind], lambda _, seen: told.append("; ".join(each.told for each in seen)))
    if not shown:
        raise LabError(f"the symptom of {kind} never showed: {told[-1]}", f"See {folder} and python -m lab status")


def stop(folder: Path) -> None:
    """Bring the lab back to its healthy base; a load that runs for this is ended."""
    if not folder.exists():
        return
    _command("reset")
    if (folder / _OUR_LOAD).exists():
        _command("load", "--stop")
    shutil.rmtree(folder)


def _command(*words: str) -> None:
    """Run one command of the lab; LabError with what it said if it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "lab", *words], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise LabError(f"python -m lab {' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
