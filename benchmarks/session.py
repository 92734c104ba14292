"""A lab to work on for a while: the one that runs, or one of our own that is taken down afterwards."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from lab.paths import CHECKOUT, Lab

_LAB = (sys.executable, "-m", "lab")


@contextmanager
def running_lab() -> Iterator[Lab]:
    """Give the running lab, or start one and take it down at the end."""
    ours = subprocess.run([*_LAB, "status"], cwd=CHECKOUT, check=False, capture_output=True).returncode != 0
    if ours:
        subprocess.run([*_LAB, "up"], cwd=CHECKOUT, check=True)
    try:
        subprocess.run([*_LAB, "reset"], cwd=CHECKOUT, check=True)
        with traffic():
            yield Lab.from_environment()
    finally:
        if ours:
            subprocess.run([*_LAB, "down"], cwd=CHECKOUT, check=False)


@contextmanager
def traffic() -> Iterator[None]:
    """Send requests meanwhile, unless somebody does already: probes that count them have no verdict without."""
    started = subprocess.run([*_LAB, "load", "--background"], cwd=CHECKOUT, check=False, capture_output=True)
    try:
        yield
    finally:
        if started.returncode == 0:
            subprocess.run([*_LAB, "load", "--stop"], cwd=CHECKOUT, check=False, capture_output=True)
