"""Runs whose wrapper was killed: what they left is waited for, ended and cleared away."""

from __future__ import annotations

import signal
import time

from tuheg_ir.errors import RefusedError
from tuheg_ir.incidents import policy
from tuheg_ir.incidents.shop import Shop
from tuheg_ir.journal import Incident, Run
from tuheg_ir.runner import processes
from tuheg_ir.runner.environment import remove_leftovers
from tuheg_ir.runner.processes import Process

WAIT_S = 120.0
"""How long an orphaned ansible-playbook may go on by itself: it may be in the middle of a step."""
_IDLE_S = 5.0
"""An ansible-playbook that has had no worker for so long is in the middle of nothing."""
_LOOK_S = 0.5
_GRACE_S = 10.0


def settle(shop: Shop, incident: Incident, *, actor: str, wait_s: float = WAIT_S) -> None:
    """Make sure that no dead run of the incident acts any more, and record that it is dead.

    Raises RefusedError when a run is not dead at all: its wrapper is still at work.
    """
    for run in policy.dead_runs(incident):
        wrapper = _wrapper(run)
        if run.status == "running" and wrapper is not None and wrapper.alive():
            raise RefusedError(
                f"A run of {incident.number} is still at work",
                f"process {wrapper.pid}",
                "Wait for it, or stop it with Ctrl-C there.",
            )
        _end_orphans(shop, run, wait_s)
        remove_leftovers(run.id)
        if run.status == "running":
            shop.journal.append(
                incident,
                "interrupted",
                {"reason": "the wrapper was killed"},
                run=run.id,
                actor=actor,
            )


def _wrapper(run: Run) -> Process | None:
    """Return the process that wrote the run's start, which is its wrapper."""
    first = run.processes[0] if run.processes else None
    return Process(first.pid, int(first.start_time)) if first else None


def _end_orphans(shop: Shop, run: Run, wait_s: float) -> None:
    """Let ansible-playbook go on for a while, its workers finish their one task, then end them.

    A worker that has lost its ansible-playbook starts nothing more, and may never end by itself.
    """
    leaders = _leaders(run)
    if leaders:
        pids = ", ".join(str(p.pid) for p in leaders)
        shop.tell(f"waiting up to {wait_s:.0f} s for the orphaned run {run.id} (process {pids})")
        _wait_idle(run.id, leaders, wait_s)
    left = processes.of_run(run.id)
    if left and not any(leader.alive() for leader in leaders):
        left = processes.wait_gone(left, _GRACE_S)
    for number in (signal.SIGINT, signal.SIGKILL):
        if not left:
            return
        shop.tell(f"ending the orphaned run {run.id} ({number.name})")
        processes.send(left, number)
        processes.wait_gone(left, _GRACE_S)
        left = processes.of_run(run.id)


def _leaders(run: Run) -> list[Process]:
    """Return the ansible-playbook that lives on: the recorded one, else the oldest process of the run."""
    recorded = [Process(p.pid, int(p.start_time)) for p in run.processes]
    living = [p for p in recorded if p.alive()]
    if living or recorded[1:]:
        return living
    return sorted(processes.of_run(run.id), key=lambda process: process.start_time)[:1]


def _wait_idle(run: str, leaders: list[Process], wait_s: float) -> None:
    """Wait until the leaders have ended or do nothing any more, at most so long.

    The terminal of an orphan went with its wrapper. Its next line of output ends it, or the thread that was to
    hand on a result, which it then awaits for ever. Every step of a play has a worker.
    """
    began = busy = time.monotonic()
    while processes.wait_gone(leaders, min(_LOOK_S, wait_s)):
        now = time.monotonic()
        if set(processes.of_run(run)) - set(leaders):
            busy = now
        if now - busy >= _IDLE_S or now - began >= wait_s:
            return
