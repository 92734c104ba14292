"""The command line: parse, call, print. Nothing is decided here."""

from __future__ import annotations

import sys


def main() -> None:
    """Run tuheg-ir with the arguments of this process and exit with its code."""
    from tuheg_ir.cli.app import run

    sys.exit(run(sys.argv[1:]))
