"""The node's programs and their configuration, as data from lab/node with values filled in."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from string import Template
from typing import Any

import yaml

from lab import settings
from lab.paths import PACKAGE, Lab, Plane

NODE_FOLDER = PACKAGE / "node"

#: File of lab/node -> place under the run folder.
CONFIGURATION = {
    "containerd.toml": "containerd.toml",
    "10-lab.conflist": "cni/10-lab.conflist",
    "kubelet.yaml": "kubelet.yaml",
    "kube-proxy.yaml": "kube-proxy.yaml",
    "audit-policy.yaml": "audit-policy.yaml",
}
PLANE_CONFIGURATION = {name: name for name in ("audit-policy.yaml", "kwok-node.yaml")}

#: A program that a control plane's first process starts ends with it: no namespace does that there.
TOGETHER = ("setpriv", "--pdeathsig", "KILL", "--")


@dataclass(frozen=True)
class Unit:
    """A program of the node: started when all of `after` holds; `once` means that it ends by itself."""

    name: str
    command: tuple[str, ...]
    after: tuple[str, ...] = ()
    once: bool = False


def values(lab: Lab) -> dict[str, str]:
    """Return what `${...}` in lab/node stands for."""
    return {
        "run": str(lab.run),
        "configuration": str(NODE_FOLDER),
        "images": str(lab.images),
        "python": sys.executable,
        "registry": settings.REGISTRY,
        "cgroup": settings.CGROUP,
        "node": settings.NODE,
        "node_address": settings.NODE_ADDRESS,
        "pod_range": settings.POD_RANGE,
        "service_range": settings.SERVICE_RANGE,
        "dns_address": settings.DNS_ADDRESS,
        "namespace": settings.NAMESPACE,
        "account": settings.ACCOUNT,
    }


def load_units(lab: Lab, forwards: Mapping[int, str]) -> list[Unit]:
    """Read the lab's units; `forwards` maps an inherited listening socket to an address inside."""
    return _read(
        "lab",
        values(lab)
        | {
            "forwards": " ".join(f"{fd}={address}" for fd, address in forwards.items()),
            "etcd": "http://127.0.0.1:2379",
            "etcd_peer": "http://127.0.0.1:2380",
            "api_bind": "0.0.0.0",
            "api_port": settings.API_ADDRESS.rsplit(":", 1)[1],
        },
    )


def load_plane_units(plane: Plane, port: int) -> list[Unit]:
    """Read the units of a control plane alone, whose API listens on this port of 127.0.0.1.

    etcd listens on sockets in the run folder, where no other user of the machine gets at it.
    """
    known = {"etcd": "unix://etcd:0", "etcd_peer": "unix://etcd-peer:0", "api_bind": "127.0.0.1", "api_port": str(port)}
    return [replace(unit, command=(*TOGETHER, *unit.command)) for unit in _read("control-plane", values(plane) | known)]


def plane_programs() -> set[str]:
    """Return the built programs that a control plane alone needs."""
    return {"kubectl", *(entry["command"][0] for entry in _entries() if _is_in("control-plane", entry))}


def plane_only_programs() -> set[str]:
    """Return the built programs that nothing but a control plane alone needs."""
    return {entry["command"][0] for entry in _entries() if not _is_in("lab", entry)}


def _entries() -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = yaml.safe_load((NODE_FOLDER / "units.yml").read_text())
    return entries


def _is_in(where: str, entry: Mapping[str, Any]) -> bool:
    return entry.get("only") in (None, where)


def _read(where: str, known: Mapping[str, str]) -> list[Unit]:
    return [
        Unit(
            name=entry["name"],
            command=tuple(Template(str(word)).substitute(known) for word in entry["command"]),
            after=tuple(entry.get("after", ())),
            once=entry.get("once", False),
        )
        for entry in _entries()
        if _is_in(where, entry)
    ]


def has_failed(state: Mapping[str, Any]) -> bool:
    """Say whether a unit has ended that should not have, by what process 1 has written about it."""
    return state["code"] is not None and (state["code"] != 0 or not state["once"])


def configuration(lab: Lab) -> dict[str, str]:
    """Return the node's configuration files: path under the run folder -> text."""
    known = values(lab)
    files = PLANE_CONFIGURATION if isinstance(lab, Plane) else CONFIGURATION
    return {place: Template((NODE_FOLDER / name).read_text()).substitute(known) for name, place in files.items()}
