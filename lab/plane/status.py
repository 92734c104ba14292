"""What a control plane alone is doing, in the words of the lab's status."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from lab import status
from lab.api import Api
from lab.errors import LabError
from lab.owner import read_owner
from lab.paths import Plane
from lab.plane.lifecycle import server
from lab.plane.processes import plane_processes
from lab.processes import PROC


def look(plane: Plane) -> dict[str, Any]:
    """Return {state, reason, owner, urls, units[], pods[], waiting_for[]}; see `lab.status.look`."""
    owner = read_owner(plane.lock)
    found = status.nothing()
    if not plane_processes(plane):
        if owner:
            found["reason"] = "it was killed; the next `up` or `down` cleans up what is left"
        return found
    found |= {"owner": status.who(owner) if owner else None, "units": status.units(plane, PROC)}
    try:
        found["urls"] = {"api": server(plane)}
    except LabError as error:
        return status.without_api(found, owner, error)
    return status.judge(found, owner, Api(plane.pki, urlsplit(found["urls"]["api"]).port or 0))
