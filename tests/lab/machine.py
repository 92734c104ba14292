"""What the lab could leave behind on a machine, as facts that can be compared."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lab import host, settings
from lab.owner import LOCK
from lab.paths import Lab
from lab.processes import INSIDE

NAMESPACES = ("net", "mnt", "pid", "uts", "ipc")
#: What the lab's programs would put into /run, were it not the lab's own.
RUN_NAMES = (LOCK.name, "containerd", "cni-addresses", "netns", "podlogs", "runc", "xtables.lock")


@dataclass(frozen=True)
class Traces:
    """Everything of the lab that is on the machine now."""

    processes: frozenset[str]
    links: frozenset[str]
    mounts: frozenset[str]
    tables: str
    cgroups: frozenset[str]
    kernel: tuple[tuple[str, str], ...]
    folders: frozenset[str]
    run: frozenset[str]
    ports: frozenset[str]


def traces(lab: Lab) -> Traces:
    """Look."""
    links = json.loads(_output("ip", "-json", "link"))
    mounts = Path("/proc/self/mounts").read_text()
    return Traces(
        processes=frozenset(_processes(lab)),
        links=frozenset(link["ifname"] for link in links),
        mounts=frozenset(mounts.splitlines()),
        tables=_output("nft", "list", "tables"),
        cgroups=frozenset(
            str(root / settings.CGROUP) for root, _ in host.cgroup_mounts(mounts) if (root / settings.CGROUP).exists()
        ),
        kernel=tuple(host.kernel_settings().items()),
        folders=frozenset(str(f) for f in (*settings.NODE_FOLDERS, lab.run) if Path(f).exists()),
        run=frozenset(p.name for p in LOCK.parent.iterdir() if p.name in RUN_NAMES),
        ports=frozenset(listening()),
    )


def listening() -> list[str]:
    """Return ADDRESS:PORT (hexadecimal) of the lab's ports on which somebody listens."""
    wanted = {f"{port:04X}" for port in settings.FORWARDS}
    lines = Path("/proc/net/tcp").read_text().splitlines() + Path("/proc/net/tcp6").read_text().splitlines()
    sockets = [line.split() for line in lines]
    return [s[1] for s in sockets if s[3] == "0A" and s[1].rsplit(":", 1)[1] in wanted]


def _processes(lab: Lab) -> list[str]:
    """Return the command lines of processes in other namespaces than ours, or that name the run folder."""
    ours = {name: str(Path(f"/proc/self/ns/{name}").readlink()) for name in NAMESPACES}
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            elsewhere = any(str((entry / "ns" / name).readlink()) != here for name, here in ours.items())
        except OSError:
            continue
        if elsewhere or INSIDE in command or re.search(rf"{re.escape(str(lab.run))}\b", command):
            found.append(command)
    return found


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
