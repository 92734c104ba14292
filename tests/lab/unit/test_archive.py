"""Layers and images: the same bytes for the same content, each layer once."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.archive import Image, Layer, tree, write_images, write_layer

NAMES = st.text("abcdef", min_size=1, max_size=4)


@given(files=st.dictionaries(NAMES, st.binary(max_size=50), min_size=1, max_size=6), data=st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_layer_is_the_same_whatever_order_and_times_its_files_have(
    files: dict[str, bytes], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("layer")
    for name, content in files.items():
        (folder / name).write_bytes(content)
    first = write_layer(folder.with_suffix(".1"), {n: folder / n for n in files})
    for name in files:
        os.utime(folder / name, (data.draw(st.integers(0, 2**31)),) * 2)
    second = write_layer(folder.with_suffix(".2"), {n: folder / n for n in data.draw(st.permutations(list(files)))})
    assert first.digest == second.digest == hashlib.sha256(second.file.read_bytes()).hexdigest()


def test_another_content_or_place_is_another_layer(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    (tmp_path / "b").write_text("2")
    digests = {
        write_layer(tmp_path / "t", contents).digest
        for contents in ({"x": tmp_path / "a"}, {"x": tmp_path / "b"}, {"y": tmp_path / "a"})
    }
    assert len(digests) == 3


def test_a_tree_is_put_deeper_without_what_python_left_beside_it(tmp_path: Path) -> None:
    (tmp_path / "pkg/__pycache__").mkdir(parents=True)
    (tmp_path / "pkg/__pycache__/m.pyc").touch()
    (tmp_path / "pkg/m.py").touch()
    assert set(tree(tmp_path, "opt/apps")) == {"opt/apps/pkg", "opt/apps/pkg/m.py"}


def test_the_roots_own_bytecode_stays(tmp_path: Path) -> None:
    (tmp_path / "usr/lib/__pycache__").mkdir(parents=True)
    (tmp_path / "usr/lib/__pycache__/m.pyc").touch()
    assert "usr/lib/__pycache__/m.pyc" in tree(tmp_path)


@pytest.fixture
def images(tmp_path: Path) -> list[Image]:
    layers = []
    for name in ("base", "top"):
        (tmp_path / name).write_text(name)
        layers.append(write_layer(tmp_path / f"{name}.tar", {name: tmp_path / name}))
    base, top = layers
    return [
        Image("registry.invalid/lab/a:1", (base,), ("/bin/a",)),
        Image("registry.invalid/lab/b:1", (base, top), ("/bin/b", "-x"), {"RELEASE": "2"}),
    ]


def read(path: Path, name: str) -> bytes:
    with tarfile.open(path) as tar:
        file = tar.extractfile(name)
        assert file
        return file.read()


def test_images_share_layers_in_the_archive(tmp_path: Path, images: list[Image]) -> None:
    write_images(tmp_path / "images.tar", images)
    with tarfile.open(tmp_path / "images.tar") as tar:
        names = tar.getnames()
    assert len(names) == len(set(names))
    assert sum(name.endswith("/layer.tar") for name in names) == 2


def test_the_archive_says_what_each_image_is(tmp_path: Path, images: list[Image]) -> None:
    write_images(tmp_path / "images.tar", images)
    manifest = json.loads(read(tmp_path / "images.tar", "manifest.json"))
    assert [entry["RepoTags"] for entry in manifest] == [["registry.invalid/lab/a:1"], ["registry.invalid/lab/b:1"]]
    config = json.loads(read(tmp_path / "images.tar", manifest[1]["Config"]))
    assert config["config"]["Entrypoint"] == ["/bin/b", "-x"]
    assert "RELEASE=2" in config["config"]["Env"]
    for digest, layer in zip(config["rootfs"]["diff_ids"], manifest[1]["Layers"], strict=True):
        assert digest == "sha256:" + hashlib.sha256(read(tmp_path / "images.tar", layer)).hexdigest()


def test_the_archive_is_the_same_twice(tmp_path: Path, images: list[Image]) -> None:
    for name in ("1", "2"):
        write_images(tmp_path / name, images)
        for layer in {layer.file for image in images for layer in image.layers}:
            os.utime(layer, (1, 1))
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_a_name_changes_the_archive_and_not_the_image(images: list[Image]) -> None:
    other = Image("registry.invalid/lab/c:1", images[0].layers, images[0].command)
    assert other.config() == images[0].config()
    assert Image("x", (Layer(Path("f"), "0" * 64),), ("/bin/a",)).config() != images[0].config()
