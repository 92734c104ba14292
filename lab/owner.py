"""One lab a machine, one control plane a home: a lock that lives exactly as long as the lab, and says whose it is.

The lock is an flock on a file. `up` takes it and the lab's process 1 inherits the open file, so the
kernel frees the lock when the last of them is gone, however they end. The file's text tells who it
is, and what `down` has to put back; it outlives a killed lab for exactly that.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from lab.processes import alive

LOCK = Path("/run/tuheg-lab.lock")


@dataclass
class Owner:
    """Who runs the lab, and what was changed on the machine for it."""

    pid: int
    started: int
    user: str
    since: str
    checkout: str
    home: str
    phase: str = "starting"
    kernel: dict[str, str] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)
    what: str = "a lab"
    where: str = "on this machine"

    def sentence(self) -> str:
        state = "is up" if self.phase == "up" else "is being started"
        return (
            f"{self.what} {state} {self.where}: started by {self.user} (process {self.pid}) "
            f"at {self.since} from {self.checkout}"
        )

    @property
    def abandoned(self) -> bool:
        """True when the `up` that was starting it is gone."""
        return self.phase != "up" and not alive(self.pid, self.started)


class Busy(Exception):
    """The lock is held; `owner` is what its file says, None if that cannot be read."""

    def __init__(self, owner: Owner | None) -> None:
        super().__init__("the lab's lock is held")
        self.owner = owner


class Claim:
    """The lock, held: remember the owner in it, hand it to a child by its number, give it up."""

    def __init__(self, fd: int, path: Path) -> None:
        self.fd, self._path = fd, path

    def write(self, owner: Owner) -> None:
        text = json.dumps(asdict(owner)).encode()
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, text, 0)

    def forget(self) -> None:
        """Remove the file: nothing is left to put back."""
        self._path.unlink(missing_ok=True)


def read_owner(path: Path = LOCK) -> Owner | None:
    """Return the owner of the lab that runs, or that was killed; None without one."""
    try:
        return Owner(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


@contextmanager
def claim(path: Path = LOCK) -> Iterator[Claim]:
    """Hold the lock; raises Busy at once when another has it.

    Leaving the context closes this process's hold only: a child that inherited it keeps the lock.
    """
    fd = _lock(path)
    try:
        yield Claim(fd, path)
    finally:
        os.close(fd)


def _lock(path: Path) -> int:
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            raise Busy(read_owner(path)) from None
        if _same_file(fd, path):
            return fd
        os.close(fd)  # it was removed between open and lock: the next one is another file


def _same_file(fd: int, path: Path) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    mine = os.fstat(fd)
    return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)
