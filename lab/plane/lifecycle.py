"""Start a control plane alone, and take it away: as any user, beside the lab and beside other users'."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from lab import pki, units
from lab.api import Api
from lab.build import build
from lab.errors import LabError
from lab.kubectl import kubectl
from lab.lifecycle import end_on_signals
from lab.owner import Busy, Claim, Owner, claim, read_owner
from lab.paths import CHECKOUT, Plane
from lab.plane.processes import VARIABLE, end_processes
from lab.processes import start_time
from lab.watch import Watch

Say = Callable[[str], None]

API_SECONDS = 90.0
READY_SECONDS = 60.0
#: Below the ports that kernels give to whoever asks for any: only who wants exactly this one can be faster.
PORTS = range(26443, 27443)
DEFAULT_ACCOUNT = "/api/v1/namespaces/default/serviceaccounts/default"


def up(plane: Plane, say: Say, *, keep: bool = False) -> None:
    """Build what is missing and start it; a start that fails is cleaned up unless `keep`."""
    plane.home.mkdir(parents=True, exist_ok=True)
    with end_on_signals(), _take(plane) as held:
        owner = _new_owner(plane)
        held.write(owner)
        try:
            build(plane, say)
            _start(plane, held, say)
        except BaseException as error:
            if not (keep and isinstance(error, LabError)):
                _give_up(plane, held)
                say("cleaned up")
            raise
        owner.phase = "up"
        held.write(owner)


def down(plane: Plane) -> bool:
    """Remove it, and all that it keeps; False when there was none. Refuses while one is being started."""
    owner = read_owner(plane.lock)
    if owner and owner.phase != "up" and not owner.abandoned:
        raise LabError(owner.sentence(), "Wait for it, or stop that process; it cleans up itself")
    if owner is None and not plane.run.exists():
        return False
    end_processes(plane)
    try:
        with claim(plane.lock) as held:
            _clean(plane)
            held.forget()
    except Busy as busy:
        raise _still_there(busy.owner) from None
    return True


def server(plane: Plane) -> str:
    """Return the URL of its API; LabError while there is none."""
    try:
        config = json.loads(plane.kubeconfig.read_text())
    except FileNotFoundError:
        raise LabError("the control plane is not up", "Run `python -m lab up --control-plane-only`") from None
    return str(config["clusters"][0]["cluster"]["server"])


@contextmanager
def _take(plane: Plane) -> Iterator[Claim]:
    """Take the lock, away from a start that was killed if need be, and clean what is left of it."""
    owner = read_owner(plane.lock)
    if owner and owner.abandoned:
        end_processes(plane)
    try:
        with claim(plane.lock) as held:
            _clean(plane)
            yield held
    except Busy as busy:
        raise _still_there(busy.owner) from None


def _still_there(owner: Owner | None) -> LabError:
    if owner is None:
        return LabError("another process is starting or stopping a control plane here", "Try again in a minute")
    return LabError(owner.sentence(), "Take it down first: python -m lab down --control-plane-only")


def _new_owner(plane: Plane) -> Owner:
    return Owner(
        pid=os.getpid(),
        started=start_time(os.getpid()) or 0,
        user=os.environ.get("SUDO_USER") or getpass.getuser(),
        since=datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        checkout=str(CHECKOUT),
        home=str(plane.home),
        what="a control plane",
        where=f"in {plane.home}",
    )


def _clean(plane: Plane) -> None:
    end_processes(plane)
    shutil.rmtree(plane.run, ignore_errors=True)


def _give_up(plane: Plane, held: Claim) -> None:
    """Clean up after a failed start; its logs stay, outside the run folder."""
    end_processes(plane)
    if plane.log.exists():
        kept = plane.home / "failed-log"
        shutil.rmtree(kept, ignore_errors=True)
        shutil.move(plane.log, kept)
    _clean(plane)
    held.forget()


def _start(plane: Plane, held: Claim, say: Say) -> None:
    plane.run.mkdir(mode=0o700, parents=True)
    plane.log.mkdir()
    port = free_port()
    pki.make_pki(plane.pki)
    pki.write_kubeconfigs(plane.run, dict.fromkeys(pki.PLANE_KUBECONFIGS, f"127.0.0.1:{port}"))
    for place, text in units.configuration(plane).items():
        (plane.run / place).write_text(text)
    watch = Watch(plane, _start_first_process(plane, held, port), port)
    watch.until("api", API_SECONDS)
    say("API ready")
    kubectl(plane, "apply", "-f", str(plane.run / "kwok-node.yaml"))
    watch.until_ready(READY_SECONDS, say)
    _await_accounts(Api(plane.pki, port))
    say("everything ready")


def _await_accounts(api: Api) -> None:
    """Wait until pods can be made: they need their namespace's account, which a controller makes."""
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            api.get(DEFAULT_ACCOUNT)
            return
        except LabError as error:
            if time.monotonic() > deadline:
                raise LabError(f"the controllers do not work: {error.what}") from None
        time.sleep(0.1)


def _start_first_process(plane: Plane, held: Claim, port: int) -> subprocess.Popen[bytes]:
    """Start the process that starts everything else; it inherits the lock."""
    with (plane.log / "inside.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "lab.plane.inside", str(plane.run), str(port)],
            cwd=CHECKOUT,
            env={**os.environ, VARIABLE: str(plane.run)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(held.fd,),
        )


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nobody listens."""
    for port in PORTS:
        with socket.socket() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise LabError(f"no port from {PORTS.start} to {PORTS.stop - 1} on 127.0.0.1 is free")
