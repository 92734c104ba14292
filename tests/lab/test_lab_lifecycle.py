"""The lab comes up from nothing and from a killed start, is one a machine, and leaves nothing behind.

These tests take the lab down and up several times, and leave it as they found it.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from lab import background, settings
from lab.kubectl import kubectl
from lab.load_cli import STEADY
from lab.owner import read_owner
from lab.paths import CHECKOUT, Lab
from lab.processes import end_processes, first_process
from tests.lab.machine import Traces, listening, traces
from tests.lab.scratch import until
from tests.lab.world import Done, lab_command

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root starts and stops the lab"),
]

WARM_SECONDS = 60


def begin_up(lab: Lab, unit: str) -> subprocess.Popen[bytes]:
    """Start `up`, and return while it runs, as soon as it has started this program of the node."""
    starting = subprocess.Popen(
        [sys.executable, "-m", "lab", "up"], cwd=CHECKOUT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + WARM_SECONDS
    while unit not in started(lab):
        assert starting.poll() is None, "up ended before it had started the node"
        assert time.monotonic() < deadline, f"{unit} was not started"
        time.sleep(0.1)
    return starting


def started(lab: Lab) -> dict[str, Any]:
    """Return the node's programs that have been started."""
    try:
        state: dict[str, Any] = json.loads((lab.run / "state.json").read_text())
    except FileNotFoundError:
        return {}
    units: dict[str, Any] = state["units"]
    return units


def kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def in_network(lab: Lab, script: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the lab's network."""
    return subprocess.run(
        ["nsenter", "--net", "--target", str(first_process(lab)), sys.executable, "-c", script],
        capture_output=True, text=True, check=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def bare(lab: Lab) -> Iterator[Traces]:
    """The machine without a lab; afterwards it has one again, with the load it had."""
    had_load = background.running(lab.run, STEADY)
    was_up = first_process(lab) is not None
    assert lab_command("down").code == 0
    yield traces(lab)
    if was_up and first_process(lab) is None:
        done = lab_command("up")
        assert done.code == 0, done.told()
    if had_load:
        lab_command("load", "--background")


@pytest.fixture(scope="module")
def second_start(lab: Lab, bare: Traces) -> tuple[Done, float]:
    """`up` after an `up` that was killed while it started the node, and how long it took."""
    kill(begin_up(lab, "kubelet"))
    assert first_process(lab) is not None, "what it started lives on, as after a crash"
    start = time.monotonic()
    return lab_command("up"), time.monotonic() - start


def test_after_everything_was_killed_down_cleans_up(lab: Lab, bare: Traces) -> None:
    starting = begin_up(lab, "kubelet")
    kill(starting)
    assert lab_command("status").code == 3
    end_processes(lab)
    assert listening() == [], "ports close with the first process"
    assert "it was killed" in lab_command("status").out
    assert lab_command("down").code == 0
    assert traces(lab) == bare


def test_up_starts_warm_in_a_minute_even_after_a_killed_start(second_start: tuple[Done, float]) -> None:
    done, seconds = second_start
    assert done.code == 0, done.told()
    assert seconds < WARM_SECONDS
    assert "everything ready" in done.err


def test_status_tells_that_it_is_up_whose_it_is_and_what_runs(lab: Lab, second_start: tuple[Done, float]) -> None:
    found = lab_command("status", "--format", "json").data
    assert found["state"] == "up"
    assert found["owner"]["checkout"] == str(CHECKOUT)
    assert found["waiting_for"] == []
    assert {"etcd", "kube-apiserver", "kubelet", "containerd"} <= {unit["name"] for unit in found["units"]}
    assert {"backend-gateway", "postgres", "redis", "traefik", "prometheus"} <= {
        name for name in ("backend-gateway", "postgres", "redis", "traefik", "prometheus")
        for pod in found["pods"] if pod["ready"] and pod["name"].startswith(name)
    }  # fmt: skip


def test_a_second_up_refuses_and_names_the_owner(lab: Lab, second_start: tuple[Done, float]) -> None:
    owner = read_owner()
    assert owner
    done = lab_command("up")
    assert done.code == 4
    assert done.err.strip() == (
        f"error: a lab is up on this machine: started by {owner.user} (process {owner.pid}) at {owner.since} "
        f"from {CHECKOUT}. Take it down first: python -m lab down"
    )
    assert lab_command("status").code == 0, "the running one is not touched"


def test_another_home_neither_starts_a_second_lab_nor_takes_this_one_down(
    lab: Lab, second_start: tuple[Done, float], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUHEG_LAB_HOME", str(tmp_path))
    for command in ("up", "down"):
        done = lab_command(command)
        assert done.code == 4
        assert "a lab is up on this machine" in done.err
    assert lab_command("status", "--format", "json").data["state"] == "elsewhere"
    assert first_process(lab) is not None


def test_only_loopback_leads_in(second_start: tuple[Done, float]) -> None:
    assert sorted(listening()) == sorted(f"0100007F:{port:04X}" for port in settings.FORWARDS)


def test_nothing_leads_out(lab: Lab, second_start: tuple[Done, float]) -> None:
    script = "import socket; print(socket.socket().connect_ex(('192.0.2.1', 80)))"
    assert int(in_network(lab, script).stdout) == errno.ENETUNREACH


def ended_requests(lab: Lab, offset: int) -> list[dict[str, Any]]:
    """Return what the administrator's ended requests left in the audit log behind this offset, in bytes."""
    with lab.audit_log.open() as log:
        log.seek(offset)
        events = [json.loads(line) for line in log]
    return [e for e in events if e["user"]["username"] == "admin" and e["stage"] == "ResponseComplete"]


def test_the_audit_log_tells_changes_and_dry_runs_apart_and_leaves_reads_out(
    lab: Lab, second_start: tuple[Done, float]
) -> None:
    before = lab.audit_log.stat().st_size
    for name, dry in (("audit-dry", "server"), ("audit-real", "none")):
        kubectl(lab, "create", "configmap", name, f"--dry-run={dry}")
    kubectl(lab, "get", "configmaps", "audit-real")
    kubectl(lab, "delete", "configmap", "audit-real")
    kubectl(lab, "--namespace", settings.NAMESPACE, "exec", "postgres-0", "--container", "postgres", "--", "true")
    # The end of an exec is written once its stream is closed, for which its client does not wait.
    until(lambda: any("command=true" in event["requestURI"] for event in ended_requests(lab, before)))
    told = [
        (e["verb"], e["objectRef"].get("name"), "dryRun=All" in e["requestURI"]) for e in ended_requests(lab, before)
    ]
    assert told == [
        ("create", "audit-dry", True),
        ("create", "audit-real", False),
        ("delete", "audit-real", False),
        ("get", "postgres-0", False),
    ]


def test_down_leaves_nothing(lab: Lab, bare: Traces, second_start: tuple[Done, float]) -> None:
    running = traces(lab)
    changed = [name for name in vars(bare) if getattr(running, name) != getattr(bare, name)]
    assert {"processes", "cgroups", "kernel", "folders", "run", "ports"} <= set(changed)
    start = time.monotonic()
    assert lab_command("down").code == 0
    assert time.monotonic() - start < WARM_SECONDS
    assert traces(lab) == bare


def test_down_again_has_nothing_to_do(bare: Traces) -> None:
    done = lab_command("down")
    assert (done.code, done.err) == (0, "the lab was not up\n")


def test_ctrl_c_cleans_up(lab: Lab, bare: Traces) -> None:
    starting = begin_up(lab, "kubelet")
    starting.send_signal(signal.SIGINT)
    assert starting.wait(timeout=60) == 130
    assert traces(lab) == bare
