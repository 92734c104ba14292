"""Runs playbooks on an inventory of two clusters that are not there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests import layout

INVENTORY = """\
[clusters]
one
two

[clusters:vars]
ansible_connection=local
ansible_python_interpreter="{{ ansible_playbook_python }}"
ir_namespace=tuheg-production
ir_default_service=web

[lonely]
one
"""
SERVICES = {"web": {"kind": "Deployment"}, "jobs": {"kind": "CronJob"}}
GOOD: dict[str, Any] = {"ir_cluster": "one", "ir_incident": "INC-20251105-001", "ir_services": SERVICES}


class Outcome(NamedTuple):
    rc: int
    text: str
    result: dict[str, Any]


@pytest.fixture
def play(tmp_path: Path) -> Any:
    """Run a playbook on an inventory of two clusters; no cluster is behind either."""
    hosts = tmp_path / "hosts"
    hosts.write_text(INVENTORY, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("K8S_", "KUBE"))}
    environment |= {
        "HOME": str(tmp_path),
        "TUHEG_IR_HOME": str(tmp_path / "home"),
        "KUBECONFIG": str(tmp_path / "none"),
        "ANSIBLE_NOCOLOR": "1",
    }

    def run(playbook: str, extra: dict[str, Any], env: Mapping[str, str] | None = None) -> Outcome:
        program = Path(sys.executable).parent / "ansible-playbook"
        done = subprocess.run(
            [program, "-i", hosts, layout.PLAYBOOKS / f"{playbook}.yml", "-e", json.dumps(extra)],
            cwd=layout.ROOT,
            env=environment | dict(env or {}),
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return Outcome(done.returncode, done.stdout + done.stderr, reported(done.stdout))

    return run


def reported(text: str) -> dict[str, Any]:
    """The ir_result that a play handed over by set_stats; {} if it gave none."""
    found = re.search(r"^\tRUN: (\{.*\})$", text, re.MULTILINE)
    return json.loads(found[1])["ir_result"] if found else {}


@pytest.fixture
def good() -> dict[str, Any]:
    """Inputs with nothing wrong."""
    return dict(GOOD)
