"""Wait for the lab while it starts, and say at once when a part of it has ended."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from typing import Any

from lab import readiness, settings
from lab.api import Api
from lab.errors import LabError
from lab.paths import Lab
from lab.units import has_failed

Say = Callable[[str], None]


class Watch:
    """Waits for the node, and raises LabError as soon as one of its programs ends."""

    def __init__(self, lab: Lab, node: subprocess.Popen[bytes], port: int = settings.API_PORT) -> None:
        self._lab, self._node = lab, node
        self._api = Api(lab.pki, port)

    def until(self, name: str, seconds: float) -> None:
        """Wait until process 1 has written down that `name` holds."""
        deadline = time.monotonic() + seconds
        while name not in self._state().get("holds", ()):
            if time.monotonic() > deadline:
                raise LabError(f"{name}: not ready after {seconds:.0f} s", self._logs())
            time.sleep(0.05)

    def until_ready(self, seconds: float, say: Say) -> None:
        """Wait until the node, all workloads, pods and aggregated APIs are ready."""
        deadline = time.monotonic() + seconds
        node_told = False
        while left := self._waiting_for():
            if not node_told and not left[0].startswith(("node", "the lab's API")):
                node_told = True
                say("node ready")
            if time.monotonic() > deadline:
                lines = "\n  ".join(left[:12])
                raise LabError(f"not ready after {seconds:.0f} s:\n  {lines}\n", self._logs())
            time.sleep(0.25)

    def _waiting_for(self) -> list[str]:
        self._state()
        try:
            objects = {k: self._api.get(path)["items"] for k, path in readiness.READS.items()}
        except LabError as error:  # a busy machine: the next look may succeed
            return [error.what]
        return readiness.waiting_for(objects)

    def _state(self) -> dict[str, Any]:
        """Return what process 1 has written; LabError when it, or a unit, has ended."""
        if self._node.poll() is not None:
            raise LabError(f"the lab's process 1 ended: {self._tail('inside')}", self._logs())
        try:
            state: dict[str, Any] = json.loads((self._lab.run / "state.json").read_text())
        except FileNotFoundError:
            return {}
        for name, unit in state["units"].items():
            if has_failed(unit):
                raise LabError(f"{name} ended with {unit['code']}: {self._tail(name)}", self._logs())
        return state

    def _tail(self, name: str) -> str:
        try:
            lines = (self._lab.log / f"{name}.log").read_text(errors="replace").strip().splitlines()
        except FileNotFoundError:
            lines = []
        return lines[-1] if lines else "no output"

    def _logs(self) -> str:
        return f"Logs are kept in {self._lab.home / 'failed-log'} (with --keep in {self._lab.log})"
