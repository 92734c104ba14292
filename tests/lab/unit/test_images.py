"""Images: everything that a manifest runs is made here, and nothing else could be run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab import gobuild, images_build, settings
from lab.paths import PACKAGE

SPEC = images_build.specification()
LAYERS = [layer for image in SPEC["images"].values() for layer in image["layers"]]
MANIFESTS = [*sorted((PACKAGE / "manifests").glob("*.yaml")), *sorted((PACKAGE / "platform/manifests").glob("*.yaml"))]


def images_in(value: Any) -> Iterator[str]:
    """Give the image of every container, wherever it is in a manifest."""
    if isinstance(value, dict):
        for key, below in value.items():
            if key == "image" and isinstance(below, str):
                yield below
            yield from images_in(below)
    elif isinstance(value, list):
        for below in value:
            yield from images_in(below)


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda p: p.name)
def test_every_image_of_a_manifest_is_one_that_we_make(manifest: Path) -> None:
    made = {f"{settings.REGISTRY}/{name}" for name in SPEC["images"]}
    assert set(images_in(list(yaml.safe_load_all(manifest.read_text())))) <= made


def test_no_name_reaches_a_registry() -> None:
    assert settings.REGISTRY.startswith("registry.invalid/")


def test_every_layer_is_of_one_known_kind() -> None:
    programs = {name for module in gobuild.load_modules() for name in module.programs}
    for layer in LAYERS:
        match layer:
            case {"root": name}:
                assert name in SPEC["roots"]
            case {"program": name}:
                assert name in programs
            case {"folder": folder, "at": place}:
                assert (PACKAGE / folder).is_dir()
                assert not place.startswith("/")
            case _:
                pytest.fail(f"{layer} is no layer")


def test_every_root_is_used() -> None:
    assert {layer["root"] for layer in LAYERS if "root" in layer} == set(SPEC["roots"])


def test_the_releases_of_the_gateway_are_the_same_program() -> None:
    gateway = [image for name, image in SPEC["images"].items() if name.startswith("backend-gateway:")]
    assert len(gateway) > 1
    assert all(image["layers"] == gateway[0]["layers"] for image in gateway)


def test_the_key_changes_with_the_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = {"images": {"a:1": {"layers": [{"folder": "app", "at": "opt/app"}]}}}
    (tmp_path / "app").mkdir()
    (tmp_path / "app/main.py").write_text("1")
    monkeypatch.setattr(images_build, "PACKAGE", tmp_path)
    before = images_build.key(spec)
    assert images_build.key(spec) == before
    (tmp_path / "app/main.py").write_text("2")
    assert images_build.key(spec) != before


def test_a_root_has_the_folders_that_packages_expect(tmp_path: Path) -> None:
    images_build.make_skeleton(tmp_path / "root")
    root = tmp_path / "root"
    assert (root / "bin").readlink() == Path("usr/bin")
    assert (root / "tmp").stat().st_mode & 0o7777 == 0o1777
    assert "postgres:x:999:999" in (root / "etc/passwd").read_text()
