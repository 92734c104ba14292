"""Loads that run beside the shell: started, found again and stopped by name.

A running load has a file `run/load-NAME.json` with its pid and start time; on SIGTERM it writes
its report beside it and ends. One whose demand grows no more has a file `run/load-NAME.settled`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.load import Plan, run
from lab.paths import CHECKOUT
from lab.processes import alive, send, start_time


def start(run_dir: Path, name: str, plan: Plan, port: int) -> int:
    """Start a load in the background and return its pid; LabError when `name` runs already."""
    if pid := running(run_dir, name):
        raise LabError(f"the load {name} runs already, pid {pid}", "Stop it: python -m lab load --stop")
    if not run_dir.is_dir():
        raise LabError("the lab does not run", "Run `python -m lab up`")
    _report_file(run_dir, name).unlink(missing_ok=True)
    _settled_file(run_dir, name).unlink(missing_ok=True)
    order = json.dumps({"run": str(run_dir), "name": name, "port": port, "plan": asdict(plan)})
    with (run_dir / f"load-{name}.log").open("wb") as log:
        subprocess.run(
            [sys.executable, "-m", "lab.background", order],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=CHECKOUT,
            check=True,
        )
    state = _read(_state_file(run_dir, name))
    if state is None:
        raise LabError(f"the load {name} did not start", f"See {run_dir}/load-{name}.log")
    return int(state["pid"])


def running(run_dir: Path, name: str) -> int | None:
    """The pid of the load `name`, None when it does not run."""
    state = _read(_state_file(run_dir, name))
    return int(state["pid"]) if state and alive(state["pid"], state["start_time"]) else None


def settled(run_dir: Path, name: str) -> bool:
    """Whether the load `name` has found the demand at which it stays."""
    return _settled_file(run_dir, name).exists()


def names(run_dir: Path) -> list[str]:
    """Names of the loads that were started here."""
    return sorted(
        path.stem.removeprefix("load-")
        for path in run_dir.glob("load-*.json")
        if not path.name.endswith(".report.json")
    )


def stop(run_dir: Path, name: str, wait_s: float = 10.0) -> dict[str, Any] | None:
    """Stop a load; return its report, None when there is none."""
    if pid := running(run_dir, name):
        _end(run_dir, name, pid, wait_s)
    _state_file(run_dir, name).unlink(missing_ok=True)
    return _read(_report_file(run_dir, name))


def stop_all(run_dir: Path) -> None:
    """Stop every load that was started here."""
    for name in names(run_dir):
        stop(run_dir, name)


def _end(run_dir: Path, name: str, pid: int, wait_s: float) -> None:
    """Ask, then force."""
    send(pid, signal.SIGTERM)
    end = time.monotonic() + wait_s
    while running(run_dir, name):
        if time.monotonic() > end:
            send(pid, signal.SIGKILL)
            end = time.monotonic() + wait_s
        time.sleep(0.05)


def detach(order: dict[str, Any]) -> None:
    """Leave a child behind that sends the load; it belongs to nobody, so nobody has to reap it."""
    if pid := os.fork():
        state = {"pid": pid, "start_time": start_time(pid), "plan": order["plan"]}
        _write(_state_file(Path(order["run"]), order["name"]), state)
        return
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: ended.set())
    run_dir, name = Path(order["run"]), order["name"]
    report = run(Plan(**order["plan"]), order["port"], ended, _settled_file(run_dir, name).touch)
    _write(_report_file(run_dir, name), asdict(report))


def _state_file(run_dir: Path, name: str) -> Path:
    return run_dir / f"load-{name}.json"


def _report_file(run_dir: Path, name: str) -> Path:
    return run_dir / f"load-{name}.report.json"


def _settled_file(run_dir: Path, name: str) -> Path:
    return run_dir / f"load-{name}.settled"


def _write(path: Path, data: dict[str, Any]) -> None:
    """Write whole or not at all: somebody may be reading."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(data))
    fresh.replace(path)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        data: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    return data


if __name__ == "__main__":
    detach(json.loads(sys.argv[1]))
