"""Process 1 starts units in order, when they may start, and writes down what became of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab import settings
from lab.inside import links
from lab.paths import CHECKOUT

SLEEP = ["sleep", "60"]


class Run:
    """A supervisor at work on given units."""

    def __init__(self, folder: Path, units: list[dict[str, Any]]) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("supervised.py"), folder, json.dumps(units)],
            env={"PYTHONPATH": str(CHECKOUT), "PATH": "/usr/bin:/bin"},
            start_new_session=True,
        )

    def state(self) -> dict[str, Any]:
        try:
            read: dict[str, Any] = json.loads((self.folder / "state.json").read_text())
        except FileNotFoundError:
            return {"holds": [], "units": {}}
        return read

    def until(self, true: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + 20
        while not true(state := self.state()):
            assert time.monotonic() < deadline, state
            assert self.process.poll() is None
            time.sleep(0.02)
        return state

    def end(self) -> None:
        for unit in self.state()["units"].values():
            if unit["code"] is None:
                os.kill(unit["pid"], signal.SIGKILL)
        self.process.kill()
        self.process.wait()


@pytest.fixture
def start(tmp_path: Path) -> Any:
    runs: list[Run] = []

    def begin(*units: dict[str, Any]) -> Run:
        runs.append(Run(tmp_path, list(units)))
        return runs[0]

    yield begin
    for run in runs:
        run.end()


def test_a_unit_waits_for_a_check(start: Any) -> None:
    run = start({"name": "free", "command": SLEEP}, {"name": "waits", "command": SLEEP, "after": ["flag"]})
    run.until(lambda s: "free" in s["units"])
    time.sleep(0.3)
    assert list(run.state()["units"]) == ["free"]
    (run.folder / "flag").touch()
    assert run.until(lambda s: "waits" in s["units"])["holds"] == ["flag"]


def test_a_unit_waits_for_one_that_ends_well(start: Any) -> None:
    run = start(
        {"name": "first", "command": ["sleep", "0.2"], "once": True},
        {"name": "second", "command": SLEEP, "after": ["first"]},
    )
    state = run.until(lambda s: "second" in s["units"])
    assert state["units"]["first"]["code"] == 0
    assert state["units"]["second"]["started"] >= state["units"]["first"]["started"] + 0.2


def test_a_unit_after_one_that_failed_never_starts(start: Any) -> None:
    run = start(
        {"name": "first", "command": ["false"], "once": True}, {"name": "second", "command": SLEEP, "after": ["first"]}
    )
    run.until(lambda s: s["units"].get("first", {}).get("code") == 1)
    time.sleep(0.3)
    assert "second" not in run.state()["units"]


def test_the_end_of_a_unit_is_written_down_with_its_signal(start: Any) -> None:
    run = start({"name": "one", "command": SLEEP})
    pid = run.until(lambda s: "one" in s["units"])["units"]["one"]["pid"]
    os.kill(pid, signal.SIGTERM)
    assert run.until(lambda s: s["units"]["one"]["code"] is not None)["units"]["one"]["code"] == -15


def test_output_goes_to_the_units_log(start: Any) -> None:
    run = start({"name": "talks", "command": ["sh", "-c", "echo out; echo err >&2"]})
    run.until(lambda s: s["units"].get("talks", {}).get("code") == 0)
    assert (run.folder / "log/talks.log").read_text() == "out\nerr\n"


def test_nothing_leads_out_of_the_labs_network() -> None:
    routes = [line for line in links().splitlines() if line.startswith("route")]
    assert routes == [f"route add {settings.SERVICE_RANGE} dev lab0 src {settings.NODE_ADDRESS}"]
