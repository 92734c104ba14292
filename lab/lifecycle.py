"""Start the lab: from nothing, or from whatever a killed run has left, to every pod ready."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import NoReturn

from lab import host, pki, settings, units
from lab.apply import apply_all
from lab.build import build
from lab.errors import LabError
from lab.owner import Busy, Claim, Owner, claim, read_owner
from lab.paths import CHECKOUT, Lab
from lab.processes import INSIDE, end_processes, start_time
from lab.teardown import clean, still_there
from lab.watch import Watch

Say = Callable[[str], None]

API_SECONDS = 90.0
READY_SECONDS = 180.0


def up(lab: Lab, say: Say, *, keep: bool = False) -> None:
    """Build what is missing and start the lab; a start that fails is cleaned up unless `keep`."""
    host.need_root("it makes namespaces, mounts and cgroups")
    with end_on_signals(), _take(lab) as held:
        owner = _new_owner(lab)
        held.write(owner)
        try:
            build(lab, say)
            _start(lab, held, owner, say)
        except BaseException as error:
            if not (keep and isinstance(error, LabError)):
                _give_up(lab, held, owner)
                say("cleaned up")
            raise
        owner.phase = "up"
        held.write(owner)


@contextmanager
def _take(lab: Lab) -> Iterator[Claim]:
    """Take the lock, away from a start that was killed if need be, and clean what is left of it."""
    try:
        with claim() as held:
            _clean_left(lab)
            yield held
            return
    except Busy as busy:
        owner = busy.owner
    if owner is None or not owner.abandoned:
        raise still_there(owner)
    end_processes(Lab(Path(owner.home)))
    try:
        with claim() as held:
            _clean_left(lab)
            yield held
    except Busy as busy:
        raise still_there(busy.owner) from None


def _clean_left(lab: Lab) -> None:
    owner = read_owner()
    if owner and owner.home != str(lab.home):
        clean(Lab(Path(owner.home)), owner)
    clean(lab, owner)


def _new_owner(lab: Lab) -> Owner:
    return Owner(
        pid=os.getpid(),
        started=start_time(os.getpid()) or 0,
        user=os.environ.get("SUDO_USER") or getpass.getuser(),
        since=datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        checkout=str(CHECKOUT),
        home=str(lab.home),
        kernel=host.kernel_settings(),
        folders=host.missing_folders(),
    )


def _give_up(lab: Lab, held: Claim, owner: Owner) -> None:
    """Clean up after a failed start; its logs stay, outside the run folder."""
    end_processes(lab)
    if lab.log.exists():
        kept = lab.home / "failed-log"
        shutil.rmtree(kept, ignore_errors=True)
        shutil.move(lab.log, kept)
    clean(lab, owner)
    held.forget()


def _start(lab: Lab, held: Claim, owner: Owner, say: Say) -> None:
    lab.run.mkdir(mode=0o700, parents=True)
    lab.log.mkdir()
    pki.make_pki(lab.pki)
    pki.write_kubeconfigs(lab.run)
    for place, text in units.configuration(lab).items():
        (lab.run / place).parent.mkdir(exist_ok=True)
        (lab.run / place).write_text(text)
    host.make_folders(owner.folders)
    host.make_cgroups()
    node = _start_namespaces(lab, held)
    watch = Watch(lab, node)
    watch.until("api", API_SECONDS)
    say("API ready")
    apply_all(lab, say)
    watch.until("images", API_SECONDS)
    say("images imported")
    watch.until_ready(READY_SECONDS, say)
    say("everything ready")


def _start_namespaces(lab: Lab, held: Claim) -> subprocess.Popen[bytes]:
    """Start process 1; it inherits the lock, and the sockets that listen on this machine's loopback."""
    listeners = {listen(port): address for port, address in settings.FORWARDS.items()}
    forwards = " ".join(f"{s.fileno()}={address}" for s, address in listeners.items())
    command = "unshare --net --mount --pid --uts --ipc --fork --kill-child --mount-proc --propagation slave --"
    with (lab.log / "inside.log").open("wb") as log:
        process = subprocess.Popen(
            [*command.split(), sys.executable, "-m", INSIDE, str(lab.run), forwards],
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(held.fd, *(s.fileno() for s in listeners)),
        )
    for listener in listeners:
        listener.close()
    return process


def listen(port: int) -> socket.socket:
    """Return a socket that listens on a port of 127.0.0.1; LabError when somebody else does."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(512)
    except OSError as error:
        listener.close()
        raise LabError(
            f"port {port} on 127.0.0.1 cannot be used: {error.strerror}",
            f"See who has it: ss -ltnp 'sport = :{port}'",
        ) from None
    return listener


@contextmanager
def end_on_signals() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into what Ctrl-C does, so that they clean up too."""

    def end(_signal: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = {s: signal.signal(s, end) for s in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
