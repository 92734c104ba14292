"""Start a playbook, follow it, and end it cleanly when the user says so."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

from tuheg_ir.errors import TuhegError
from tuheg_ir.project import Project
from tuheg_ir.runner import environment as place
from tuheg_ir.runner import processes
from tuheg_ir.runner.events import RunOutcome, TaskEvent, outcome, parse
from tuheg_ir.runner.processes import Process

INTERRUPT_GRACE_S = 10.0
_START_S = 10.0
_EXPECT_S = 0.5


def run_playbook(
    project: Project,
    playbook: str,
    inventory: Path,
    extra_vars: Mapping[str, Any],
    *,
    run: str,
    check: bool = False,
    diff: bool = False,
    env: Mapping[str, str] | None = None,
    on_event: Callable[[TaskEvent], None] | None = None,
    on_process: Callable[[Process], None] | None = None,
) -> RunOutcome:
    """Run one playbook to its end and return how it ended.

    ``run`` is the run's id: every process of it carries it. ``check`` and ``diff`` are Ansible's.
    ``on_event`` only observes, in another thread: what it raises is noted and the play goes on.
    ``on_process`` is told ansible-playbook's process as soon as it is there. Ctrl-C (also SIGTERM
    and SIGHUP) ends ansible-playbook and gives an outcome with status ``interrupted``.
    Raises ProjectError when the playbook or ansible-playbook is not there.
    """
    path = project.playbook(playbook)
    with place.private_folder(run) as folder:
        place.write_private(folder / "vars.json", extra_vars)
        place.write_private(folder / "env" / "settings", {"pexpect_timeout": _EXPECT_S})
        overlay = {**place.environment(project, folder, run), **(env or {})}
        play = _Play(folder, on_event)
        flags = (" --check" if check else "") + (" --diff" if diff else "")
        cmdline = f"-e @{folder / 'vars.json'}{flags}"
        settings = {
            "private_data_dir": str(folder),
            "project_dir": str(project.root),
            "playbook": str(path),
            "inventory": str(inventory.resolve()),
            "cmdline": cmdline,
            "envvars": overlay,
            "ident": "run",
        }
        return _follow(play, settings, run, on_process)


class _Play:
    """One ansible-runner run in a thread of its own, its events gathered as they come."""

    def __init__(self, folder: Path, on_event: Callable[[TaskEvent], None] | None) -> None:
        self.folder = folder
        self.on_event = on_event
        self.events: list[TaskEvent] = []
        self.notes: list[str] = []
        self.rc = 1
        self.cancelled = threading.Event()
        self.failure: BaseException | None = None

    def run(self, settings: dict[str, Any]) -> None:
        import ansible_runner

        try:
            result = ansible_runner.run(
                **settings,
                quiet=True,
                suppress_env_files=True,
                fact_cache_type="memory",
                event_handler=self.observe,
                cancel_callback=self.cancelled.is_set,
            )
            self.rc = int(result.rc)
        except Exception as error:  # noqa: BLE001 - carried over to the caller's thread
            self.failure = error

    def observe(self, raw: dict[str, Any]) -> bool:
        """Keep and pass on an event; False: ansible-runner need not write it to disk."""
        event = parse(raw)
        if raw.get("event") == "playbook_on_start":
            self._forget_inputs()
        self.events.append(event)
        if self.on_event is not None:
            try:
                self.on_event(event)
            except Exception as error:  # noqa: BLE001 - watching must never stop the fix
                self.notes.append(f"progress could not be shown: {error}")
        return False

    def _forget_inputs(self) -> None:
        """Delete what may hold secrets as soon as ansible-playbook has read it."""
        for name in ("vars.json", "artifacts/run/command"):
            with suppress(FileNotFoundError):
                (self.folder / name).unlink()


def _follow(
    play: _Play,
    settings: dict[str, Any],
    run: str,
    on_process: Callable[[Process], None] | None,
) -> RunOutcome:
    thread = threading.Thread(target=play.run, args=(settings,), name=f"play-{run}")
    interrupted = False
    with stop_signals():
        thread.start()
        try:
            process = _await_child(thread, run)
            if process is not None and on_process is not None:
                on_process(process)
            while thread.is_alive():
                thread.join(1.0)
        except BaseException as error:
            _stop(play, thread, run)
            if not isinstance(error, KeyboardInterrupt):
                raise
            interrupted = True
    if play.failure is not None and not interrupted:
        raise TuhegError(
            "ansible-runner failed", str(play.failure), "This is a bug of tuheg-ir; report it."
        ) from play.failure
    ended = outcome(play.events, play.rc, interrupted=interrupted)
    return replace(ended, notes=tuple(play.notes))


def _await_child(thread: threading.Thread, run: str) -> Process | None:
    """Wait for ansible-playbook to be there; None if it has ended before it was seen."""
    deadline = time.monotonic() + _START_S
    while thread.is_alive() and time.monotonic() < deadline:
        process = processes.child_of(os.getpid(), run)
        if process is not None:
            return process
        time.sleep(0.02)
    return None


def _stop(play: _Play, thread: threading.Thread, run: str) -> None:
    """End the run: ask as Ctrl-C does, wait, then insist. A second Ctrl-C insists at once."""
    try:
        leader = processes.child_of(os.getpid(), run)
        processes.send([leader] if leader else [], signal.SIGINT)
        thread.join(INTERRUPT_GRACE_S)
    except KeyboardInterrupt:
        pass
    play.cancelled.set()
    left = processes.of_run(run)
    processes.send(left, signal.SIGKILL)
    processes.wait_gone(left, INTERRUPT_GRACE_S)
    thread.join(INTERRUPT_GRACE_S)


@contextmanager
def stop_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end a run the way Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = (signal.SIGTERM, signal.SIGHUP)
    before = {name: signal.signal(name, _interrupt) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
