"""What holds the platform of a Molecule run: it outlives who started it, and ends when it is told to."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from lab.faults import load_breaks
from tests import layout
from tests.molecule import on_lab
from tuheg_ir.runner import processes
from tuheg_ir.sim.scenario import scenarios


def order(*words: str) -> subprocess.CompletedProcess[str]:
    """Give one order, in a process that ends with it."""
    command = [sys.executable, "-m", "tests.molecule.platform", *words]
    return subprocess.run(command, cwd=layout.ROOT, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The folder of a healthy platform."""
    place = tmp_path / "platform"
    begun = order("up", str(place))
    assert begun.returncode == 0, begun.stderr
    yield place
    order("down", str(place))


def held(place: Path) -> processes.Process:
    return processes.Process(**json.loads((place / "process.json").read_text(encoding="utf-8")))


def test_it_gives_plays_what_they_need_and_ends_by_order(folder: Path) -> None:
    process = held(folder)
    assert process.alive()
    assert {"account.conf", "admin.conf", "inventory"} <= {path.name for path in folder.iterdir()}
    assert [oct(path.stat().st_mode & 0o777) for path in (folder, folder / "account.conf")] == ["0o700", "0o600"]
    assert order("down", str(folder)).returncode == 0
    assert not process.alive()
    assert not folder.exists()


def test_a_break_puts_another_in_its_place(folder: Path) -> None:
    before = held(folder)
    assert order("break", str(folder), "bad-release").returncode == 0
    assert not before.alive()
    assert held(folder).alive()


def test_its_limits_are_those_of_the_roles_and_no_busy_machine_reaches_them(folder: Path) -> None:
    limits = json.loads((folder / "inventory" / "group_vars" / "all.yml").read_text(encoding="utf-8"))
    assert {"common_request_timeout_s", "scale_database_timeout_s"} <= set(limits)
    assert min(value for name, value in limits.items() if name.endswith("_timeout_s")) >= 30


def test_it_ends_by_itself_when_nobody_needs_it(folder: Path) -> None:
    process = held(folder)
    folder.rename(folder.with_name("gone"))
    deadline = time.monotonic() + 60
    while process.alive() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not process.alive()


def test_what_cannot_be_done_is_one_sentence(tmp_path: Path) -> None:
    place = str(tmp_path / "platform")
    unknown = order("break", place, "nosuch")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert unknown.stderr.startswith("No such scenario: nosuch")
    elsewhere = order("up", "--on", "moon", place)
    assert elsewhere.returncode == 2
    assert elsewhere.stderr.endswith("TUHEG_IR_ON=moon is no platform: sim or lab\n")
    assert "Traceback" not in unknown.stderr + elsewhere.stderr


@pytest.mark.parametrize("name", layout.playbooks())
def test_what_breaks_a_scenario_can_be_made_on_both_platforms(name: str) -> None:
    inputs = layout.scenario_inputs(name)
    if "broken_by" in inputs:
        assert inputs["broken_by"] in scenarios()
        assert inputs["broken_by"] in {**load_breaks(), **load_breaks(on_lab.OWN)}


def test_a_break_of_its_own_answers_to_the_same_fault_on_both() -> None:
    own = yaml.safe_load(on_lab.OWN.read_text(encoding="utf-8"))
    assert {name: data["fault"] for name, data in own.items()} == {name: scenarios()[name].fault for name in own}
