"""Build what is not built yet; a second call finds nothing to do."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lab import debian, gobuild, host, images_build, units
from lab.errors import LabError
from lab.paths import Lab, Plane
from lab.toolchain import find_go

Say = Callable[[str], None]


#: Programs of the machine that a control plane alone needs, and the Debian packages that have them.
MACHINE_PROGRAMS = {"openssl": "openssl", "setpriv": "util-linux"}


def build(lab: Lab, say: Say) -> bool:
    """Build everything that a lab needs, or a control plane alone; return False when there was nothing to do."""
    if isinstance(lab, Plane):
        _need_machine_programs()
        with _one_at_a_time(lab, say):
            return _programs(lab, say)
    with _one_at_a_time(lab, say):
        done = [step(lab, say) for step in (_packages, _programs, _images)]
    return any(done)


def _packages(_lab: Lab, say: Say) -> bool:
    missing = debian.missing_packages()
    if not missing:
        return False
    host.need_root(f"{', '.join(missing)} must be installed")
    debian.install(missing)
    say(f"installed {', '.join(missing)}")
    return True


def stale(lab: Lab) -> list[tuple[gobuild.Module, list[str]]]:
    """Return the modules, with the programs in each, that are still to be built for this lab or control plane."""
    modules = gobuild.load_modules()
    wanted = units.plane_programs()
    if not isinstance(lab, Plane):
        wanted = {name for module in modules for name in module.programs} - units.plane_only_programs()
    return [(module, names) for module in modules if (names := module.stale(lab, wanted))]


def _programs(lab: Lab, say: Say) -> bool:
    todo = stale(lab)
    if not todo:
        return False
    go = find_go(lab)
    names = ", ".join(module.name for module, _ in todo)
    say(f"building {names}; about 20 minutes for all of the lab on two cores, if nothing is cached")
    gobuild.build_all(todo, lab, go, say)
    return True


def _need_machine_programs() -> None:
    for program, package in MACHINE_PROGRAMS.items():
        if not shutil.which(program):
            raise LabError(f"the program {program} is not on this machine", f"Install {package}")


def _images(lab: Lab, say: Say) -> bool:
    if images_build.fresh(lab):
        return False
    host.need_root("images are unpacked with their owners and rights")
    images_build.build(lab, say)
    return True


@contextmanager
def _one_at_a_time(lab: Lab, say: Say) -> Iterator[None]:
    lab.home.mkdir(parents=True, exist_ok=True)
    with (lab.home / "build.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another build in the same folder")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
