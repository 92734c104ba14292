"""The command line: parse, call, print. Nothing is decided here."""

from __future__ import annotations

import gc
import sys

_YOUNG = 200_000
"""So many new objects there are before they are looked through for cycles: modules and answers have none.

Most commands end before. Python's own 700 cost a diagnosis 30 ms.
"""
_LASTING = ("respond", "resume", "drill")
"""Commands that go on for as long as an incident: what a cycle holds, as a text that came with an error, must go."""


def main() -> None:
    """Run tuheg-ir with the arguments of this process and exit with its code."""
    arguments = sys.argv[1:]
    if not arguments or arguments[0] not in _LASTING:
        gc.set_threshold(_YOUNG)
    from tuheg_ir.cli.app import run

    code = run(arguments)
    gc.freeze()  # at its end Python would look through all there is, for 50 ms
    sys.exit(code)
