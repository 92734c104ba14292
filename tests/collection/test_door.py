"""The package tuheg_ir is found installed or beside a checkout; what is wrong with it is one sentence."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.tuheg.ir.plugins.plugin_utils import door

import tuheg_ir


@pytest.fixture
def unloaded(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if tuheg_ir had never been imported, nor installed."""
    loaded = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "tuheg_ir"}
    for name in loaded:
        monkeypatch.delitem(sys.modules, name)
    finders = [f for f in sys.meta_path if "editable" not in getattr(f, "__module__", "") + type(f).__name__.lower()]
    root = str(Path(tuheg_ir.__file__).parents[1])
    monkeypatch.setattr(sys, "meta_path", finders)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if Path(entry or ".").resolve() != Path(root)])
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "tuheg_ir"]:
        del sys.modules[name]
    sys.modules.update(loaded)
    importlib.invalidate_caches()


def checkout(folder: Path, *, version: str = "0.1.0", package: str | None = "0.1.0") -> Path:
    """A collection of a version, and beside it a package of a version; the collection's path."""
    collection = folder / "collection"
    collection.mkdir()
    (collection / "galaxy.yml").write_text(f"---\nname: ir\nversion: {version}\n")
    if package:
        (folder / "tuheg_ir").mkdir()
        (folder / "tuheg_ir" / "__init__.py").write_text(f"__version__ = {package!r}\n")
        (folder / "tuheg_ir" / "errors.py").write_text("WHERE = __file__\n")
        (folder / "tuheg_ir" / "broken.py").write_text("import no_such_package\n")
    return collection


def test_the_package_that_is_installed_is_used() -> None:
    assert door.open_door("tuheg_ir.errors").__name__ == "tuheg_ir.errors"


def test_versions_of_the_collection_and_the_package_are_the_same() -> None:
    assert door.collection_version() == tuheg_ir.__version__


@pytest.mark.usefixtures("unloaded")
def test_else_the_one_beside_the_collection_is(tmp_path: Path) -> None:
    module = door.open_door("tuheg_ir.errors", checkout(tmp_path))
    assert str(tmp_path / "tuheg_ir" / "errors.py") == module.WHERE


@pytest.mark.usefixtures("unloaded")
def test_without_any_the_sentence_names_the_fix(tmp_path: Path) -> None:
    with pytest.raises(door.Missing) as caught:
        door.open_door("tuheg_ir.errors", checkout(tmp_path, package=None))
    assert str(caught.value).startswith("the Python package tuheg_ir cannot be imported (No module named 'tuheg_ir')")
    assert f"pip install tuheg-ir==0.1.0 into the Python of ansible-playbook ({sys.executable})" in str(caught.value)


@pytest.mark.usefixtures("unloaded")
def test_another_version_is_not_used(tmp_path: Path) -> None:
    with pytest.raises(door.Missing, match=r"tuheg_ir is 0\.2\.0, the collection tuheg\.ir is 0\.1\.0"):
        door.open_door("tuheg_ir.errors", checkout(tmp_path, package="0.2.0"))


@pytest.mark.usefixtures("unloaded")
def test_a_package_that_lacks_what_it_needs_is_told(tmp_path: Path) -> None:
    with pytest.raises(door.Missing, match="lacks something it needs \\(No module named 'no_such_package'\\)"):
        door.open_door("tuheg_ir.broken", checkout(tmp_path))


def test_an_installed_collection_tells_its_version_by_its_manifest(tmp_path: Path) -> None:
    (tmp_path / "MANIFEST.json").write_text('{"collection_info": {"version": "1.2.3"}}')
    assert door.collection_version(tmp_path) == "1.2.3"


@pytest.mark.usefixtures("unloaded")
def test_loading_ahead_never_fails() -> None:
    door.preload("tuheg_ir.no_such_module")
