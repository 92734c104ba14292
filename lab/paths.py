"""Where the lab keeps things: one folder outside the tree."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from lab.errors import LabError

#: The checkout this program runs from.
CHECKOUT = Path(__file__).resolve().parent.parent
#: This package: manifests, pins, images.
PACKAGE = CHECKOUT / "lab"

# Folders that the lab covers with its own inside its mount namespace.
_COVERED = ("/run", "/proc", "/var/lib/kubelet", "/var/lib/cni")


@dataclass(frozen=True)
class Lab:
    """The folders of a lab: `home` outlives it, `run` is there while it runs."""

    home: Path

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Take TUHEG_LAB_HOME, else XDG_CACHE_HOME/tuheg-lab, else ~/.cache/tuheg-lab."""
        env = os.environ if environ is None else environ
        home = env.get("TUHEG_LAB_HOME") or os.path.join(  # noqa: PTH118
            env.get("XDG_CACHE_HOME") or f"{env.get('HOME') or '/root'}/.cache", "tuheg-lab"
        )
        path = Path(home).resolve()
        if any(path.is_relative_to(covered) for covered in _COVERED):
            raise LabError(
                f"TUHEG_LAB_HOME={home} lies in a folder that the lab covers with its own",
                "Choose another, for example /var/cache/tuheg-lab",
            )
        return cls(path)

    @property
    def bin(self) -> Path:
        return self.home / "bin"

    @property
    def src(self) -> Path:
        return self.home / "src"

    @property
    def img(self) -> Path:
        return self.home / "img"

    @property
    def stamps(self) -> Path:
        return self.home / "stamp"

    @property
    def run(self) -> Path:
        return self.home / "run"

    @property
    def pki(self) -> Path:
        return self.run / "pki"

    @property
    def log(self) -> Path:
        return self.run / "log"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's way in, through loopback."""
        return self.run / "admin.conf"

    @property
    def account(self) -> Path:
        """The kubeconfig of the least-privilege account."""
        return self.run / "tuheg-ir.conf"

    @property
    def audit_log(self) -> Path:
        return self.run / "audit.log"

    @property
    def images(self) -> Path:
        """All images, one docker archive."""
        return self.img / "images.tar"

    def program(self, name: str) -> Path:
        return self.bin / name


@dataclass(frozen=True)
class Plane(Lab):
    """The folders of a control plane alone: the lab's programs, and a state folder of its own."""

    @property
    def run(self) -> Path:
        return self.home / "control-plane"

    @property
    def lock(self) -> Path:
        """Held while it runs; tells whose it is."""
        return self.home / "control-plane.lock"
