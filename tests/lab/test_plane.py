"""The control plane alone comes up for an ordinary user, beside others, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab.kubectl import kubectl
from lab.paths import CHECKOUT, Plane
from lab.plane.lifecycle import server
from lab.plane.processes import plane_processes
from tests.lab.ordinary import User, ordinary_user
from tests.lab.world import Done

pytestmark = pytest.mark.plane

DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 3,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "main", "image": "registry.invalid/none:1"}]},
        },
    },
}


@pytest.fixture(scope="module")
def user() -> Iterator[User]:
    with ordinary_user(Plane.from_environment()) as somebody:
        yield somebody
        somebody.lab("down")


@pytest.fixture(scope="module")
def first(user: User) -> Done:
    """The first start in an empty home."""
    return user.lab("up")


def until(true: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def began(plane: Plane, unit: str) -> bool:
    """Say whether this program has been started."""
    try:
        return unit in json.loads((plane.run / "state.json").read_text())["units"]
    except FileNotFoundError:
        return False


def listening(pids: list[int]) -> set[str]:
    """Return ADDRESS:PORT (hexadecimal) on which these processes listen for TCP."""
    inodes = set()
    for pid in pids:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            inodes.add(str(entry.readlink()).removeprefix("socket:[").removesuffix("]"))
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:] + Path("/proc/net/tcp6").read_text().splitlines()[1:]
    return {row[1] for row in map(str.split, lines) if row[3] == "0A" and row[9] in inodes}


def test_an_ordinary_user_starts_it(user: User, first: Done) -> None:
    assert first.code == 0, first.told()
    assert first.out == f"export KUBECONFIG={user.plane.kubeconfig}\n"
    if user.why_not:
        pytest.skip(user.why_not)
    owners = {Path(f"/proc/{pid}").stat().st_uid for pid in plane_processes(user.plane)}
    assert 0 not in owners


def test_a_deployment_becomes_ready_and_is_rolled_out_anew(user: User, first: Done) -> None:
    kubectl(user.plane, "apply", "-f", "-", stdin=json.dumps(DEPLOYMENT))
    kubectl(user.plane, "rollout", "status", "deployment/web", "--timeout=30s")
    before = kubectl(user.plane, "get", "pods", "-o", "name").split()
    kubectl(user.plane, "rollout", "restart", "deployment/web")
    kubectl(user.plane, "rollout", "status", "deployment/web", "--timeout=30s")
    after = kubectl(user.plane, "get", "pods", "-o", "name").split()
    assert len(before) == len(after) == 3
    assert not set(before) & set(after)


def test_its_node_gives_signs_of_life(user: User, first: Done) -> None:
    """Without, the controllers take it for lost after 50 seconds, and its pods for not ready."""
    until(lambda: "lab" in kubectl(user.plane, "get", "leases", "-n", "kube-node-lease", "-o", "name"))
    lease = json.loads(kubectl(user.plane, "get", "lease", "lab", "-n", "kube-node-lease", "-o", "json"))
    assert lease["spec"]["leaseDurationSeconds"] == 40


def test_only_its_api_listens_and_only_on_loopback(user: User, first: Done) -> None:
    port = int(server(user.plane).rsplit(":", 1)[1])
    assert listening(plane_processes(user.plane)) == {f"0100007F:{port:04X}"}


def test_its_keys_are_for_its_owner_only(user: User, first: Done) -> None:
    assert user.plane.run.stat().st_mode & 0o077 == 0


def test_it_runs_beside_another_homes(user: User, first: Done) -> None:
    other = Plane.from_environment()
    assert server(other) != server(user.plane)
    assert "web" not in kubectl(other, "get", "deployments", "-o", "name")


def test_status_tells_that_it_is_up_whose_it_is_and_what_runs(user: User, first: Done) -> None:
    found = user.lab("status", "--format", "json").data
    assert (found["state"], found["waiting_for"]) == ("up", [])
    assert found["owner"]["checkout"] == str(CHECKOUT)
    assert {unit["name"]: unit["code"] for unit in found["units"]} == dict.fromkeys(
        ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")
    )
    assert all(unit["rss_mb"] > 5 for unit in found["units"])


def test_a_second_up_refuses_and_names_the_owner(user: User, first: Done) -> None:
    done = user.lab("up")
    assert done.code == 4
    assert done.err.startswith(f"error: a control plane is up in {user.plane.home}: started by ")
    assert done.err.endswith(f"from {CHECKOUT}. Take it down first: python -m lab down --control-plane-only\n")
    assert user.lab("status").code == 0


def test_when_its_first_process_is_killed_everything_ends_and_up_starts_it_anew(user: User, first: Done) -> None:
    (inside,) = (pid for pid in plane_processes(user.plane) if b"lab.plane.inside" in command(pid))
    os.kill(inside, signal.SIGKILL)
    until(lambda: not plane_processes(user.plane))
    assert "it was killed" in user.lab("status").out
    again = user.lab("up")
    assert again.code == 0, again.told()
    assert kubectl(user.plane, "get", "deployments", "-o", "name") == ""


def command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def test_down_leaves_nothing_and_a_second_one_finds_nothing(user: User, first: Done) -> None:
    assert user.lab("down").code == 0
    assert plane_processes(user.plane) == []
    assert {path.name for path in user.plane.home.iterdir()} == {"bin", "stamp", "build.lock"}
    assert [path.name for path in user.home.iterdir()] == [".cache"]
    assert user.lab("down").err == "the control plane was not up\n"


def test_after_a_start_that_was_killed_up_works(user: User, first: Done) -> None:
    starting = user.begin("up")
    until(lambda: began(user.plane, "kube-apiserver"))
    starting.kill()
    starting.communicate()
    assert plane_processes(user.plane), "what it started lives on, as after a crash"
    again = user.lab("up")
    assert again.code == 0, again.told()
    assert user.lab("status").code == 0


def test_ctrl_c_cleans_up(user: User, first: Done) -> None:
    user.lab("down")
    starting = user.begin("up")
    until(lambda: began(user.plane, "etcd"))
    starting.send_signal(signal.SIGINT)
    _, said = starting.communicate(timeout=60)
    assert starting.returncode == 130, said
    assert plane_processes(user.plane) == []
    assert not user.plane.run.exists()
