"""The lab's processes are found by what the kernel says, not by what files say."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab.paths import Lab
from lab.processes import INSIDE, alive, end_processes, is_first, lab_processes, start_time


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


def test_a_zombie_is_not_alive() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    deadline = time.monotonic() + 10
    while start_time(child.pid) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    child.wait()


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
