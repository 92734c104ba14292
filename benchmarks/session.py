"""A lab to work on for a while: the one that runs, or one of our own that is taken down afterwards."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from lab.errors import LabError
from lab.kubectl import kubectl
from lab.paths import CHECKOUT, Lab
from lab.settings import NAMESPACE

_LAB = (sys.executable, "-m", "lab")
USAGE_S = 90.0


@contextmanager
def running_lab() -> Iterator[Lab]:
    """Give the running lab, or start one and take it down at the end."""
    ours = subprocess.run([*_LAB, "status"], cwd=CHECKOUT, check=False, capture_output=True).returncode != 0
    if ours:
        subprocess.run([*_LAB, "up"], cwd=CHECKOUT, check=True)
    try:
        subprocess.run([*_LAB, "reset"], cwd=CHECKOUT, check=True)
        with traffic():
            lab = Lab.from_environment()
            wait_for_usage(lab)
            yield lab
    finally:
        if ours:
            subprocess.run([*_LAB, "down"], cwd=CHECKOUT, check=False)


def wait_for_usage(lab: Lab) -> None:
    """Wait until `kubectl top` knows the pods: the metrics server of a young lab has not asked for them yet.

    Raises LabError.
    """
    end = time.monotonic() + USAGE_S
    while True:
        try:
            kubectl(lab, "-n", NAMESPACE, "top", "pods")
            return
        except LabError:
            if time.monotonic() > end:
                raise
            time.sleep(1)


@contextmanager
def traffic() -> Iterator[None]:
    """Send requests meanwhile, unless somebody does already: probes that count them have no verdict without."""
    started = subprocess.run([*_LAB, "load", "--background"], cwd=CHECKOUT, check=False, capture_output=True)
    try:
        yield
    finally:
        if started.returncode == 0:
            subprocess.run([*_LAB, "load", "--stop"], cwd=CHECKOUT, check=False, capture_output=True)
