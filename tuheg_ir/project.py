"""Where the playbooks, inventories and collections are.

The nearest checkout wins over the copy that an installed package carries, so that what a responder
edits is what runs.
"""

from __future__ import annotations

import importlib
import json
import operator
import os
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from tuheg_ir.errors import ProjectError
from tuheg_ir.named import NamedTuple

_PACKAGE = Path(__file__).resolve().parent
_OURS = Path("ansible_collections/tuheg/ir")
_RIGHTS = Path("rbac/tuheg-ir.yml")
_UTILS = "ansible_collections.tuheg.ir.plugins.module_utils"
_INSTALL = (
    "Install it: pip install 'tuheg-ir[collections]', or with Galaxy in reach: "
    "ansible-galaxy collection install -r collections/requirements.yml"
)
_COMPARE: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}


class Project(NamedTuple):
    """A place that holds everything a play needs.

    ``packaged`` is true for the copy inside an installed package, false for a checkout.
    """

    root: Path
    playbooks: Path
    inventories: Path
    collections_path: Path
    packaged: bool

    def playbook(self, name: str) -> Path:
        """Return the path of playbook ``name`` (no ``.yml``); ProjectError if there is none."""
        path = self.playbooks / f"{name}.yml"
        if not path.is_file():
            there = ", ".join(sorted(p.stem for p in self.playbooks.glob("*.yml"))) or "none"
            raise ProjectError(f"There is no playbook {name!r}", str(path), f"Playbooks there: {there}.")
        return path

    def module_utils(self, *names: str) -> ModuleType:
        """Import the collection's module_utils; return the package, its modules as attributes.

        ``names`` limits the import to the modules named; none imports all of them. Inside Ansible
        its own collection loader is at work already and is left alone.
        """
        _make_importable(self.collections_path)
        try:
            package = importlib.import_module(_UTILS)
            for name in names or [m.name for m in pkgutil.iter_modules(package.__path__)]:
                importlib.import_module(f"{_UTILS}.{name}")
        except ImportError as error:
            raise ProjectError(
                "The collection tuheg.ir cannot be imported",
                f"{self.collections_path / _OURS}: {error}",
                "Install tuheg-ir again, or run from a complete checkout.",
            ) from error
        return package

    def account(self) -> list[dict[str, Any]]:
        """Return the objects of the account that plays run as (rbac/): its ServiceAccount and its rights."""
        import yaml

        path = self.root / _RIGHTS
        try:
            objects = [
                item for item in yaml.load_all(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader) if item
            ]
        except (OSError, yaml.YAMLError) as error:
            raise ProjectError(
                "The rights of the account cannot be read",
                f"{path}: {error}",
                "Install tuheg-ir again, or run from a complete checkout.",
            ) from error
        return objects

    def check_collections(self) -> None:
        """Make sure that the collections which the plays use are there in a version that works.

        Reads manifests only; Ansible is not started. Raises ProjectError with the fix.
        """
        for name, wanted in self._required_collections().items():
            found = _installed_version(name, self._search_paths())
            if found is None:
                raise ProjectError(f"The Ansible collection {name} is not installed", f"needed: {wanted}", _INSTALL)
            if not satisfies(found, wanted):
                raise ProjectError(
                    f"The Ansible collection {name} has a version that does not work",
                    f"found {found}, needed: {wanted}",
                    _INSTALL,
                )

    def _required_collections(self) -> dict[str, str]:
        import yaml

        path = self.collections_path / _OURS / "galaxy.yml"
        try:
            content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        except (OSError, yaml.YAMLError) as error:
            raise ProjectError(
                "The description of the collection tuheg.ir cannot be read",
                f"{path}: {error}",
                "Install tuheg-ir again, or run from a complete checkout.",
            ) from error
        return dict(content.get("dependencies") or {})

    def _search_paths(self) -> Iterator[Path]:
        """Yield where ansible-playbook looks under the project's ansible.cfg."""
        yield self.collections_path
        for entry in os.environ.get("ANSIBLE_COLLECTIONS_PATH", "").split(os.pathsep):
            if entry:
                yield Path(entry).expanduser()
        yield from (Path(entry) for entry in sys.path if entry)


def find_project(start: Path | None = None) -> Project:
    """Find the project: the nearest checkout at or above ``start`` (default: where we are).

    Without one: the packaged copy; without that (an editable install used from elsewhere): the
    checkout that this module lies in. Raises ProjectError when there is none at all.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if _is_checkout(folder):
            return _project(folder, packaged=False)
    packaged = _PACKAGE / "_project"
    if (packaged / "playbooks").is_dir():
        return _project(packaged, packaged=True)
    if _is_checkout(_PACKAGE.parent):
        return _project(_PACKAGE.parent, packaged=False)
    raise ProjectError(
        "The playbooks cannot be found",
        f"looked in {here} and above, and in {packaged}",
        "Change to a checkout of tuheg-ir, or install the package again.",
    )


@lru_cache(maxsize=16)
def module_utils(*names: str) -> Any:
    """Return the collection's module_utils with the named modules, wherever we run. Raises ProjectError.

    Ansible's own loader knows them; without Ansible the project does.
    """
    try:
        package = importlib.import_module(_UTILS)
        for name in names:
            importlib.import_module(f"{_UTILS}.{name}")
    except ImportError:
        return find_project().module_utils(*names)
    return package


def satisfies(version: str, wanted: str) -> bool:
    """Tell whether ``version`` meets every clause of ``wanted``, such as ``>=6.2.0,<7.0.0``.

    Understands what galaxy.yml may say: comparisons joined by commas, and ``*``. A pre-release
    counts as its release.
    """
    number = _numbers(version)
    for clause in filter(None, (part.strip() for part in wanted.split(","))):
        match = re.fullmatch(r"(>=|<=|==|!=|>|<|=)?\s*([\w.+-]+|\*)", clause)
        if match is None:
            raise ProjectError("A version range cannot be understood", wanted, "Write >=1.2,<2.")
        sign, bound = match.groups()
        if bound != "*" and not _COMPARE[{None: "==", "=": "=="}.get(sign, sign)](number, _numbers(bound)):
            return False
    return True


def _is_checkout(folder: Path) -> bool:
    return (folder / "playbooks").is_dir() and (folder / "collection" / "galaxy.yml").is_file()


def _project(root: Path, *, packaged: bool) -> Project:
    return Project(
        root=root,
        playbooks=root / "playbooks",
        inventories=root / "inventories",
        collections_path=root / "collections",
        packaged=packaged,
    )


def _make_importable(collections_path: Path) -> None:
    """Let ``import ansible_collections.tuheg.ir`` find ``collections_path`` first."""
    from importlib.util import find_spec

    if "ansible_collections" in sys.modules and find_spec("ansible_collections.tuheg") is not None:
        return
    entry = str(collections_path)
    if entry not in sys.path:
        sys.path.insert(0, entry)
        importlib.invalidate_caches()
    # A regular package of that name (some bundles ship one) hides every other portion.
    package = importlib.import_module("ansible_collections")
    ours = str(collections_path / "ansible_collections")
    if ours not in package.__path__:
        package.__path__.append(ours)


def _manifest_version(manifest: Path) -> str | None:
    try:
        info = json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]
    except (OSError, ValueError, KeyError):
        return None
    return str(info.get("version"))


def _installed_version(name: str, paths: Iterator[Path]) -> str | None:
    folder = Path("ansible_collections", *name.split("."))
    for path in paths:
        version = _manifest_version(path / folder / "MANIFEST.json")
        if version is not None:
            return version
    return None


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numeric parts, padded so that 6.2 equals 6.2.0."""
    release = re.split(r"[-+]", version, maxsplit=1)[0]
    found = [int(part) for part in re.findall(r"\d+", release)]
    return tuple([*found, 0, 0, 0][: max(3, len(found))])
