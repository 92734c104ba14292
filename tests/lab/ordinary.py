"""An ordinary user with a home of their own, in which the lab's programs are built."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from lab.paths import CHECKOUT, Plane
from lab.units import plane_programs
from tests.lab.world import Done

NOBODY = 65534


@dataclass(frozen=True)
class User:
    """Who runs `python -m lab`: with this number, None for ourselves; `why_not` says why it is not an ordinary user."""

    home: Path
    python: str
    number: int | None = None
    packages: str = ""
    why_not: str = ""

    @property
    def plane(self) -> Plane:
        return Plane(self.home / ".cache" / "tuheg-lab")

    def begin(self, *args: str) -> subprocess.Popen[str]:
        """Start `python -m lab ... --control-plane-only`."""
        name = "nobody" if self.number else os.environ.get("USER", "somebody")
        return subprocess.Popen(
            [self.python, "-m", "lab", *args, "--control-plane-only"],
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.home), "USER": name, "PYTHONPATH": self.packages},
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **_become(self.number),
        )

    def lab(self, *args: str) -> Done:
        """Run it to its end."""
        process = self.begin(*args)
        out, err = process.communicate(timeout=120)
        return Done(process.returncode, out, err)


@contextmanager
def ordinary_user(built: Plane) -> Iterator[User]:
    """Give a user other than root, where that can be, with what is built copied into their own home."""
    home = Path(mkdtemp(prefix="tuheg-user-", dir="/tmp"))
    try:
        user = _user(home)
        for source, names in ((built.bin, plane_programs()), (built.stamps, _stamps())):
            target = user.plane.home / source.name
            target.mkdir(parents=True)
            for name in names:
                _same(source / name, target / name)
        if user.number:
            for path in (home, *home.rglob("*")):
                if path.is_dir():
                    os.chown(path, NOBODY, NOBODY)
        yield user
    finally:
        shutil.rmtree(home)


def _stamps() -> set[str]:
    return {f"go-{name}" for name in plane_programs()}


def _same(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:  # another file system
        shutil.copy2(source, target)


def _user(home: Path) -> User:
    packages = sysconfig.get_path("purelib")
    if os.geteuid() != 0:
        return User(home, sys.executable)
    script = "import sys, click, yaml, lab; assert sys.version_info >= (3, 11)"
    for python in (sys.executable, "/usr/bin/python3"):
        environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": packages}
        command = [python, "-c", script]
        with suppress(OSError, subprocess.CalledProcessError):
            subprocess.run(
                command, env=environment, cwd=CHECKOUT, capture_output=True, check=True, **_become(NOBODY)
            )  # fmt: skip
            return User(home, python, NOBODY, packages)
    return User(home, sys.executable, why_not="no Python and checkout here that an ordinary user can read")


def _become(number: int | None) -> dict[str, Any]:
    return {} if number is None else {"user": number, "group": number, "extra_groups": []}
