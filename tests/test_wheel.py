"""An installed tuheg-ir needs nothing else: `pip install WHEEL[collections]`, then `tuheg-ir drill --all`, anywhere.

Two things differ from what a user does, to spare a download of 450 MB in every run: the versions of the dependencies
are those of the lock, and kubernetes.core is put where the extra's bundle would put it by `.ci/venvs.py`, out of its
cache. Every scenario is drilled here; the checkout's own tests drill only the quick ones.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import venvs

from tests import layout
from tuheg_ir.sim.scenario import scenarios

pytestmark = [pytest.mark.ansible, pytest.mark.slow]

WHERE = """
import tuheg_ir
from tuheg_ir.project import find_project
project = find_project()
print(project.packaged, project.root, tuheg_ir.__file__)
"""


class Installed(NamedTuple):
    """A virtual environment with the wheel, used from an empty folder with an empty home."""

    venv: Path
    home: Path

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        here = self.home / "empty"
        here.mkdir(exist_ok=True)
        return subprocess.run(
            [self.venv / "bin" / program, *arguments],
            cwd=here,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.home), "LANG": "C.UTF-8", "COLUMNS": "120"},
            capture_output=True,
            text=True,
            timeout=3600,
            check=False,
        )


def must(*command: str | Path, cwd: Path = layout.ROOT) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Build the wheel and install it, with the lock's versions, into a fresh environment."""
    place = tmp_path_factory.mktemp("wheel")
    must(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", place / "dist")
    [wheel] = (place / "dist").glob("*.whl")
    lock = (layout.ROOT / ".ci" / "requirements.lock").read_text(encoding="utf-8")
    # With their hashes, pip would want one for the wheel too.
    pins = re.findall(r"^([\w.-]+==[^\s;\\]+(?: *;[^\\\n]*)?)", lock, re.MULTILINE)
    (place / "pins").write_text("\n".join(pins), encoding="utf-8")
    must(sys.executable, "-m", "venv", place / "venv")
    pip = (place / "venv" / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "--quiet")
    must(*pip, "install", "--compile", "-c", place / "pins", wheel)
    (place / "home").mkdir()
    return Installed(place / "venv", place / "home")


@pytest.fixture
def with_collections(installed: Installed) -> Iterator[Installed]:
    """Add what the extra brings, for one test."""
    venvs.add_kubernetes_core(installed.venv)
    yield installed
    for folder in installed.venv.glob("lib/python*/site-packages/ansible_collections"):
        shutil.rmtree(folder)


def test_nothing_of_the_checkout_is_used(installed: Installed) -> None:
    packaged, root, module = installed.run("python", "-c", WHERE).stdout.split()
    assert packaged == "True"
    assert Path(root).is_relative_to(installed.venv)
    assert Path(module).is_relative_to(installed.venv)


def test_without_the_extra_a_drill_says_what_is_missing(installed: Installed) -> None:
    done = installed.run("tuheg-ir", "drill", "bad-release")
    assert (done.returncode, done.stdout) == (4, "")
    assert "The Ansible collection kubernetes.core is not installed" in done.stderr
    assert "pip install 'tuheg-ir[collections]'" in done.stderr


def test_the_lab_is_not_in_the_wheel(installed: Installed) -> None:
    done = installed.run("tuheg-ir", "drill", "bad-release", "--on", "lab")
    assert done.returncode == 4
    assert "A drill on the lab needs a checkout of tuheg-ir" in done.stderr


def test_every_scenario_is_drilled_from_an_empty_folder(with_collections: Installed) -> None:
    done = with_collections.run("tuheg-ir", "drill", "--all", "--format", "json")
    assert done.stdout, done.stderr
    drills: list[dict[str, Any]] = json.loads(done.stdout)["drills"]
    assert [drill for drill in drills if not drill["passed"]] == []
    assert done.returncode == 0, done.stderr
    assert [drill["scenario"] for drill in drills] == list(scenarios())
    for drill in drills:
        assert (drill["expected_end"], drill["wrong_actions"], drill["repeated_actions"]) == (True, [], [])
        assert drill["second_run_changes"] == 0
        assert all(Path(path).is_relative_to(with_collections.home) for path in drill["messages"].values())
    assert list((with_collections.home / "empty").iterdir()) == []
