"""Build what is not built yet; a second call finds nothing to do."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lab import debian, gobuild, host, images_build
from lab.paths import Lab
from lab.toolchain import find_go

Say = Callable[[str], None]


def build(lab: Lab, say: Say) -> bool:
    """Build everything; return False when there was nothing to do."""
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


def _programs(lab: Lab, say: Say) -> bool:
    todo = [module for module in gobuild.load_modules() if not module.fresh(lab)]
    if not todo:
        return False
    go = find_go(lab)
    names = ", ".join(module.name for module in todo)
    say(f"building {names}; about 20 minutes for all of them on two cores, if nothing is cached")
    for module in todo:
        gobuild.build(module, lab, go, say)
    return True


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
