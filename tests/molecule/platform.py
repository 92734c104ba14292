"""The platform of a Molecule run, for its steps: `python -m tests.molecule.platform up|break|down`.

Whatever it is, embedded or the lab, its folder then holds `inventory`, `account.conf` (the account
that plays run as) and `admin.conf` (whoever looks from outside).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from types import ModuleType

from lab.errors import LabError
from tests.molecule import held, on_lab
from tuheg_ir.errors import UsageError

PLATFORMS: dict[str, ModuleType] = {"sim": held, "lab": on_lab}


def main(arguments: list[str]) -> int:
    """Do one thing with the platform; 2 and one sentence where that cannot be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("do", choices=["up", "break", "down"])
    parser.add_argument("--on", default="sim")
    parser.add_argument("folder", type=Path)
    parser.add_argument("scenario", nargs="?", default="")
    asked = parser.parse_args(arguments)
    if asked.on not in PLATFORMS:
        parser.error(f"TUHEG_IR_ON={asked.on} is no platform: {' or '.join(PLATFORMS)}")
    platform = PLATFORMS[asked.on]
    try:
        if asked.do == "down":
            platform.stop(asked.folder)
        elif asked.do == "up":
            platform.start(asked.folder)
        else:
            platform.break_as(asked.folder, asked.scenario)
    except (UsageError, LabError, RuntimeError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
