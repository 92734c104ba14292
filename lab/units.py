"""The node's programs and their configuration, as data from lab/node with values filled in."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from string import Template
from typing import Any

import yaml

from lab import settings
from lab.paths import PACKAGE, Lab

NODE_FOLDER = PACKAGE / "node"

#: File of lab/node -> place under the run folder.
CONFIGURATION = {
    "containerd.toml": "containerd.toml",
    "10-lab.conflist": "cni/10-lab.conflist",
    "kubelet.yaml": "kubelet.yaml",
    "kube-proxy.yaml": "kube-proxy.yaml",
    "audit-policy.yaml": "audit-policy.yaml",
}


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
    """Read units.yml; `forwards` maps an inherited listening socket to an address inside."""
    known = values(lab)
    known["forwards"] = " ".join(f"{fd}={address}" for fd, address in forwards.items())
    entries = yaml.safe_load((NODE_FOLDER / "units.yml").read_text())
    return [
        Unit(
            name=entry["name"],
            command=tuple(Template(str(word)).substitute(known) for word in entry["command"]),
            after=tuple(entry.get("after", ())),
            once=entry.get("once", False),
        )
        for entry in entries
    ]


def has_failed(state: Mapping[str, Any]) -> bool:
    """Say whether a unit has ended that should not have, by what process 1 has written about it."""
    return state["code"] is not None and (state["code"] != 0 or not state["once"])


def configuration(lab: Lab) -> dict[str, str]:
    """Return the node's configuration files: path under the run folder -> text."""
    known = values(lab)
    return {
        place: Template((NODE_FOLDER / name).read_text()).substitute(known) for name, place in CONFIGURATION.items()
    }
