"""Debian packages: those the lab needs on the machine, and those that images are made of."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Collection, Iterable
from pathlib import Path

import yaml

from lab.errors import LabError
from lab.paths import PACKAGE


def missing_packages() -> list[str]:
    """Return the packages of packages.yml of which no file is on the machine."""
    entries = yaml.safe_load((PACKAGE / "packages.yml").read_text())
    return [e["package"] for e in entries if not any(Path(f).exists() for f in e["files"])]


def install(packages: list[str]) -> None:
    """Install packages on the machine; needs root."""
    refresh()
    _apt("install", "-y", "--no-install-recommends", *packages)


def refresh() -> None:
    """Fetch apt's package lists."""
    _apt("update")


def closure(packages: Iterable[str], leave_out: Collection[str]) -> list[str]:
    """Return NAME=VERSION of packages and of all they depend on, as on an empty machine, sorted.

    What `leave_out` names is not in it, unless `packages` names it too.
    """
    wanted = list(packages)
    plan = _apt(
        "-o", "Dir::State::status=/dev/null", "-o", "APT::Install-Recommends=0",
        "--simulate", "install", *wanted,
    )  # fmt: skip
    return read_plan(plan, set(leave_out) - set(wanted))


def read_plan(plan: str, leave_out: Collection[str]) -> list[str]:
    """Read what apt would install, as NAME=VERSION."""
    found = re.findall(r"^Inst (\S+) \((\S+)", plan, re.MULTILINE)
    return sorted(f"{n}={v}" for n, v in found if n not in leave_out)


def fetch(versions: Iterable[str], cache: Path) -> dict[str, Path]:
    """Download packages that the cache lacks; return NAME=VERSION -> file."""
    cache.mkdir(parents=True, exist_ok=True)
    wanted = list(versions)
    if need := [v for v in wanted if v not in _cached(cache)]:
        _apt("-o", "APT::Sandbox::User=root", "download", *need, cwd=cache)
    have = _cached(cache)
    return {v: have[v] for v in wanted}


def unpack(package: Path, root: Path, leave_paths: Iterable[str]) -> None:
    """Unpack the files of a package below `root`, without those that match; no maintainer script runs."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as reader:
        done = subprocess.run(
            ["tar", "-x", "--keep-directory-symlink", "-C", str(root), *(f"--exclude={p}" for p in leave_paths)],
            stdin=reader.stdout, capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode or reader.returncode:
        raise LabError(f"{package.name} cannot be unpacked: {done.stderr.strip()}")


def _cached(cache: Path) -> dict[str, Path]:
    """Return NAME=VERSION -> file; a file's name writes ":" as "%3a"."""
    return {"=".join(path.name.split("_")[:2]).replace("%3a", ":"): path for path in cache.glob("*.deb")}


def _apt(*args: str, cwd: Path | None = None) -> str:
    done = subprocess.run(
        ["apt-get", "-q", *args],
        cwd=cwd,
        capture_output=True,
        text=True,
        env={**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
        check=False,
    )
    if done.returncode:
        why = [line for line in done.stderr.splitlines() if line.startswith("E:")] or ["no reason"]
        raise LabError(f"apt-get {args[0]} failed: {why[0]}")
    return done.stdout
