"""The running lab as the benchmarks see it: its programs, its account, commands that must work."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.away import line
from lab.paths import CHECKOUT, Lab
from lab.settings import API_PORT, PROMETHEUS_PORT, WEB_PORT

NAMESPACE = "tuheg-production"
DEPLOYMENT = "backend-gateway"
INVENTORY = CHECKOUT / "lab" / "inventory"
BIN = Path(sys.executable).parent


class CommandFailed(Exception):
    """A command of a contender did not work, so its time means nothing."""


@dataclass(frozen=True)
class Place:
    """Runs commands against the lab, with a journal that is thrown away."""

    lab: Lab
    journal: Path
    admin: Path
    account: Path
    inventory: Path = INVENTORY
    prometheus: str = f"http://127.0.0.1:{PROMETHEUS_PORT}"

    @classmethod
    def of(cls, lab: Lab, journal: Path) -> Place:
        """Return the lab as it is on this machine."""
        return cls(lab, journal, lab.kubeconfig, lab.account)

    @contextmanager
    def away(self, round_trip_ms: int, folder: Path) -> Iterator[Place]:
        """Give the same lab at the end of a line; ``folder`` takes the files that lead there."""
        with line((API_PORT, PROMETHEUS_PORT, WEB_PORT), round_trip_ms) as relays:

            def led(text: str) -> str:
                return re.sub(r":(\d+)\b", lambda port: f":{relays.get(int(port[1]), port[1])}", text)

            files = {file: folder / file.name for file in (self.admin, self.account)}
            for file, ours in files.items():
                ours.touch(mode=0o600)
                ours.write_text(led(file.read_text(encoding="utf-8")), encoding="utf-8")
            inventory = folder / "inventory"
            shutil.copytree(self.inventory, inventory)
            for file in inventory.rglob("*.yml"):
                file.write_text(led(file.read_text(encoding="utf-8")), encoding="utf-8")
            yield replace(
                self,
                admin=files[self.admin],
                account=files[self.account],
                inventory=inventory,
                prometheus=led(self.prometheus),
            )

    @property
    def kubectl(self) -> str:
        """The lab's own kubectl, of the cluster's version."""
        return str(self.lab.program("kubectl"))

    def environment(self, kubeconfig: Path) -> dict[str, str]:
        """Return the environment of a contender: the same for all but for the account."""
        return {
            **os.environ,
            "KUBECONFIG": str(kubeconfig),
            "TUHEG_IR_HOME": str(self.journal),
            "PATH": f"{BIN}:{os.environ['PATH']}",
        }

    def run(self, *command: str, admin: bool = False) -> str:
        """Run a command as tuheg-ir's account (or as admin); return its output.

        Raises CommandFailed with the end of the output when it ends with another code than 0.
        """
        kubeconfig = self.admin if admin else self.account
        done = subprocess.run(
            command, cwd=CHECKOUT, env=self.environment(kubeconfig), check=False, capture_output=True, text=True
        )
        if done.returncode:
            tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
            raise CommandFailed(f"{' '.join(command)} ended with {done.returncode}:\n{tail}")
        return done.stdout
