"""A drill on the lab: the real Kubernetes of a checkout, broken and put back by its own commands."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tuheg_ir.errors import ClusterError, ProjectError
from tuheg_ir.incidents.drill.ground import Ground, only_cluster
from tuheg_ir.incidents.drill.order import DrillOrder
from tuheg_ir.project import Project

CLUSTER = "lab"
_ACCOUNT = ("run", "tuheg-ir.conf")  # below the lab's home, as docs/lab.md says
_UP = ("up", "degraded")  # a lab on which something is broken already can be reset


class Lab:
    """The commands of a checkout's lab. ProjectError when there is no checkout."""

    def __init__(self, project: Project) -> None:
        if project.packaged or not (project.root / "lab" / "__main__.py").is_file():
            raise ProjectError(
                "A drill on the lab needs a checkout of tuheg-ir",
                f"here is none: {project.root}",
                "Change to a checkout, or drill on the embedded cluster: --on sim",
            )
        self.root = project.root

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one command; its output is kept."""
        return subprocess.run(
            [sys.executable, "-m", "lab", *words], cwd=self.root, capture_output=True, text=True, check=False
        )

    def must(self, *words: str) -> str:
        """Run a command that has to work and return its output; ClusterError with its last line if not."""
        done = self.command(*words)
        if done.returncode:
            told = (done.stderr.strip() or done.stdout.strip() or "no word").splitlines()[-1]
            raise ClusterError(
                f"The lab could not do `{' '.join(words)}`",
                told,
                "See `python -m lab status`; `python -m lab reset` puts the platform back.",
            )
        return done.stdout

    def kinds(self) -> list[str]:
        """Return the names of what the lab can break."""
        return list(json.loads(self.must("break", "--format", "json")))

    def account(self) -> Path:
        """Return the kubeconfig of the account that plays run as; ClusterError without a running lab."""
        state: dict[str, Any] = json.loads(self.command("status", "--format", "json").stdout or "{}")
        owner = state.get("owner")
        if state.get("state") not in _UP or not owner:
            raise ClusterError(
                "The lab does not run",
                str(state.get("reason") or state.get("state") or "no answer"),
                "Start it with: make lab",
            )
        return Path(owner["home"], *_ACCOUNT)


@contextmanager
def on_lab(project: Project, order: DrillOrder, tell: Callable[[str], None]) -> Iterator[Ground]:
    """Bring the platform to its healthy base, break it, and put it back in the end, come what may."""
    lab = Lab(project)
    account = lab.account()
    ours = lab.command("load", "--background").returncode == 0  # else somebody sends requests already
    try:
        tell("the lab: bringing the platform to its healthy base")
        lab.must("reset")
        tell(f"the lab: breaking it ({order.scenario.name}) and waiting for the symptom")
        broken_at = datetime.now(UTC)
        lab.must("break", order.scenario.name, "--wait")
        with only_cluster(account):
            yield Ground(project.root / "lab" / "inventory", CLUSTER, broken_at)
    finally:
        tell("the lab: putting the platform back")
        lab.command("reset", "--no-probes")
        if ours:
            lab.command("load", "--stop")
