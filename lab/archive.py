"""Layers and images as tar files, the same bytes for the same content."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: The machine's processor, as images name it.
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"


@dataclass(frozen=True)
class Layer:
    """An uncompressed tar of files, and its sha256 (hex)."""

    file: Path
    digest: str


@dataclass(frozen=True)
class Image:
    """An image: full name with tag, layers from the lowest up, what it runs and with what variables."""

    name: str
    layers: tuple[Layer, ...]
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)

    def config(self) -> bytes:
        """Return the image's configuration as the image format wants it."""
        variables = {"PATH": PATH, **self.environment}
        return _json(
            {
                "architecture": ARCHITECTURE,
                "os": "linux",
                "config": {
                    "Entrypoint": list(self.command),
                    "Env": [f"{k}={v}" for k, v in variables.items()],
                },
                "rootfs": {"type": "layers", "diff_ids": [f"sha256:{x.digest}" for x in self.layers]},
                "history": [{}] * len(self.layers),
            }
        )


def write_layer(target: Path, contents: Mapping[str, Path]) -> Layer:
    """Write the tar of files and folders (place in the image -> path) and return it.

    Sorted, without times; __pycache__ of folders of ours is left out by the caller's choice of paths.
    """
    part = target.with_name(target.name + ".part")
    with tarfile.open(part, "w", format=tarfile.PAX_FORMAT) as tar:
        for place, path in sorted(contents.items()):
            tar.add(path, arcname=place, recursive=False, filter=_plain)
    digest = file_digest(part)
    part.replace(target)
    return Layer(target, digest)


def tree(root: Path, at: str = "") -> dict[str, Path]:
    """Return place in the image -> path for everything below a folder; `at` puts it deeper."""
    found = {f"{at}/{p.relative_to(root)}".lstrip("/"): p for p in root.rglob("*")}
    return {place: path for place, path in found.items() if at == "" or "__pycache__" not in place}


def write_images(target: Path, images: list[Image]) -> None:
    """Write all images as one docker archive; a layer that several share is in it once."""
    part = target.with_name(target.name + ".part")
    manifest, layers = [], {layer.digest: layer for image in images for layer in image.layers}
    with tarfile.open(part, "w") as tar:
        for digest, layer in layers.items():
            tar.add(layer.file, arcname=f"{digest}/layer.tar", filter=_plain)
        for image in images:
            config = image.config()
            name = f"{hashlib.sha256(config).hexdigest()}.json"
            _put(tar, name, config)
            manifest.append(
                {
                    "Config": name,
                    "RepoTags": [image.name],
                    "Layers": [f"{layer.digest}/layer.tar" for layer in image.layers],
                }
            )
        _put(tar, "manifest.json", _json(manifest))
    part.replace(target)


def file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mtime = 0
    member.uname = member.gname = ""
    return member


def _put(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True).encode()
