"""The command line: parse, call, print. Nothing is decided here."""

from __future__ import annotations

import gc
import sys

_YOUNG = 200_000
"""So many new objects there are before they are looked through for cycles: modules and answers have none.

Most commands end before. Python's own 700 cost a diagnosis 30 ms.
"""


def main() -> None:
    """Run tuheg-ir with the arguments of this process and exit with its code."""
    gc.set_threshold(_YOUNG)
    from tuheg_ir.cli.app import run

    code = run(sys.argv[1:])
    gc.freeze()  # at its end Python would look through all there is, for 50 ms
    sys.exit(code)
