"""A control plane is one a home; it is found by its environment, and knows whose it is."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.owner import Owner, claim, read_owner
from lab.paths import Plane
from lab.plane import lifecycle, status
from lab.plane.processes import VARIABLE, end_processes, plane_processes
from lab.processes import start_time


def an_owner(plane: Plane, **changes: object) -> Owner:
    facts: dict[str, object] = {
        "pid": os.getpid(), "started": start_time(os.getpid()), "user": "ann", "since": "2026-11-05 10:00:00 UTC",
        "checkout": "/src", "home": str(plane.home), "what": "a control plane", "where": f"in {plane.home}",
    }  # fmt: skip
    return Owner(**(facts | changes))  # type: ignore[arg-type]


def tell(plane: Plane, owner: Owner) -> None:
    """Leave the owner's file, as one that was killed does."""
    with claim(plane.lock) as held:
        held.write(owner)


def sleeper(plane: Plane) -> subprocess.Popen[bytes]:
    """A process that carries the mark of a control plane.

    It has spoken before this returns: right after `exec` the kernel shows no environment yet.
    """
    environment = {**os.environ, VARIABLE: str(plane.run)}
    program = "import time; print('here', flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout as out:
        assert out.readline() == b"here\n"
    return process


@pytest.fixture
def plane(tmp_path: Path) -> Plane:
    return Plane(tmp_path)


@pytest.fixture
def running(plane: Plane) -> Iterator[subprocess.Popen[bytes]]:
    process = sleeper(plane)
    yield process
    process.kill()
    process.wait()


def test_it_shares_the_programs_with_the_lab_and_no_state(plane: Plane) -> None:
    assert plane.bin == plane.home / "bin"
    assert plane.kubeconfig == plane.home / "control-plane" / "admin.conf"


def test_ending_takes_only_this_homes_processes(plane: Plane, running: subprocess.Popen[bytes], tmp_path: Path) -> None:
    other = sleeper(Plane(tmp_path / "other"))
    try:
        assert plane_processes(plane) == [running.pid]
        end_processes(plane)
        assert plane_processes(plane) == []
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_second_up_names_the_owner_and_touches_nothing(plane: Plane, running: subprocess.Popen[bytes]) -> None:
    plane.run.mkdir()
    with claim(plane.lock) as held:
        held.write(an_owner(plane, phase="up"))
        with pytest.raises(LabError) as refused:
            lifecycle.up(plane, print)
    assert str(refused.value) == (
        f"a control plane is up in {plane.home}: started by ann (process {os.getpid()}) at 2026-11-05 10:00:00 UTC "
        "from /src. Take it down first: python -m lab down --control-plane-only"
    )
    assert running.poll() is None
    assert plane.run.exists()


def test_down_waits_for_nobody_who_is_just_starting_it(plane: Plane, running: subprocess.Popen[bytes]) -> None:
    tell(plane, an_owner(plane))
    with pytest.raises(LabError, match=r"a control plane is being started in .* cleans up itself"):
        lifecycle.down(plane)
    assert running.poll() is None


def test_down_takes_away_what_a_killed_start_has_left(plane: Plane, running: subprocess.Popen[bytes]) -> None:
    tell(plane, an_owner(plane, started=1))
    (plane.run / "etcd").mkdir(parents=True)
    assert lifecycle.down(plane)
    assert running.wait() == -9
    assert list(plane.home.iterdir()) == []
    assert not lifecycle.down(plane)


def test_a_start_that_cannot_build_leaves_nothing(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> None:
    def cannot(_plane: object, _say: object) -> bool:
        raise LabError("no Go")

    monkeypatch.setattr(lifecycle, "build", cannot)
    with pytest.raises(LabError, match="no Go"):
        lifecycle.up(plane, print)
    assert list(plane.home.iterdir()) == []


def test_a_start_that_fails_keeps_its_logs_outside_the_run_folder(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(made: Plane, _held: object, _say: object) -> None:
        made.log.mkdir(parents=True)
        (made.log / "etcd.log").write_text("disk on fire")
        raise LabError("etcd ended with 1")

    monkeypatch.setattr(lifecycle, "build", lambda _plane, _say: False)
    monkeypatch.setattr(lifecycle, "_start", fails)
    with pytest.raises(LabError, match="etcd ended with 1"):
        lifecycle.up(plane, print)
    assert [path.name for path in plane.home.iterdir()] == ["failed-log"]
    assert (plane.home / "failed-log" / "etcd.log").read_text() == "disk on fire"
    assert read_owner(plane.lock) is None


def test_the_port_is_one_that_nobody_has() -> None:
    first = lifecycle.free_port()
    with socket.socket() as taken:
        # As servers do: connections that another plane had there just now bar nobody.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", first))
        taken.listen()
        second = lifecycle.free_port()
    assert first in lifecycle.PORTS
    assert second in lifecycle.PORTS
    assert first != second


def test_when_every_port_is_taken_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "PORTS", range(26443, 26443))
    with pytest.raises(LabError, match="no port"):
        lifecycle.free_port()


def test_its_address_is_what_its_kubeconfig_says(plane: Plane) -> None:
    with pytest.raises(LabError, match=r"the control plane is not up. Run"):
        lifecycle.server(plane)
    plane.run.mkdir()
    plane.kubeconfig.write_text(json.dumps({"clusters": [{"cluster": {"server": "https://127.0.0.1:26443"}}]}))
    assert lifecycle.server(plane) == "https://127.0.0.1:26443"


@pytest.mark.parametrize(
    ("changes", "state"), [({"phase": "up"}, "degraded"), ({}, "starting"), ({"started": 1}, "degraded")]
)
def test_status_while_the_api_does_not_answer(
    plane: Plane, running: subprocess.Popen[bytes], changes: dict[str, object], state: str
) -> None:
    tell(plane, an_owner(plane, **changes))
    found = status.look(plane)
    assert (found["state"], found["owner"]["user"]) == (state, "ann")
    assert found["waiting_for"] == ["the control plane is not up"]


def test_status_of_one_that_was_killed(plane: Plane) -> None:
    tell(plane, an_owner(plane, phase="up"))
    found = status.look(plane)
    assert (found["state"], found["waiting_for"]) == ("down", [])
    assert found["reason"].startswith("it was killed")
