"""Make the lab's images from Debian packages, built programs and folders of ours."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from lab import archive, debian, gobuild, settings, stamps
from lab.archive import Image, Layer
from lab.errors import LabError
from lab.paths import PACKAGE, Lab

Say = Callable[[str], None]

USERS = "root:x:0:0:root:/root:/bin/sh\npostgres:x:999:999::/tmp:/bin/sh\nredis:x:998:998::/tmp:/bin/sh\n"
GROUPS = "root:x:0:\npostgres:x:999:\nredis:x:998:\n"
#: This program's own part in what comes out; raised when the code below changes a root's content.
FORMAT = 1


def specification() -> dict[str, Any]:
    """Read images.yml."""
    spec: dict[str, Any] = yaml.safe_load((PACKAGE / "images.yml").read_text())
    return spec


def key(spec: Mapping[str, Any]) -> str:
    """Return the key of all that goes into the images, except for the versions of Debian's packages."""
    layers = [layer for image in spec["images"].values() for layer in image["layers"]]
    folders = sorted({layer["folder"] for layer in layers if "folder" in layer})
    programs = {layer["program"] for layer in layers if "program" in layer}
    built = [m.key() for m in gobuild.load_modules() if programs & set(m.programs)]
    sources = stamps.content([PACKAGE / folder for folder in folders], PACKAGE)
    return stamps.key(spec, built, sources, FORMAT, USERS)


def fresh(lab: Lab) -> bool:
    return stamps.is_fresh(lab, "images", key(specification()), [lab.images])


def build(lab: Lab, say: Say) -> None:
    """Make every layer that is not there yet, then the archive of all images."""
    spec = specification()
    lab.img.mkdir(parents=True, exist_ok=True)
    layers: dict[str, Layer] = {}
    images = []
    for name, entry in spec["images"].items():
        for wanted in entry["layers"]:
            if str(wanted) not in layers:
                layers[str(wanted)] = _layer(lab, spec, wanted, say)
        images.append(
            Image(
                name=f"{settings.REGISTRY}/{name}",
                layers=tuple(layers[str(wanted)] for wanted in entry["layers"]),
                command=tuple(entry["command"]),
                environment=entry.get("environment", {}),
            )
        )
    archive.write_images(lab.images, images)
    _forget_others(lab, {layer.file for layer in layers.values()})
    stamps.mark(lab, "images", key(spec))
    say(f"packed {len(images)} images, {lab.images.stat().st_size / 1e6:.0f} MB")


def _layer(lab: Lab, spec: Mapping[str, Any], wanted: Mapping[str, str], say: Say) -> Layer:
    match wanted:
        case {"root": name}:
            return _root_layer(lab, name, spec, say)
        case {"program": name}:
            contents = {f"usr/bin/{name}": lab.program(name)}
            value = archive.file_digest(lab.program(name))[:24]
            return _cached(lab, f"program-{name}", value, lambda file: archive.write_layer(file, contents))
        case {"folder": folder, "at": place}:
            source = PACKAGE / folder
            if not source.is_dir():
                raise LabError(f"images.yml: there is no folder lab/{folder}")
            value = stamps.key(stamps.content([source], PACKAGE), place)
            contents = archive.tree(source, place)
            return _cached(lab, f"folder-{source.name}", value, lambda file: archive.write_layer(file, contents))
        case _:
            raise LabError(f"images.yml: {wanted} is no layer")


def _cached(lab: Lab, name: str, value: str, make: Callable[[Path], Layer]) -> Layer:
    """Return the layer of this name and key, made only if it is not there."""
    file = lab.img / f"{name}-{value}.tar"
    if file.exists():
        return Layer(file, archive.file_digest(file))
    return make(file)


def _root_layer(lab: Lab, name: str, spec: Mapping[str, Any], say: Say) -> Layer:
    base, entry = spec["base"], spec["roots"][name]
    bytecode = entry.get("bytecode", [])
    versions, fetched = _packages(lab, [*base["packages"], *entry["packages"]], base["leave_out"])
    value = stamps.key(versions, bytecode, base, FORMAT, USERS)

    def make(file: Path) -> Layer:
        root = lab.img / f"{name}.root"
        shutil.rmtree(root, ignore_errors=True)
        make_skeleton(root)
        for version in versions:
            debian.unpack(fetched[version], root, base["leave_paths"])
        finish_root(root, base["tools"], bytecode)
        layer = archive.write_layer(file, archive.tree(root))
        shutil.rmtree(root)
        say(f"unpacked {len(versions)} Debian packages for {name}")
        return layer

    return _cached(lab, f"root-{name}", value, make)


def _packages(lab: Lab, packages: list[str], leave_out: list[str]) -> tuple[list[str], dict[str, Path]]:
    """Resolve and fetch packages; once more with fresh lists if they are missing or old."""
    source = debian.Archive(lab.home)
    try:
        versions = source.closure(packages, leave_out)
        return versions, source.fetch(versions)
    except LabError:
        source.refresh()
    versions = source.closure(packages, leave_out)
    return versions, source.fetch(versions)


def make_skeleton(root: Path) -> None:
    """Make the folders that packages expect: with /bin and the like as links into /usr."""
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    for name, mode in (("tmp", 0o1777), ("run", 0o755), ("etc", 0o755), ("root", 0o700)):
        (root / name).mkdir()
        (root / name).chmod(mode)
    (root / "etc/passwd").write_text(USERS)
    (root / "etc/group").write_text(GROUPS)


def finish_root(root: Path, tools: list[str], bytecode: list[str]) -> None:
    """Do what maintainer scripts would: tools' names, the linker's cache, compiled Python."""
    for tool in tools:
        link = root / "usr/bin" / tool
        if not link.is_symlink() and not link.exists():
            link.symlink_to("busybox")
    _run("ldconfig", "-r", str(root))
    (root / "var/cache/ldconfig/aux-cache").unlink(missing_ok=True)  # holds times
    if bytecode:
        # unchecked-hash: files in an image have no times to compare
        _run(
            "chroot", str(root), "/usr/bin/python3.11", "-m", "compileall", "-q",
            "--invalidation-mode", "unchecked-hash", *bytecode,
        )  # fmt: skip


def _forget_others(lab: Lab, keep: set[Path]) -> None:
    """Remove layers that no image uses any more."""
    for file in lab.img.glob("*-*.tar"):
        if file not in keep:
            file.unlink()


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"{command[0]} failed: {(done.stderr or done.stdout).strip()[-300:]}")
