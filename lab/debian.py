"""Debian packages: those the lab needs on the machine, and those that images are made of."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Collection, Iterable
from pathlib import Path

import yaml

from lab.errors import LabError
from lab.paths import PACKAGE

#: The release that images are made of, whatever the machine runs.
RELEASE = "bookworm"


def missing_packages() -> list[str]:
    """Return the packages of packages.yml of which no file is on the machine."""
    entries = yaml.safe_load((PACKAGE / "packages.yml").read_text())
    return [e["package"] for e in entries if not any(Path(f).exists() for f in e["files"])]


def install(packages: list[str]) -> None:
    """Install packages on the machine; needs root."""
    _apt("update")
    _apt("install", "-y", "--no-install-recommends", *packages)


class Archive:
    """The packages of RELEASE: the machine's own, or on another release, Debian's through lists of our own."""

    def __init__(self, home: Path, codename: str | None = None) -> None:
        self._cache = home / "debs"
        self._lists = home / "apt"
        self._own = (codename or platform.freedesktop_os_release().get("VERSION_CODENAME")) != RELEASE

    def refresh(self) -> None:
        """Fetch the package lists."""
        for folder in ("lists/partial", "cache/archives/partial"):
            (self._lists / folder).mkdir(parents=True, exist_ok=True)
        self._apt("update")

    def closure(self, packages: Iterable[str], leave_out: Collection[str]) -> list[str]:
        """Return NAME=VERSION of packages and of all they depend on, as on an empty machine, sorted.

        What `leave_out` names is not in it, unless `packages` names it too.
        """
        wanted = list(packages)
        plan = self._apt(
            "-o", "Dir::State::status=/dev/null", "-o", "APT::Install-Recommends=0", "--simulate", "install", *wanted
        )  # fmt: skip
        return read_plan(plan, set(leave_out) - set(wanted))

    def fetch(self, versions: Iterable[str]) -> dict[str, Path]:
        """Download packages that the cache lacks; return NAME=VERSION -> file."""
        self._cache.mkdir(parents=True, exist_ok=True)
        wanted = list(versions)
        have = cached(self._cache)
        if need := [version for version in wanted if version not in have]:
            self._apt("-o", "APT::Sandbox::User=root", "download", *need, cwd=self._cache)
            have = cached(self._cache)
        return {version: have[version] for version in wanted}

    def _apt(self, *args: str, cwd: Path | None = None) -> str:
        return _apt(*(self._options() if self._own else ()), *args, cwd=cwd)

    def _options(self) -> list[str]:
        settings = {
            "Dir::Etc::sourcelist": PACKAGE / "debian.sources",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Dir::State::lists": self._lists / "lists",
            "Dir::Cache": self._lists / "cache",
        }
        return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]


def read_plan(plan: str, leave_out: Collection[str]) -> list[str]:
    """Read what apt would install, as NAME=VERSION."""
    found = re.findall(r"^Inst (\S+) \((\S+)", plan, re.MULTILINE)
    return sorted(f"{name}={version}" for name, version in found if name not in leave_out)


def cached(folder: Path) -> dict[str, Path]:
    """Return NAME=VERSION -> file of the packages in a folder; a file's name writes ":" as "%3a"."""
    return {"=".join(path.name.split("_")[:2]).replace("%3a", ":"): path for path in folder.glob("*.deb")}


def unpack(package: Path, root: Path, leave_paths: Iterable[str]) -> None:
    """Unpack the files of a package below `root`, without those that match; no maintainer script runs."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as reader:
        done = subprocess.run(
            ["tar", "-x", "--keep-directory-symlink", "-C", str(root), *(f"--exclude={p}" for p in leave_paths)],
            stdin=reader.stdout, capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode or reader.returncode:
        raise LabError(f"{package.name} cannot be unpacked: {done.stderr.strip()}")


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
        why = [line for line in done.stderr.splitlines() if line.startswith("E:")] or ["no reason given"]
        raise LabError(f"apt-get {' '.join(a for a in args if a.isalpha())} failed: {why[0]}")
    return done.stdout
