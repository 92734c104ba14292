"""Every playbook on a platform that was broken for it: run, run again, and looked at from outside.

The steps are Molecule's (molecule/, .config/molecule); here two scenarios run at a time, each in
folders of its own, without network.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import layout

pytestmark = [pytest.mark.molecule, pytest.mark.slow]
AT_ONCE = 2
FOREIGN = ("ANSIBLE_", "K8S_", "KUBE", "MOLECULE_", "TUHEG_")


@dataclass(frozen=True)
class Ran:
    """A finished `molecule`."""

    code: int
    text: str

    def told(self) -> str:
        """The end of what the step that failed has said; what is cleaned up after it is of no interest."""
        return self.text.partition("An error occurred during")[0][-8000:]


def run(step: str, scenario: str, place: Path) -> Ran:
    """Run a step of a scenario (`test`: all of them) on the embedded cluster."""
    programs = Path(sys.executable).parent
    command = [str(programs / "molecule"), "-c", str(layout.MOLECULE / "config.yml"), step, "-s", scenario]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    done = subprocess.run(
        [*command, "--no-command-borders"],
        cwd=layout.ROOT,
        env=kept
        | {
            "HOME": str(place),
            "MOLECULE_EPHEMERAL_DIRECTORY": str(place / "run"),
            "NO_COLOR": "1",
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Ran(done.returncode, done.stdout)


def prove(scenario: str, place: Path) -> Ran:
    """Run all steps of a scenario."""
    return run("test", scenario, place)


def look_too_early(scenario: str, place: Path) -> Ran:
    """Look at a platform that was broken and not healed."""
    try:
        for step in ("create", "prepare"):
            done = run(step, scenario, place)
            assert done.code == 0, done.told()
        return run("verify", scenario, place)
    finally:
        run("destroy", scenario, place)


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Ran]]]:
    """Start what the tests of this session want to see, two at a time; by the names of the tests."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        started = {}
        for item in request.session.items:
            if isinstance(item, pytest.Function) and "runs" in item.fixturenames:
                job, scenario = WANTED[item.originalname], "rollback_workload"
                if hasattr(item, "callspec"):
                    scenario = str(item.callspec.params["name"])
                started[item.name] = pool.submit(job, scenario, tmp_path_factory.mktemp(scenario))
        yield started
        pool.shutdown(cancel_futures=True)


@pytest.fixture
def ran(request: pytest.FixtureRequest, runs: dict[str, Future[Ran]]) -> Ran:
    """What was started for this test, when it has ended."""
    return runs[request.node.name].result()


@pytest.mark.parametrize("name", layout.playbooks())
def test_a_playbook_heals_what_was_broken_once_and_for_all_to_see(name: str, ran: Ran) -> None:
    assert ran.code == 0, f"{name}: {ran.told()}"


def test_looking_afterwards_finds_a_platform_that_nothing_has_healed(ran: Ran) -> None:
    assert ran.code != 0
    assert "See that the platform is well" in ran.text


WANTED = {
    test_a_playbook_heals_what_was_broken_once_and_for_all_to_see.__name__: prove,
    test_looking_afterwards_finds_a_platform_that_nothing_has_healed.__name__: look_too_early,
}
