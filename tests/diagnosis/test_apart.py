"""Work is done in a child where there is a second core, and what it returns, raises or dies of is told to who waits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

from tuheg_ir.diagnosis import apart
from tuheg_ir.diagnosis.apart import Apart
from tuheg_ir.errors import ClusterError, TuhegError, UnusableError

WAYS = [pytest.param(True, id="child"), pytest.param(False, id="thread")]


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Choose the way, whatever runs beside the test."""
    monkeypatch.setattr(apart, "can_fork", lambda: request.param)
    return bool(request.param)


def test_what_the_work_returns_is_returned(way: bool) -> None:
    number, text = Apart(lambda: (os.getpid(), "é" * 200_000)).result()
    assert (number != os.getpid()) == way
    assert text == "é" * 200_000


def test_it_runs_while_nobody_waits(way: bool) -> None:
    (there, here), (awaited, told) = os.pipe(), os.pipe()
    work = Apart(lambda: (os.write(here, b"runs"), os.read(awaited, 2)))
    assert os.read(there, 4) == b"runs"
    assert not work.is_over()
    os.write(told, b"go")
    while not work.is_over():
        time.sleep(0.01)
    assert work.result() == (4, b"go")


@pytest.mark.parametrize("error", [ClusterError("Nobody answers", "https://api", "Try again."), KeyError("spec")])
def test_what_the_work_raises_is_raised_with_all_its_parts(way: bool, error: Exception) -> None:
    def failing() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        Apart(failing).result()
    assert raised.value.args == error.args
    if isinstance(error, TuhegError):
        assert isinstance(raised.value, TuhegError)
        assert raised.value.as_dict() == error.as_dict()
    else:
        assert "in failing" in raised.value.__notes__[0]


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "the process that reads it ended by signal 9"),
        (lambda: os._exit(3), "the process that reads it ended with code 3"),
    ],
    ids=["killed", "ended"],
)
def test_a_child_that_ends_without_an_answer_is_an_error_that_says_how(
    end: Callable[[], object], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "can_fork", lambda: True)
    with pytest.raises(UnusableError) as raised:
        Apart(end).result()
    assert raised.value.which == told


def test_a_part_of_an_answer_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "can_fork", lambda: True)
    there, here = os.pipe()
    work = Apart(lambda: (os.write(here, os.getpid().to_bytes(8)), "x" * (1 << 20)))
    while not work.is_over():
        time.sleep(0.01)
    os.kill(int.from_bytes(os.read(there, 8)), signal.SIGKILL)  # a pipe takes less: it is still telling
    with pytest.raises(UnusableError, match="ended by signal 9"):
        work.result()


def test_what_cannot_be_sent_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "can_fork", lambda: True)
    with pytest.raises(RuntimeError, match="what was read cannot be handed on: cannot pickle"):
        Apart(threading.Lock).result()


def test_who_stops_waiting_leaves_no_child_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "can_fork", lambda: True)
    work = Apart(lambda: time.sleep(60))
    threading.Timer(0.2, os.kill, [os.getpid(), signal.SIGINT]).start()
    with pytest.raises(KeyboardInterrupt):
        work.result()
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_nothing_is_forked_beside_threads() -> None:
    done = threading.Event()
    beside = threading.Thread(target=done.wait)
    beside.start()
    try:
        assert not apart.can_fork()
    finally:
        done.set()
        beside.join()


@pytest.mark.parametrize(("cores", "forks"), [(1, False), (2, True)])
def test_a_child_is_worth_it_with_a_second_core(cores: int, forks: bool) -> None:
    lines = (
        f"import os; os.sched_getaffinity = lambda _: set(range({cores}))",
        "from tuheg_ir.diagnosis.apart import can_fork; print(can_fork())",
    )
    told = subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == str(forks)
