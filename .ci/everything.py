"""Everything: the gates, then the tests on the control plane alone and on a real cluster. The body of `make test`.

Says at the end what was left out and why, and the ten slowest tests; the last line is in pytest's form and counts gates
and tests of all runs.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from check import (
    ANSWERED_IN_TEST,
    CORES,
    ELSEWHERE,
    PRIMARY,
    REPORTS,
    Gate,
    Job,
    Result,
    beside,
    ended,
    exit_code,
    jobs,
    pytest_gate,
    report,
    run,
    whole_gates,
)
from machine import MINORS, ROOT, is_root, pythons, say
from shares import IDLE, keeping_to
from summary import cases, summary

sys.path.insert(0, str(ROOT))
if TYPE_CHECKING:
    from lab.paths import Lab

# Which break the newest Python and ansible-core live through too: it takes a roll-out back and asks in a pod.
NEWEST_PART = "leaked-transactions"
# The break that takes all of the node's cores; its remedy heals nothing while others take them too.
FULL_NODE = "cpu-starvation"
# What takes the lab down, and up again.
ANEW = "test_lab_lifecycle"
# What is asked of the simulated cluster and of a real one alike. The whole lab answers it; the control plane alone does
# where there is no lab.
CONTRACT = "contract"
# What works in namespaces of its own and leaves the demo platform alone.
OWN_NAMESPACE = f"{CONTRACT} or test_rbac or test_roles or test_rollout or test_also or test_long_logs"
# What kills each playbook at each of its changes. It and the contract are a quarter of the slow tests each, in runs of
# their own, so that all lanes end together.
KILLS = "test_kill"
# Most of what asks the cases of people from outside: half of what is slow of the corpus.
OUTSIDE = "test_outside and not (one_namespace or neighbour)"
# An hour of judging cases is for whoever changes what decides.
CORPUS = "corpus and not rest"
POLITE = ("nice", "-n", "5")
LAB = (str(ROOT / PRIMARY / "bin" / "python"), "-m", "lab")


def slow_gates() -> list[Gate]:
    """Return the pytest runs of what takes minutes without a lab; the last two only compute."""
    rest = "slow and not lab and not plane and not molecule"
    return [
        pytest_gate(PRIMARY, "slow and molecule", ELSEWHERE, part="molecule"),
        pytest_gate(PRIMARY, rest, ELSEWHERE, "-k", f"not ({KILLS} or {CONTRACT})", part="slow"),
        pytest_gate(PRIMARY, rest, ELSEWHERE, "-k", KILLS, part="kill"),
        pytest_gate(PRIMARY, rest, ELSEWHERE, "-k", CONTRACT, part="contract"),
        # In two, so that no core is left alone with what takes longest.
        pytest_gate(PRIMARY, CORPUS, "-k", f"not ({OUTSIDE})", part="mutated", corpus=True),
        pytest_gate(PRIMARY, CORPUS, "-k", OUTSIDE, part="outside", corpus=True),
    ]


def whole() -> list[Gate]:
    """Return all gates but those of the lab."""
    return [*slow_gates(), *whole_gates()]


def lab_gate(venv: str, which: str, part: str = "lab") -> Gate:
    """Return a pytest run on the lab."""
    return pytest_gate(venv, "lab", ELSEWHERE, "--require-lab", "-k", which, part=part)


def newest() -> list[Gate]:
    """Return the part of the lab's tests that the newest Python runs too, if there is a newer one."""
    others = sorted(ROOT.glob(".venv-3.*"), key=lambda path: int(path.name.rpartition(".")[2]))
    return [lab_gate(others[-1].name, NEWEST_PART)] if others else []


def on_plane(*chosen: str) -> list[Result]:
    """Start the control plane alone, run its tests (those chosen), and take it down whatever happens."""
    results: list[Result] = []
    with running("plane", results, "--control-plane-only"):
        if results[-1].code == 0:
            gate = pytest_gate(PRIMARY, "plane", ELSEWHERE, "--require-plane", *chosen, part="plane")
            results.append(report(run(gate)))
    return results


def on_lab(company: list[Gate]) -> list[Result]:
    """Run the tests of the lab, which is up.

    Two thirds of the lab's time are waiting. The demo platform is broken by one test at a time; what leaves it alone
    runs meanwhile, and so does the company, one gate at a time, which lets the lab's tests go first. What uses up the
    node has no company but what only computes.
    """
    alongside = [*jobs([lab_gate(PRIMARY, OWN_NAMESPACE, part="lab-own")]), *jobs(company, POLITE)]
    with beside(alongside, lanes=2) as own:
        # Figures of a minute take a minute: it passes while the first tests run, which need none.
        results = [step("lab-load", "load", "--background")]
        alone = f"{FULL_NODE} or {ANEW} or {OWN_NAMESPACE}"
        results += lived(lab_gate(PRIMARY, f"not ({alone})"), *newest())
        results += ended(own)
    return results + lived(lab_gate(PRIMARY, FULL_NODE, part="lab-full"), lab_gate(PRIMARY, ANEW, part="lab-anew"))


def lived(*chosen: Gate) -> list[Result]:
    """Run gates one after the other, in the open."""
    return [report(run(replace(gate, live=True))) for gate in chosen]


@contextmanager
def running(name: str, results: list[Result], *options: str) -> Iterator[None]:
    """Start the lab, or its control plane, and take it down; what these give comes to the results."""
    results.append(step(f"{name}-up", "up", *options))
    try:
        yield
    finally:
        results.append(step(f"{name}-down", "down", *options, cleans=True))


def step(name: str, *command: str, cleans: bool = False) -> Result:
    """Run one command of the lab in the open."""
    return lived(Gate(name, (*LAB, *command), cleans=cleans))[0]


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


def parted(all_gates: list[Gate]) -> tuple[list[Gate], list[Gate]]:
    """Return those that only compute, and the others."""
    return [gate for gate in all_gates if gate.computes], [gate for gate in all_gates if not gate.computes]


def _start(lab_runs: ExitStack, results: list[Result], plane: list[Future[list[Result]]]) -> list[Result]:
    """Start the lab while the last of the others run, and after the control plane alone has gone."""
    wait(plane)
    lab_runs.enter_context(running("lab", results))
    return []


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
        "eight of nine cases from outside, five of six others with every mutation: make corpus asks them",
        f"what all rules answer to {ANSWERED_IN_TEST - 1} of {ANSWERED_IN_TEST} rows of tables: pytest asks it",
        *absent_pythons(),
        *([f"all tests on the control plane alone: {no_plane}"] if no_plane else ()),
        *([f"all tests on the lab: {no_lab}"] if no_lab else ()),
    ]
    plane = None if no_plane else step("plane-build", "build", "--control-plane-only")
    lab = None if no_lab else step("lab-build", "build")
    results = [each for each in (plane, lab) if each]
    computing, others = parted(whole())
    companions = [gate for gate in others if gate.company and _well(lab)]
    chosen = ("-k", f"not {CONTRACT}") if _well(lab) else ()
    # What only computes does so whenever nobody else wants the cores.
    with keeping_to(IDLE) as words, beside(jobs(computing, words)) as idle:
        with ExitStack() as lab_runs:
            with beside([partial(on_plane, *chosen)] if _well(plane) else []) as company:
                start: list[Job] = [partial(_start, lab_runs, results, company)] if _well(lab) else []
                first = [*jobs([gate for gate in others if gate not in companions]), *start]
                # More slow ones at a time would only make each slower.
                with beside(first, lanes=1 + CORES) as work:
                    results += ended(work)
                results += ended(company)
            if _well(lab):
                results += on_lab(companions)
        results += ended(idle)
    found = cases(sorted(REPORTS.glob("*.xml")))
    say(summary(results, found, left_out, time.monotonic() - began))
    return 1 if any(result.code for result in results) else 0


if __name__ == "__main__":
    sys.exit(exit_code(main))
