"""Many drills at a time: each in a process of its own, all stopped together."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests import layout
from tuheg_ir.errors import TuhegError, UsageError
from tuheg_ir.incidents.drill import DrillOrder, drill_many
from tuheg_ir.sim.scenario import scenarios

pytestmark = pytest.mark.ansible
SETTLE_S = 10.0


def group_of(pid: int) -> list[int]:
    """Return the processes that a process has started, and those that they have, and so on."""
    found, new = [], [pid]
    while new:
        new = [child for each in new for child in children(each)]
        found += new
    return found


def children(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        yield from map(int, task.read_text().split())


def running(pid: int) -> bool:
    """Tell whether a process is there and not only waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_what_cannot_be_drilled_ends_all_and_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUHEG_IR_HOME", str(tmp_path))
    monkeypatch.chdir(layout.ROOT)
    whole = scenarios()["bad-release"]
    orders = [DrillOrder(each, "P2", "tester") for each in (replace(whole, fault="no-such-fault"), whole)]
    seen: list[list[str]] = []
    with pytest.raises(UsageError, match="no-such-fault"):
        list(drill_many(orders, 2, lambda going: seen.append([each.scenario.fault for each in going])))
    assert seen[0] == ["no-such-fault", whole.fault]


def test_an_error_of_a_drill_comes_over_whole() -> None:
    import pickle

    error = pickle.loads(pickle.dumps(TuhegError("what", "which", "next")))
    assert (error.what, error.which, error.next) == ("what", "which", "next")


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the processes are found in /proc")
@pytest.mark.slow
def test_ctrl_c_stops_all_drills_and_begins_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUHEG_IR_HOME", str(tmp_path / "journal"))
    program = str(Path(sys.executable).with_name("tuheg-ir"))
    with subprocess.Popen(
        [program, "drill", "--all", "--jobs", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=layout.ROOT,
    ) as child:
        plays: set[int] = set()
        end = time.monotonic() + 60
        while len(plays) < 2 and time.monotonic() < end:
            plays = {pid for pid in group_of(child.pid) if "ansible-playbook" in command(pid)}
            time.sleep(0.1)
        started = group_of(child.pid)
        child.send_signal(signal.SIGINT)
        out, told = child.communicate(timeout=60)
    assert len(plays) >= 2
    assert (child.returncode, out) == (130, ""), told
    assert "Traceback" not in told
    end = time.monotonic() + SETTLE_S
    while (left := [pid for pid in started if running(pid)]) and time.monotonic() < end:
        time.sleep(0.1)
    assert left == []


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:
        return ""
