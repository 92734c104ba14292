"""All gates without the lab, some at a time: `python .ci/check.py [GATE ...]`.

A gate that passes is one line; a gate that fails, and every pytest run, is printed whole. Run it with the primary
environment's Python.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from zlib import crc32

from machine import CACHE, ROOT, say

REPORTS = CACHE / "reports"
PRIMARY = ".venv"
CORES = os.cpu_count() or 1
# Tests that need no cluster and not much time.
ALONE = "not lab and not plane and not slow"
# The files that judge the cases: most of all tests, and no run but theirs is to collect them.
CASES = "pytestmark = pytest.mark.corpus"
# Most of all other tests; none of them starts a program or needs a cluster, and collecting them takes a minute.
LARGEST = "tests/diagnosis"
ELSEWHERE = f"--ignore={LARGEST}"
# Tests of pure functions alone: thousands, none of which waits or goes by the clock.
PURE = ("tests/diagnosis/rules", "tests/diagnosis/view")
# Of so many rows of the rules one is answered by all rules together, the others by their own rule alone.
ANSWERED_IN_CHECK, ANSWERED_IN_TEST = 16, 8
# What is asked of the tables of the rules reads them all, as their own run does.
ABOUT_RULES = "tests/diagnosis/test_rule_cases.py"
# Clusters that a test starts, on the primary Python alone: what is asked of one Python differs for no other.
CLUSTERS = ("tests/contract", "tests/molecule", "tests/sim")
# What is of the checkout and not of the package is tested on the primary Python only.
OF_THE_CHECKOUT = (
    "tests/benchmarks",
    "tests/ci",
    ABOUT_RULES,
    "tests/lab",
    "tests/test_docs.py",
    "tests/test_layout.py",
)
# Hundreds of tests start a program of ours: without bytecode each start compiles the package anew, which is 0.15 s.
UNSET = {"PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE"}
# So long tests may clean up after Ctrl-C.
PATIENCE_S = 20.0
_RUNNING: set[subprocess.Popen[str]] = set()


@dataclass(frozen=True)
class Gate:
    """One check: a command of a virtual environment (the primary one), run in a folder of the project.

    `live` lets its output be seen as it comes. `computes`: it waits for nothing and nothing in it goes by the clock.
    `company`: it may run beside the lab's tests, as it starts no cluster and is of no part of the checkout they use.
    `cleans`: it takes down what others have started, and is let finish when everything is stopped.
    """

    name: str
    command: tuple[str, ...]
    folder: Path = ROOT
    show: bool = False
    venv: str = PRIMARY
    live: bool = False
    computes: bool = True
    company: bool = False
    cleans: bool = False

    def environment(self) -> dict[str, str]:
        """Return the environment in which every program of the virtual environment is found first."""
        kept = {key: value for key, value in os.environ.items() if key not in UNSET}
        path = f"{ROOT / self.venv / 'bin'}:{os.environ['PATH']}"
        return {**kept, "PATH": path, "PYTEST_DEBUG_TEMPROOT": str(self.folders)}

    @property
    def folders(self) -> Path:
        """Return where a pytest run keeps its folders: those that share a root remove them under each other's hands."""
        return Path(tempfile.gettempdir(), f"tuheg-ir-ci-{os.getuid()}", self.name)


@dataclass(frozen=True)
class Result:
    """How a gate ended: exit code, seconds, and what it printed."""

    gate: Gate
    code: int
    seconds: float
    output: str


Job = Callable[[], list[Result]]


def pytest_gate(venv: str, select: str, *options: str, part: str = "", corpus: bool = False) -> Gate:
    """Return a pytest run in one environment, with a JUnit report named after it and the part that it is.

    `corpus`: of the tests that judge the cases of diagnosis, which only compute; a run has these, or none of them.
    """
    name = "-".join(filter(None, ("pytest", venv.removeprefix(".venv").removeprefix("-") or "main", part)))
    files = of_the_corpus() if corpus else without(of_the_corpus())
    command = ("python", "-m", "pytest", "-m", select, f"--junit-xml={REPORTS / name}.xml", *options, *files)
    return Gate(name, command, show=True, venv=venv, computes=corpus)


@cache
def of_the_corpus() -> tuple[str, ...]:
    """Return the test files that judge the cases of diagnosis."""
    found = (path for path in (ROOT / "tests").rglob("test_*.py") if CASES in path.read_text(encoding="utf-8"))
    return tuple(sorted(str(path.relative_to(ROOT)) for path in found))


def but_every_sixth(folders: tuple[str, ...]) -> tuple[str, ...]:
    """Return most of the test files of folders, by the checksums of their names: a new file moves no other."""
    found = (path for folder in folders for path in (ROOT / folder).glob("test_*.py"))
    return tuple(sorted(str(path.relative_to(ROOT)) for path in found if crc32(path.name.encode()) % 6))


def without(paths: Iterable[str]) -> tuple[str, ...]:
    """Return the options of a pytest run that leaves these files or folders alone."""
    return tuple(f"--ignore={path}" for path in paths)


def gates() -> list[Gate]:
    """Return the gates of `make check`, the long ones and those that wait first, so that all lanes end together."""
    on_others = [_on_another(venv, LARGEST, *CLUSTERS) for venv in other_environments()]
    return [*_on_primary(), *on_others, _rules(PRIMARY, ANSWERED_IN_CHECK), *_tools()]


def whole_gates() -> list[Gate]:
    """Return the gates of `make test`: more is asked of the rules, and of the newest Python."""
    others = other_environments()
    between = [_on_another(venv, LARGEST, *CLUSTERS) for venv in others[:-1]]
    newest = [gate for venv in others[-1:] for gate in _on_newest(venv)]
    return [*_on_primary(), *between, *newest, _rules(PRIMARY, ANSWERED_IN_TEST), *_tools()]


def other_environments() -> list[str]:
    """Return the environments of the other Pythons, the newest one last."""
    return sorted(path.name for path in ROOT.glob(".venv-3.*") if (path / ".stamp").exists())


def _on_primary() -> list[Gate]:
    return [
        pytest_gate(PRIMARY, f"ansible and {ALONE}", ELSEWHERE, part="ansible"),
        # In two, so that no core is left alone with what takes longest.
        pytest_gate(PRIMARY, f"not ansible and {ALONE}", ELSEWHERE),
        replace(
            pytest_gate(PRIMARY, f"not ansible and {ALONE}", LARGEST, *without((*PURE, ABOUT_RULES)), part="diagnosis"),
            company=True,
        ),
    ]


def _on_another(venv: str, *left_out: str) -> Gate:
    """Return the tests of the package on another Python, but for some files or folders."""
    package = ("--hypothesis-profile=other-pythons", *without((*OF_THE_CHECKOUT, *left_out)))
    return replace(pytest_gate(venv, f"not ansible and {ALONE}", *package), company=True)


def _on_newest(venv: str) -> list[Gate]:
    """Return all tests of the package, and thousands of rows: of every sixth file, for each rule by itself."""
    rows = _rules(venv, ANSWERED_IN_CHECK, *without(but_every_sixth(PURE)))
    return [_on_another(venv, *PURE, *CLUSTERS), rows]


def _rules(venv: str, answered: int, *options: str) -> Gate:
    about = (ABOUT_RULES,) if venv == PRIMARY else ()
    gate = pytest_gate(venv, ALONE, f"--alone={answered}", *options, *PURE, *about, part="rules")
    return replace(gate, computes=True)


def _tools() -> list[Gate]:
    build = ("ansible-galaxy", "collection", "build", "collection", "--force", "--output-path", str(CACHE / "build"))
    return [
        Gate("ansible-test", ("python", ".ci/sanity.py")),
        Gate("ansible-lint", ("ansible-lint", "--offline", "-q")),
        # It knows files again by what is in them, so a checkout profits from another's run.
        Gate("mypy", ("mypy", "--cache-dir", str(CACHE / "mypy"))),
        Gate("yamllint", ("yamllint", "--strict", ".")),
        Gate("imports", ("lint-imports", "--no-logo")),
        Gate("galaxy-build", build),
        Gate("changelog", ("antsibull-changelog", "lint"), folder=ROOT / "collection"),
        Gate("tables", ("python", ".ci/tables.py", "--check")),
        Gate("ruff", ("ruff", "check", ".")),
        Gate("ruff-format", ("ruff", "format", "--check", ".")),
    ]


def run(gate: Gate) -> Result:
    """Run one gate; never raises for a gate that fails."""
    began = time.monotonic()
    gate.folders.mkdir(parents=True, exist_ok=True)
    with subprocess.Popen(
        gate.command,
        cwd=gate.folder,
        env=gate.environment(),
        stdout=None if gate.live else subprocess.PIPE,
        stderr=None if gate.live else subprocess.STDOUT,
        text=True,
        errors="replace",
        # Ctrl-C reaches it once, by stop_running: a second one would cut its cleaning up short.
        process_group=0,
    ) as process:
        if not gate.cleans:
            _RUNNING.add(process)
        try:
            output, _ = process.communicate()
        except BaseException:
            stop_running()
            raise
        finally:
            _RUNNING.discard(process)
    return Result(gate, process.returncode, time.monotonic() - began, output or "")


def stop_running() -> None:
    """End the gates that run: as Ctrl-C does, so that tests clean up; whoever does not listen is terminated."""
    running = tuple(_RUNNING)
    for process in running:
        process.send_signal(signal.SIGINT)
    deadline = time.monotonic() + PATIENCE_S
    for process in running:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.terminate()


def report(result: Result) -> Result:
    """Print how a gate ended."""
    word = "ok    " if result.code == 0 else "FAILED"
    say(f"{word} {result.gate.name:<20} {result.seconds:6.1f} s")
    if result.output and (result.code or result.gate.show):
        say(result.output.rstrip() + "\n")
    return result


def run_all(chosen: list[Gate], lanes: int) -> list[Result]:
    """Run gates, some at a time. Each is reported."""
    with beside(jobs(chosen), lanes) as work:
        return ended(work)


def jobs(chosen: list[Gate], before: tuple[str, ...] = ()) -> list[Job]:
    """Return runs of gates, each reported when it ends, with words that go before their commands."""
    return [partial(_one, replace(gate, command=(*before, *gate.command))) for gate in chosen]


def _one(gate: Gate) -> list[Result]:
    return [report(run(gate))]


@contextmanager
def beside(work: list[Job], lanes: int = CORES) -> Iterator[list[Future[list[Result]]]]:
    """Run jobs, some at a time, beside what the body does.

    When the body is interrupted, what has not begun is not begun any more, and what runs is ended.
    """
    REPORTS.mkdir(parents=True, exist_ok=True)
    pool = ThreadPoolExecutor(max_workers=lanes)
    try:
        yield [pool.submit(job) for job in work]
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        stop_running()
        raise
    pool.shutdown()


def ended(work: list[Future[list[Result]]]) -> list[Result]:
    """Wait for jobs, and return how their gates ended."""
    return [result for each in work for result in each.result()]


def main() -> int:
    """Run the gates named, or all; 0 only when every one passed."""
    known = {gate.name: gate for gate in gates()}
    names = sys.argv[1:] or list(known)
    if unknown := set(names) - set(known):
        raise SystemExit(f"no such gate: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    # Half of most gates' time is waiting.
    results = run_all([known[name] for name in names], lanes=1 + 2 * CORES)
    failed = [result.gate.name for result in results if result.code]
    say(f"gates: {len(results) - len(failed)} passed, {len(failed)} failed {' '.join(failed)}".rstrip())
    return 1 if failed else 0


def exit_code(body: Callable[[], int]) -> int:
    """Return the exit code of a program's body; 130, and a word instead of a traceback, after Ctrl-C."""
    try:
        return body()
    except KeyboardInterrupt:
        say("Interrupted.")
        return 130


if __name__ == "__main__":
    sys.exit(exit_code(main))
