"""Everything: the gates, then the tests on the control plane alone and on a real cluster. The body of `make test`.

Says at the end what was left out and why, and the ten slowest tests; the last line is in pytest's form and counts gates
and tests of all runs.
"""

from __future__ import annotations

import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from check import CORES, PRIMARY, REPORTS, Gate, Result, gates, pytest_gate, report, run, run_all
from machine import MINORS, ROOT, is_root, pythons, say
from summary import cases, summary

sys.path.insert(0, str(ROOT))
if TYPE_CHECKING:
    from lab.paths import Lab

# Which break the newest Python and ansible-core live through too: it takes a roll-out back and asks in a pod.
NEWEST_PART = "leaked-transactions"
LAB = (str(ROOT / PRIMARY / "bin" / "python"), "-m", "lab")


def slow_gates() -> list[Gate]:
    """Return the pytest runs of what takes minutes without a lab."""
    rest = "slow and not lab and not plane and not molecule"
    return [
        pytest_gate(PRIMARY, f"{rest} and not corpus", part="slow"),
        pytest_gate(PRIMARY, "slow and molecule", part="molecule"),
        pytest_gate(PRIMARY, f"{rest} and corpus", part="mutated"),
    ]


def lab_runs() -> list[Gate]:
    """Return the pytest runs on the lab: all of it, and a chosen part on the newest Python too."""
    runs = [pytest_gate(PRIMARY, "lab", "--require-lab", part="lab")]
    others = sorted(ROOT.glob(".venv-3.*"), key=lambda path: int(path.name.rpartition(".")[2]))
    if others:
        runs.append(pytest_gate(others[-1].name, "lab", "--require-lab", "-k", NEWEST_PART, part="lab"))
    return [replace(gate, live=True) for gate in runs]


def plane_runs() -> list[Gate]:
    """Return the pytest run on the control plane alone."""
    return [pytest_gate(PRIMARY, "plane", "--require-plane", part="plane")]


def run_on(name: str, runs: list[Gate], *options: str) -> list[Result]:
    """Start the lab, or its control plane, run its tests, and take it down whatever happens."""
    results = [step(f"{name}-up", "up", *options)]
    try:
        if results[-1].code == 0:
            results += [report(run(gate)) for gate in runs]
    finally:
        results.append(step(f"{name}-down", "down", *options))
    return results


def step(name: str, *command: str) -> Result:
    """Run one command of the lab in the open."""
    return report(run(Gate(name, (*LAB, *command), live=True)))


def why_no_lab() -> str:
    """Return why the whole lab cannot run here ("" when it can)."""
    if not is_root():
        return "the lab needs root (it starts a real Kubernetes in namespaces of its own)"
    from lab.paths import Lab

    return why_not_built(Lab.from_environment())


def why_no_plane() -> str:
    """Return why the lab's control plane cannot run here ("" when it can)."""
    from lab.paths import Plane

    return why_not_built(Plane.from_environment())


def why_not_built(lab: Lab) -> str:
    """Return why what is not built yet cannot be built here ("" when it can, or nothing is to be built)."""
    from lab.build import stale
    from lab.errors import LabError
    from lab.toolchain import find_go

    if not stale(lab):
        return ""
    try:
        find_go(lab)
    except LabError as error:
        return f"it cannot be built: {error}"
    return ""


def absent_pythons() -> list[str]:
    """Return a line for the Pythons that the project runs on and this machine has not."""
    absent = [f"3.{minor}" for minor in MINORS if minor not in pythons()]
    return [f"tests on Python {', '.join(absent)}: not on this machine"] if absent else []


def _well(built: Result | None) -> bool:
    return built is not None and built.code == 0


def main() -> int:
    """Run everything that can run here; 0 only when nothing failed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began = time.monotonic()
    for old in REPORTS.glob("*.xml"):
        old.unlink()
    no_plane, no_lab = why_no_plane(), why_no_lab()
    left_out = [
        *absent_pythons(),
        *([f"all tests on the control plane alone: {no_plane}"] if no_plane else ()),
        *([f"all tests on the lab: {no_lab}"] if no_lab else ()),
    ]
    plane = None if no_plane else step("plane-build", "build", "--control-plane-only")
    lab = None if no_lab else step("lab-build", "build")
    results = [each for each in (plane, lab) if each]
    with ThreadPoolExecutor(max_workers=1) as beside:
        # Half of what it does is to wait for controllers.
        on_plane = beside.submit(run_on, "plane", plane_runs(), "--control-plane-only") if _well(plane) else None
        # The slow tests wait little: more at a time would only make each slower.
        results += run_all([*slow_gates(), *gates()], lanes=1 + CORES)
        results += on_plane.result() if on_plane else []
    results += run_on("lab", lab_runs()) if _well(lab) else []
    found = cases(sorted(REPORTS.glob("*.xml")))
    say(summary(results, found, left_out, time.monotonic() - began))
    return 1 if any(result.code for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
