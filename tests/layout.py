"""Readers of the project's tree that the layout tests share."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
ROLES = ROOT / "collection" / "roles"
PLAYBOOKS = ROOT / "playbooks"
SCENARIOS = ROOT / "molecule"
#: What all scenarios share.
MOLECULE = ROOT / ".config" / "molecule"
#: The `hosts` of every playbook: without a cluster, a sentence that says what to do.
ONE_CLUSTER = "{{ ir_cluster | mandatory('ir_cluster is not set: name one cluster with -e ir_cluster=NAME') }}"
_NESTED = ("block", "rescue", "always")
# What a task carries beside its action.
KEYWORDS = frozenset(
    """args become become_user changed_when check_mode collections connection debugger delay delegate_facts delegate_to
    diff environment failed_when ignore_errors ignore_unreachable listen local_action loop loop_control
    module_defaults name no_log notify poll register remote_user retries run_once tags throttle timeout until vars
    when""".split()  # noqa: SIM905 - one word a line would fill a screen
)


def load(path: Path) -> Any:
    """Return a YAML file's data; None for an empty file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def limits() -> list[str]:
    """Return the names of the roles' limits, which are in seconds."""
    defaults = [load(path) or {} for path in ROLES.glob("*/defaults/main.yml")]
    return sorted(name for each in defaults for name, value in each.items() if name.endswith("_timeout_s") and value)


def roles() -> list[str]:
    """Return the names of the collection's roles but the shared room."""
    return sorted(role.name for role in ROLES.iterdir() if role.is_dir() and role.name != "common")


def playbooks() -> list[str]:
    """Return the names of the playbooks, without suffix."""
    return sorted(path.stem for path in PLAYBOOKS.glob("*.yml"))


def scenarios() -> list[str]:
    """Return the names of Molecule's scenarios."""
    return sorted(path.name for path in SCENARIOS.iterdir() if path.is_dir())


def scenario_inputs(name: str) -> dict[str, Any]:
    """Return what a scenario says beside the shared part: what breaks, and the inputs of its playbook."""
    said: dict[str, Any] = load(SCENARIOS / name / "molecule.yml")["provisioner"]["inventory"]["group_vars"]["clusters"]
    return said


def tasks(items: list[dict[str, Any]] | None) -> Iterator[dict[str, Any]]:
    """Yield every task of a list, those inside blocks too."""
    for item in items or []:
        if any(key in item for key in _NESTED):
            for key in _NESTED:
                yield from tasks(item.get(key))
        else:
            yield item


def task_files() -> list[Path]:
    """Return every task file of every role."""
    return sorted(path for path in ROLES.glob("*/*/*.yml") if path.parent.name in {"tasks", "handlers"})


def action(task: dict[str, Any]) -> str:
    """Return the module or action that a task calls."""
    found = [key for key in task if key not in KEYWORDS]
    assert len(found) == 1, f"one action a task, here {found}: {task}"
    return found[0]


def tracked() -> list[Path]:
    """Return the files that git tracks (empty when this is no git checkout)."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=False, capture_output=True, text=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name]
