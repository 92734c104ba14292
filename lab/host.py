"""What the lab changes on the machine itself, and how that is undone."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from lab import settings
from lab.errors import LabError

PROC = Path("/proc")


def need_root(why: str) -> None:
    """Raise LabError unless this process is root's."""
    if os.geteuid() != 0:
        raise LabError(f"the lab needs root: {why}", "Run it as root, for example with sudo")


def kernel_settings() -> dict[str, str]:
    """Return the kernel settings that the kubelet will change."""
    return {
        name: (PROC / "sys" / name).read_text().strip()
        for name in settings.KERNEL_SETTINGS
        if (PROC / "sys" / name).exists()
    }


def restore_kernel_settings(saved: dict[str, str]) -> None:
    for name, value in saved.items():
        path = PROC / "sys" / name
        if path.read_text().strip() != value:
            path.write_text(value)


def missing_folders() -> list[str]:
    """Return the folders that `make_folders` would create."""
    return [folder for folder in settings.NODE_FOLDERS if not Path(folder).exists()]


def make_folders(folders: list[str]) -> None:
    for folder in folders:
        Path(folder).mkdir(parents=True, exist_ok=True)


def remove_folders(folders: list[str]) -> None:
    """Remove the folders that the lab made, if nobody else has put something there."""
    for folder in folders:
        with contextlib.suppress(OSError):
            Path(folder).rmdir()


def cgroup_mounts(mounts: str) -> list[tuple[Path, int]]:
    """Read /proc/mounts: every cgroup hierarchy and its version."""
    found = []
    for line in mounts.splitlines():
        _, place, kind, *_ = line.split()
        if kind in ("cgroup", "cgroup2"):
            found.append((Path(place), 2 if kind == "cgroup2" else 1))
    return found


def make_cgroups() -> None:
    """Make the lab's cgroup in every hierarchy, with all controllers that there are."""
    for root, version in cgroup_mounts((PROC / "mounts").read_text()):
        if version == 2:
            _pass_controllers_on(root)
        with contextlib.suppress(OSError):  # a hierarchy mounted read-only has no controllers for us
            (root / settings.CGROUP).mkdir(exist_ok=True)


def _pass_controllers_on(root: Path) -> None:
    """Let children of a version 2 root use its controllers; the kubelet checks for them."""
    for controller in (root / "cgroup.controllers").read_text().split():
        with contextlib.suppress(OSError):
            (root / "cgroup.subtree_control").write_text(f"+{controller}")


def remove_cgroups(seconds: float = 5.0) -> list[Path]:
    """Remove the lab's cgroups, deepest first; return those that resist (a process is left in them)."""
    deadline = time.monotonic() + seconds
    while True:
        left = list(_remove_cgroups_once())
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.1)


def _remove_cgroups_once() -> Iterator[Path]:
    for root, _ in cgroup_mounts((PROC / "mounts").read_text()):
        top = root / settings.CGROUP
        for folder, _, _ in os.walk(top, topdown=False):
            try:
                Path(folder).rmdir()
            except FileNotFoundError:
                continue
            except OSError:
                yield Path(folder)
