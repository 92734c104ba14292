"""Shares of the cores for what runs beside the lab.

A kernel with autogroups gives each session as much as any other, whatever the niceness of its processes; the lab, one
control group, gets as much as one of them. What is put into a control group of its own keeps to its share, whatever
sessions it starts. Where none can be made (no root), niceness has to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from machine import is_root


@dataclass(frozen=True)
class Share:
    """How much of the cores: the files of its control group, and words that do without one."""

    name: str
    files: Mapping[str, str]
    nice: tuple[str, ...]


# It runs when nobody else wants to.
IDLE = Share("idle", {"cpu.idle": "1"}, ("chrt", "--idle", "0"))


def words(share: Share) -> tuple[str, ...]:
    """Return what to put before a command so that it, and all that it starts, keep to a share."""
    place = _made(share) if is_root() else None
    if place is None:
        return share.nice
    return ("sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', str(place))


@contextmanager
def keeping_to(share: Share) -> Iterator[tuple[str, ...]]:
    """Give the words for a share, and remove its control group afterwards, unless something still runs in it."""
    try:
        yield words(share)
    finally:
        for place in _places(share):
            with suppress(OSError):
                place.rmdir()


def _made(share: Share) -> Path | None:
    """Make the control group of a share, or find it; None where the hierarchy is not ours to write."""
    for place in _places(share):
        try:
            place.mkdir(exist_ok=True)
            for name, value in share.files.items():
                (place / name).write_text(value, encoding="utf-8")
        except OSError:
            with suppress(OSError):
                place.rmdir()
            continue
        return place
    return None


def _places(share: Share) -> Iterator[Path]:
    """Yield where the control group of a share may be: hierarchies of version 1 have one controller or few."""
    from lab.host import cgroup_mounts

    for root, version in cgroup_mounts(Path("/proc/mounts").read_text(encoding="utf-8")):
        if version == 2 or (root / "cpu.shares").exists():
            yield root / f"tuheg-ir-{share.name}"
