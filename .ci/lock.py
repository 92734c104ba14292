"""Write the lock files that CI and `make` install from, from the ranges that users get (pyproject.toml).

One file serves every Python and machine: uv marks the lines that differ.
"""

from __future__ import annotations

import subprocess
import sys
import venv

from machine import CACHE, ROOT
from venvs import COLLECTIONS_LOCK, LOCK

_SCOPE = ("--universal", "--python-version", "3.11", "--fork-strategy", "requires-python")
_OUTPUT = ("--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url", "--quiet")


def main() -> int:
    """Resolve anew; `--upgrade` takes the newest of everything."""
    tools = CACHE / "lock"
    venv.create(tools, with_pip=True)
    subprocess.run([tools / "bin" / "pip", "install", "--quiet", "--upgrade", "uv"], check=True)
    compile_ = [str(tools / "bin" / "uv"), "pip", "compile", *_SCOPE, *_OUTPUT, *sys.argv[1:]]
    subprocess.run([*compile_, "pyproject.toml", "--group", "dev", "-o", LOCK], check=True, cwd=ROOT)
    bundle = "ansible>=12,<15"
    subprocess.run([*compile_, "-", "--no-deps", "-o", COLLECTIONS_LOCK], check=True, cwd=ROOT, input=bundle, text=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
