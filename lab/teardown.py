"""Take the lab away: its processes, and all that it changed on the machine."""

from __future__ import annotations

import shutil

from lab import background, host
from lab.errors import LabError
from lab.owner import LOCK, Busy, Owner, claim, read_owner
from lab.paths import Lab
from lab.processes import end_processes


def clean(lab: Lab, owner: Owner | None) -> None:
    """End what runs and put back what was changed; works on whatever a killed run left."""
    background.stop_all(lab.run)
    end_processes(lab)
    left = host.remove_cgroups()
    if owner:
        host.restore_kernel_settings(owner.kernel)
        host.remove_folders(owner.folders)
    shutil.rmtree(lab.run, ignore_errors=True)
    if left:
        raise LabError(f"the cgroup {left[0]} cannot be removed: a process is still in it")


def down(lab: Lab) -> bool:
    """Remove the lab; False when there was none. Refuses to take away somebody else's."""
    host.need_root("its processes are root's")
    owner = read_owner(LOCK)
    refuse_strangers(lab, owner)
    had = owner is not None or lab.run.exists()
    end_processes(lab)
    try:
        with claim() as held:
            clean(lab, owner)
            held.forget()
    except Busy as busy:
        raise still_there(busy.owner) from None
    return had


def refuse_strangers(lab: Lab, owner: Owner | None) -> None:
    """Raise LabError when the lab is another home's, or is just being started."""
    if owner is None or owner.abandoned:
        return
    if owner.home != str(lab.home):
        raise LabError(owner.sentence(), f"Take it down there: TUHEG_LAB_HOME={owner.home} python -m lab down")
    if owner.phase != "up":
        raise LabError(owner.sentence(), "Wait for it, or stop that process; it cleans up itself")


def still_there(owner: Owner | None) -> LabError:
    """Return the error for a lock that another process holds."""
    if owner is None:
        return LabError("another process is starting or stopping a lab", "Try again in a minute")
    return LabError(owner.sentence(), "Take it down first: python -m lab down")
