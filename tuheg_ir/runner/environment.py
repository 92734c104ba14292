"""The environment and the private folder of a run."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tuheg_ir.errors import ProjectError
from tuheg_ir.project import Project
from tuheg_ir.runner.processes import RUN_VARIABLE, of_run, start_time

PREFIX = "tuheg-ir-run-"


@contextmanager
def private_folder(run: str) -> Iterator[Path]:
    """Give a fresh folder that only this user can enter; it is gone afterwards, come what may.

    Its name tells the run and our pid, so that what a killed run leaves can be told from a
    living one's.
    """
    remove_leftovers()
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{run}-{os.getpid()}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers(run: str = "") -> None:
    """Delete the folders of runs that were killed: those of ``run``, which is known to be dead.

    Without ``run``: of every run of which neither the wrapper nor any other process lives.
    """
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}{run or '*'}-*"):
        name, _, pid = folder.name.removeprefix(PREFIX).rpartition("-")[0].rpartition("-")
        living = not pid.isdigit() or start_time(int(pid)) is not None or of_run(name)
        with suppress(FileNotFoundError):
            ours = folder.lstat().st_uid == os.getuid() and not folder.is_symlink()
            if ours and (run or not living):
                shutil.rmtree(folder, ignore_errors=True)


def write_private(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON that only this user can read."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(content, file)


def environment(project: Project, folder: Path, run: str) -> dict[str, str]:
    """Return what is set over the caller's environment for ansible-playbook.

    The caller's own Ansible settings for output, inventory plugins and the like would change what
    we read back, so the project's ansible.cfg is the only one in force; credentials (K8S_AUTH_*,
    KUBECONFIG) and proxies pass untouched.
    """
    programs = Path(sys.executable).parent
    if not (programs / "ansible-playbook").is_file():
        raise ProjectError(
            "ansible-playbook is not installed beside this Python",
            str(programs),
            "Install it: pip install tuheg-ir (it brings ansible-core).",
        )
    config = project.root / "ansible.cfg"
    if not config.is_file():  # the packaged copy: still not the user's own
        config = folder / "ansible.cfg"
        config.touch(mode=0o600)
    collections = [str(project.collections_path), os.environ.get("ANSIBLE_COLLECTIONS_PATH", "")]
    values = {
        RUN_VARIABLE: run,
        "PATH": os.pathsep.join([str(programs), os.environ.get("PATH", os.defpath)]),
        "ANSIBLE_CONFIG": str(config),
        "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join(filter(None, collections)),
        "ANSIBLE_HOST_PATTERN_MISMATCH": "error",
        "ANSIBLE_RETRY_FILES_ENABLED": "False",
        "ANSIBLE_SHOW_CUSTOM_STATS": "True",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_NOCOWS": "1",
        "ANSIBLE_DEPRECATION_WARNINGS": "False",
        # Modules carry their arguments, secrets too, into these.
        "ANSIBLE_LOCAL_TEMP": str(folder / "local"),
        "ANSIBLE_REMOTE_TEMP": str(folder / "remote"),
    }
    if "utf" not in _locale().lower():
        values["LC_ALL"] = "C.UTF-8"  # Ansible refuses to start without UTF-8
    return values


def _locale() -> str:
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    return next((os.environ[name] for name in names if os.environ.get(name)), "")
