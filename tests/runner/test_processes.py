"""Processes are named by pid and start time, and found by the run that they belong to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tuheg_ir.runner import processes
from tuheg_ir.runner.processes import RUN_VARIABLE, Process

# Other Pythons may run the same tests at the same time.
RUN = f"20251105T143000Z-{os.getpid():06x}"


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen(
        [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"],
        env={**os.environ, RUN_VARIABLE: RUN},
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    child.stdout.read(1)
    yield child
    child.kill()
    child.communicate()


def test_a_process_is_known_by_its_start_time(sleeper: subprocess.Popen[bytes]) -> None:
    started = processes.start_time(sleeper.pid)
    assert started is not None
    assert Process(sleeper.pid, started).alive()
    assert not Process(sleeper.pid, started - 1).alive(), "a reused pid must not pass for it"


def test_processes_of_a_run_are_found_by_its_id(sleeper: subprocess.Popen[bytes]) -> None:
    assert [p.pid for p in processes.of_run(RUN)] == [sleeper.pid]
    assert processes.of_run(RUN + "0") == []
    child = processes.child_of(os.getpid(), RUN)
    assert child is not None
    assert child.pid == sleeper.pid


def test_waiting_is_bounded_and_tells_what_is_left(sleeper: subprocess.Popen[bytes]) -> None:
    found = processes.of_run(RUN)
    assert processes.wait_gone(found, 0.1) == found
    processes.send(found, signal.SIGTERM)
    assert processes.wait_gone(found, 5) == []


def test_a_dead_process_counts_as_gone_before_its_parent_has_noticed(
    sleeper: subprocess.Popen[bytes],
) -> None:
    process = processes.of_run(RUN)[0]
    sleeper.kill()
    assert processes.wait_gone([process], 5) == []


def test_this_process_is_never_its_own_orphan(monkeypatch: pytest.MonkeyPatch) -> None:
    assert processes.own().alive()
    assert os.getpid() not in [p.pid for p in processes.of_run(RUN)]
