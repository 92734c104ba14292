"""The running lab as the benchmarks see it: its programs, its account, commands that must work."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from lab.paths import CHECKOUT, Lab
from lab.settings import PROMETHEUS_PORT

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

    @property
    def kubectl(self) -> str:
        """The lab's own kubectl, of the cluster's version."""
        return str(self.lab.program("kubectl"))

    @property
    def prometheus(self) -> str:
        """The base URL of the lab's Prometheus."""
        return f"http://127.0.0.1:{PROMETHEUS_PORT}"

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
        kubeconfig = self.lab.kubeconfig if admin else self.lab.account
        done = subprocess.run(
            command, cwd=CHECKOUT, env=self.environment(kubeconfig), check=False, capture_output=True, text=True
        )
        if done.returncode:
            tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
            raise CommandFailed(f"{' '.join(command)} ended with {done.returncode}:\n{tail}")
        return done.stdout
