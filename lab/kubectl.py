"""The lab's own kubectl, as its administrator."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from lab.errors import LabError
from lab.paths import Lab


def kubectl(lab: Lab, *args: str, stdin: str | None = None, timeout: float = 60.0) -> str:
    """Run kubectl and return its output; LabError with its last line when it fails."""
    cache = lab.run / "kubectl"  # gone with the cluster, and not in the user's home
    command = [str(lab.program("kubectl")), "--kubeconfig", str(lab.kubeconfig), "--cache-dir", str(cache), *args]
    try:
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=timeout, check=False)
    except FileNotFoundError:
        raise LabError("the lab is not built", "Run `python -m lab build`") from None
    except subprocess.TimeoutExpired:
        raise LabError(f"kubectl {' '.join(args)} took longer than {timeout:g} s") from None
    if done.returncode:
        why = (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
        raise LabError(f"kubectl {' '.join(args)}: {why}")
    return done.stdout


def kubectl_json(lab: Lab, *args: str) -> Any:
    """Run kubectl with JSON output and return it read."""
    return json.loads(kubectl(lab, *args, "-o", "json"))
