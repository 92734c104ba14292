"""A supervisor in a process of its own, for test_inside: units as JSON -> RUN/state.json."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from lab.inside import Supervisor
from lab.units import Unit

run, given = Path(sys.argv[1]), json.loads(sys.argv[2])
(run / "log").mkdir()
supervisor = Supervisor(run, {"flag": (run / "flag").exists})
supervisor.start_all(
    [Unit(u["name"], tuple(u["command"]), tuple(u.get("after", ())), u.get("once", False)) for u in given]
)
supervisor.stay()
