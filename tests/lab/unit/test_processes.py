"""The lab's processes are found by what the kernel says, not by what files say."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab import processes
from lab.paths import Lab
from lab.processes import INSIDE, alive, end_processes, is_first, lab_processes, send, start_time


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("NSpid:\t4711\t1", True),
        ("NSpid:\t1", False),
        ("NSpid:\t4711\t12", False),
        ("NSpid:\t4711", False),
        ("", False),
    ],
)
def test_process_1_of_a_namespace_below(line: str, first: bool) -> None:
    assert is_first(f"Name:\tpython\n{line}\nThreads:\t1\n") is first


def test_a_process_is_alive_only_while_it_is_the_one_that_started_then() -> None:
    started = start_time(os.getpid())
    assert started is not None
    assert alive(os.getpid(), started)
    assert not alive(os.getpid(), started + 1)


def test_process_1_is_waited_for_though_its_command_line_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab, entry = Lab(tmp_path / "home"), tmp_path / "proc" / "4711"
    entry.mkdir(parents=True)
    (entry / "cmdline").write_text(f"python\0-m\0{INSIDE}\0{lab.run}\0")
    (entry / "status").write_text("NSpid:\t4711\t1\n")
    (entry / "stat").write_text(f"4711 (python) S {' '.join(str(n) for n in range(30))}\n")
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            shutil.rmtree(entry)

    monkeypatch.setattr(processes, "PROC", entry.parent)
    monkeypatch.setattr("os.kill", lambda _pid, _number: (entry / "cmdline").write_text(""))
    monkeypatch.setattr("time.sleep", sleep)
    end_processes(lab)
    assert len(waits) == 3


def test_a_zombie_is_not_alive() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    deadline = time.monotonic() + 10
    while start_time(child.pid) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    child.wait()


def test_a_signal_to_a_process_that_has_ended_is_no_error() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    send(child.pid, signal.SIGTERM)


def test_ending_takes_only_this_homes_processes(tmp_path: Path) -> None:
    mine, other = Lab(tmp_path / "mine"), Lab(tmp_path / "other")
    children = {
        lab: subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", INSIDE, str(lab.run)])
        for lab in (mine, other)
    }
    try:
        assert [p.pid for p in lab_processes(mine)] == [children[mine].pid]
        end_processes(mine)
        assert lab_processes(mine) == []
        assert [p.pid for p in lab_processes(other)] == [children[other].pid]
    finally:
        for child in children.values():
            child.kill()
            child.wait()
