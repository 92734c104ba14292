"""Run tasks in one play, and return each one's result: starting Ansible costs more than a task."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
Task = dict[str, Any]


def run_tasks(
    kubeconfig: Path, folder: Path, *tasks: Mapping[str, Any], names: Sequence[str] = (), check: bool = False
) -> list[Task]:
    """Run tasks with a cluster, one after the other whatever becomes of them; results in order.

    ``folder``, private, is the run's home. ``names``: what results are registered as; r0, r1, ... by default.
    """
    steps = copy.deepcopy(list(map(dict, tasks)))
    names = names or [f"r{number}" for number in range(len(steps))]
    for name, task in zip(names, steps, strict=True):
        task |= {"register": name, "ignore_errors": True}
    results = folder / "results.json"
    results.unlink(missing_ok=True)
    keep = {"dest": str(results), "content": f"{{{{ [{', '.join(names)}] | to_json }}}}", "mode": "0600"}
    steps.append({"ansible.builtin.copy": keep, "check_mode": False})
    book = folder / "play.yml"
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": steps}
    book.write_text(yaml.safe_dump([play]))
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("K8S_AUTH_", "TUHEG_IR_"))},
        "KUBECONFIG": str(kubeconfig),
        "K8S_AUTH_KUBECONFIG": str(kubeconfig),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "HOME": str(folder),
        "TUHEG_IR_HOME": str(folder / "journal"),
    }
    program = Path(sys.executable).with_name("ansible-playbook")
    done = subprocess.run(
        [str(program), str(book), *(["--check", "--diff"] if check else [])],
        env=environment, cwd=CHECKOUT, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert results.exists(), done.stdout + done.stderr
    found: list[Task] = json.loads(results.read_text())
    return found
