"""Shares of the cores for what runs beside the lab.

A kernel with autogroups gives each session as much as any other, whatever the niceness of its processes; the lab, one
control group, gets as much as one of them. What is put into a control group of its own keeps to its share, whatever
sessions it starts. Where none can be made (no root), niceness has to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from machine import is_root


@dataclass(frozen=True)
class Share:
    """How much of the cores: the files of its control group, by version of the hierarchy, and words that do without."""

    name: str
    files: Mapping[int, Mapping[str, str]]
    nice: tuple[str, ...]


# It waits little and goes by the clock: the lab comes first, but it is not starved.
POLITE = Share("polite", {1: {"cpu.shares": "256"}, 2: {"cpu.weight": "25"}}, ("nice", "-n", "10"))
# It runs when nobody else wants to.
IDLE = Share("idle", {1: {"cpu.idle": "1"}, 2: {"cpu.idle": "1"}}, ("chrt", "--idle", "0"))


def words(share: Share | None) -> tuple[str, ...]:
    """Return what to put before a command so that it, and all that it starts, keep to a share; None: to any."""
    if share is None:
        return ()
    place = _made(share) if is_root() else None
    if place is None:
        return share.nice
    return ("sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', str(place))


def remove() -> None:
    """Remove the control groups that nothing runs in any more."""
    for share in (POLITE, IDLE):
        for place, _ in _places(share):
            with suppress(OSError):
                place.rmdir()


def _made(share: Share) -> Path | None:
    """Make the control group of a share, or find it; None where the hierarchy is not ours to write."""
    for place, version in _places(share):
        try:
            place.mkdir(exist_ok=True)
            for name, value in share.files[version].items():
                (place / name).write_text(value, encoding="utf-8")
        except OSError:
            with suppress(OSError):
                place.rmdir()
            continue
        return place
    return None


def _places(share: Share) -> Iterator[tuple[Path, int]]:
    """Yield where the control group of a share may be, with the version of the hierarchy."""
    from lab.host import cgroup_mounts

    for root, version in cgroup_mounts(Path("/proc/mounts").read_text(encoding="utf-8")):
        if version == 2 or (root / "cpu.shares").exists():
            yield root / f"tuheg-ir-{share.name}", version
