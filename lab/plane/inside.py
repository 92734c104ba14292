"""First process of a control plane alone: starts its programs, which end with it.

    python -m lab.plane.inside RUN PORT

What it has done is in RUN/state.json. It and all that it starts carry the run folder in their
environment, by which they are found again (`lab.plane.processes`).
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

from lab.api import Api
from lab.inside import Supervisor
from lab.paths import CHECKOUT, Plane
from lab.units import load_plane_units


def main(run: Path, port: int) -> NoReturn:
    """Be the first process."""

    def end(_signal: int, _frame: FrameType | None) -> NoReturn:
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    plane = Plane(run.parent)
    # setpriv may lie in a folder that an ordinary user's PATH has not
    os.environ.update(PATH=f"{plane.bin}:{os.environ.get('PATH', '')}:/usr/bin:/bin:/usr/sbin", HOME=str(run))
    os.environ["PYTHONPATH"] = f"{CHECKOUT}:{os.environ.get('PYTHONPATH', '')}"
    api = Api(plane.pki, port, timeout=1.0)
    supervisor = Supervisor(run, {"api": api.ready})
    supervisor.start_all(load_plane_units(plane, port))
    supervisor.stay()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
