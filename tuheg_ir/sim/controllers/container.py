"""One container's life on the node: created, running, ready, ended, started again; and its logs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from tuheg_ir.sim.behaviour import Behaviour
from tuheg_ir.sim.clock import iso
from tuheg_ir.sim.status import Obj

_KEPT_LINES = 2000
Line = tuple[datetime, str]


@dataclass(slots=True)
class Instance:
    """One start of a container."""

    started: datetime
    ident: str
    lines: list[Line] = field(default_factory=list)
    ended: datetime | None = None
    exit_code: int = 0
    reason: str = ""
    message: str = ""

    def terminated(self) -> Obj:
        """Return the ``terminated`` state."""
        state: Obj = {"exitCode": self.exit_code, "reason": self.reason}
        if self.message:
            state["message"] = self.message
        state |= {"startedAt": iso(self.started), "finishedAt": iso(self.ended or self.started)}
        return state | {"containerID": f"containerd://{self.ident}"}


@dataclass(slots=True)
class Container:
    """A container of a pod: what is asked for, what it is now, what it was before."""

    spec: Obj
    behaviour: Behaviour
    waiting: str = "ContainerCreating"
    message: str = ""
    now: Instance | None = None
    before: Instance | None = None
    restarts: int = 0
    ready: bool = False

    @property
    def running(self) -> bool:
        """Return whether it runs now."""
        return self.now is not None and self.now.ended is None

    def say(self, at: datetime, text: str) -> None:
        """Write a line to the log of the running instance."""
        if self.now is not None:
            self.now.lines.append((at, text))
            del self.now.lines[:-_KEPT_LINES]

    def start(self, at: datetime, ident: str) -> None:
        """Begin an instance; one that was there is the previous one from now on."""
        if self.now is not None:
            self.before = self.now
            self.restarts += 1
        self.now = Instance(at, ident)
        self.waiting, self.message, self.ready = "", "", False

    def end(self, at: datetime, code: int, reason: str, message: str = "") -> None:
        """End the running instance."""
        if self.now is not None and self.now.ended is None:
            self.now.ended, self.now.exit_code, self.now.reason, self.now.message = at, code, reason, message
        self.ready = False

    def state(self) -> Obj:
        """Return the container's ``state``."""
        if self.waiting:
            return {"waiting": {"reason": self.waiting} | ({"message": self.message} if self.message else {})}
        if self.now is None:
            return {"waiting": {"reason": "ContainerCreating"}}
        if self.now.ended is None:
            return {"running": {"startedAt": iso(self.now.started)}}
        return {"terminated": self.now.terminated()}

    def status(self) -> Obj:
        """Return the container's row in ``containerStatuses``."""
        last = self.now if self.waiting and self.now is not None else self.before
        row: Obj = {
            "name": self.spec["name"],
            "state": self.state(),
            "lastState": {"terminated": last.terminated()} if last is not None else {},
            "ready": self.ready,
            "restartCount": self.restarts,
            "image": self.spec["image"],
            "imageID": self.spec["image"] if self.now is not None else "",
        }
        if self.now is not None:
            row["containerID"] = f"containerd://{self.now.ident}"
        row["started"] = self.running
        return row
