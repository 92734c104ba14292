"""What this machine has: Pythons, root, apt. Standard library alone: it runs before there is any environment."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tuheg-ir" / "ci"
MINORS = (11, 12, 13)


def say(text: str) -> None:
    """Print one line of progress at once, in order with what child processes print."""
    print(f"{text}\n", end="", flush=True)  # in one piece: gates end side by side


def is_root() -> bool:
    """Tell whether this process may change the machine."""
    return os.geteuid() == 0


def apt_install(packages: list[str]) -> None:
    """Install Debian packages that are missing; say what to do where that is not possible.

    Raises SystemExit when a package is missing and cannot be installed.
    """
    missing = [name for name in packages if not _installed(name)]
    if not missing:
        return
    if not (is_root() and shutil.which("apt-get")):
        raise SystemExit(f"Missing system packages. As root: apt-get install {' '.join(missing)}")
    say(f"installing {' '.join(missing)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], check=True)
    subprocess.run(
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing], check=True, env=environment
    )


def _installed(package: str) -> bool:
    asked = subprocess.run(["dpkg-query", "-W", "-f=${Status}", package], check=False, capture_output=True, text=True)
    return asked.stdout.endswith("ok installed")


def pythons() -> dict[int, Path]:
    """Return one interpreter for each minor version of Python 3 that the project runs on and this machine has.

    The distribution's come first, then pyenv's. A machine with only a newer Python gives that one.
    """
    found: dict[int, Path] = {}
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for minor in MINORS:
        pyenv = sorted((root / "versions").glob(f"3.{minor}.*/bin/python"), reverse=True)
        for candidate in (f"python3.{minor}", *map(str, pyenv)):
            if path := _interpreter(candidate, minor):
                found[minor] = path
                break
    return found or {sys.version_info.minor: Path(sys.executable)}


def _interpreter(candidate: str, minor: int) -> Path | None:
    """Return the program behind a name, if it is that version and can make virtual environments."""
    code = f"import sys, ensurepip, venv; assert sys.version_info[:2] == (3, {minor}); print(sys.executable)"
    if not shutil.which(candidate):
        return None
    asked = subprocess.run([candidate, "-c", code], check=False, capture_output=True, text=True)
    return Path(asked.stdout.strip()) if asked.returncode == 0 else None


def digest(*parts: str | bytes) -> str:
    """Return a short hash that changes when one of the parts does."""
    total = hashlib.sha256()
    for part in parts:
        total.update(part.encode() if isinstance(part, str) else part)
        total.update(b"\0")
    return total.hexdigest()[:16]
