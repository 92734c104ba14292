"""One lab a machine: the lock lives as long as its holders, and its file says who they are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lab.owner import Busy, Owner, claim, read_owner
from lab.processes import start_time


def an_owner(**changes: object) -> Owner:
    facts: dict[str, object] = {
        "pid": os.getpid(), "started": start_time(os.getpid()), "user": "ann", "since": "2026-11-05 10:00:00 UTC",
        "checkout": "/src/tuheg", "home": "/cache", "phase": "up",
    }  # fmt: skip
    return Owner(**(facts | changes))  # type: ignore[arg-type]


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "lock"


def test_a_second_claim_is_refused_and_names_the_owner(lock: Path) -> None:
    with claim(lock) as held:
        held.write(an_owner())
        with pytest.raises(Busy) as refused, claim(lock):
            pass
    assert refused.value.owner == an_owner()
    sentence = an_owner().sentence()
    assert f"started by ann (process {os.getpid()}) at 2026-11-05 10:00:00 UTC from /src/tuheg" in sentence


def test_the_lock_is_free_after_the_claim(lock: Path) -> None:
    with claim(lock) as held:
        held.write(an_owner())
    with claim(lock):
        assert read_owner(lock) == an_owner(), "what is left to clean up outlives the claim"


def test_a_child_that_inherits_the_lock_keeps_it_until_it_is_killed(lock: Path) -> None:
    with claim(lock) as held:
        held.write(an_owner())
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], pass_fds=(held.fd,))
    with pytest.raises(Busy), claim(lock):
        pass
    child.send_signal(signal.SIGKILL)
    child.wait()
    with claim(lock):
        pass


def test_a_shorter_owner_leaves_nothing_of_a_longer_one(lock: Path) -> None:
    with claim(lock) as held:
        held.write(an_owner(checkout="/a/very/long/path/to/a/checkout"))
        held.write(an_owner(checkout="/b"))
        assert read_owner(lock) == an_owner(checkout="/b")


def test_forgetting_removes_the_file_and_the_next_claim_makes_another(lock: Path) -> None:
    with claim(lock) as held:
        held.forget()
        assert not lock.exists()
        with claim(lock):
            assert read_owner(lock) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '{"unknown": 1}'])
def test_a_file_that_says_nothing_useful_is_nobody(lock: Path, text: str) -> None:
    lock.write_text(text)
    assert read_owner(lock) is None


@pytest.mark.parametrize(
    ("changes", "abandoned"),
    [
        ({"phase": "starting"}, False),
        ({"phase": "starting", "started": 1}, True),
        ({"phase": "starting", "pid": 2**22 + 1}, True),
        ({"phase": "up", "pid": 2**22 + 1}, False),
    ],
)
def test_a_start_is_abandoned_when_its_process_is_gone(changes: dict[str, object], abandoned: bool) -> None:
    assert an_owner(**changes).abandoned is abandoned
