"""Write the lock files that CI and `make` install from, from the ranges that users get (pyproject.toml).

One file serves every Python and machine: uv marks the lines that differ.
"""

from __future__ import annotations

import subprocess
import sys

from machine import ROOT
from venvs import COLLECTIONS_LOCK, INSTALLER_LOCK, LOCK, uv

_SCOPE = ("--universal", "--python-version", "3.11", "--fork-strategy", "requires-python")
_OUTPUT = ("--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url", "--quiet")


def main() -> int:
    """Resolve anew; `--upgrade` takes the newest of everything."""
    compile_ = [str(uv()), "pip", "compile", *_SCOPE, *_OUTPUT, *sys.argv[1:]]
    subprocess.run([*compile_, "pyproject.toml", "--group", "dev", "-o", LOCK], check=True, cwd=ROOT)
    for wanted, lock in (("ansible>=12,<15", COLLECTIONS_LOCK), ("uv>=0.8", INSTALLER_LOCK)):
        single = ("-", "--no-deps", "-o", lock)
        subprocess.run([*compile_, *single], check=True, cwd=ROOT, input=wanted, text=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
