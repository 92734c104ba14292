"""The variables of one host of an inventory, in Ansible's order of precedence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuheg_ir.catalogue.ini import Hosts, Variables, read_hosts
from tuheg_ir.catalogue.strict import read_yaml
from tuheg_ir.errors import InventoryError

if TYPE_CHECKING:
    import yaml

_SUFFIXES = (".yml", ".yaml", ".json")
_SKIPPED = ("group_vars", "host_vars")
_SKIPPED_ENDINGS = ("~", ".orig", ".bak", ".cfg", ".retry", ".md", ".rst", ".txt", ".pyc")


@dataclass(frozen=True)
class Inventory:
    """An inventory: its folder, and the hosts and groups of its INI file."""

    folder: Path
    file: Path
    hosts: Hosts

    def variables(self, host: str) -> tuple[Variables, list[Path]]:
        """Return the variables of a host, and the encrypted files that could not be read."""
        groups = self.hosts.groups_of(host)
        inner = [name for name in groups if name != "all"]
        merged: Variables = {}
        if "all" in self.hosts.groups:
            merged |= self.hosts.groups["all"].variables
        for name in inner:
            merged |= self.hosts.groups[name].variables
        encrypted: list[Path] = []
        for name in ["all", *inner]:
            merged |= self._from_files("group_vars", name, encrypted)
        merged |= self.hosts.variables.get(host, {})
        merged |= self._from_files("host_vars", host, encrypted)
        return merged, encrypted

    def _from_files(self, kind: str, name: str, encrypted: list[Path]) -> Variables:
        merged: Variables = {}
        for file in _vars_files(self.folder / kind, name):
            if _is_encrypted(file):
                encrypted.append(file)
                continue
            root = read_yaml(file, InventoryError, _loader()).root()
            if root.value is not None:
                merged |= root.entries()
        return merged


def open_inventory(path: Path) -> Inventory:
    """Read the hosts of an inventory given as a folder or as its INI file.

    Raises InventoryError.
    """
    if path.is_dir():
        return Inventory(path, file := _hosts_file(path), read_hosts(file))
    if path.suffix in _SUFFIXES:
        raise InventoryError(
            "The hosts of an inventory are read from INI only",
            str(path),
            "Write them as INI: [clusters] and one line a cluster.",
        )
    return Inventory(path.parent, path, read_hosts(path))


def _hosts_file(folder: Path) -> Path:
    files = [
        file
        for file in sorted(folder.iterdir())
        if file.is_file() and not file.name.startswith(".")
        if file.name not in _SKIPPED and not file.name.endswith(_SKIPPED_ENDINGS)
    ]
    foreign = [file.name for file in files if file.suffix in _SUFFIXES]
    if foreign:
        raise InventoryError(
            "Ansible takes every YAML file in the folder of an inventory for hosts",
            f"{folder}: {', '.join(foreign)}",
            "Move it to group_vars/ or host_vars/, or out of the folder.",
        )
    if len(files) != 1:
        there = ", ".join(file.name for file in files) or "none"
        raise InventoryError(
            "The folder of an inventory must hold exactly one file with hosts",
            f"{folder}: {there}",
            "Keep one INI file there, such as `hosts`, or give its path.",
        )
    return files[0]


def _vars_files(folder: Path, name: str) -> Iterator[Path]:
    """Yield the files of a group or host: a folder of that name, then the first file of it."""
    plain = folder / name
    if plain.is_dir():
        yield from _files_below(plain)
    for file in (plain, *(plain.with_name(name + suffix) for suffix in _SUFFIXES)):
        if file.is_file():
            yield file
            return


def _files_below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name.endswith("~"):
            continue
        if path.is_dir() and not path.suffix:
            yield from _files_below(path)
        elif path.is_file() and path.suffix in ("", *_SUFFIXES):
            yield path


def _is_encrypted(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(14) == b"$ANSIBLE_VAULT"


def _loader() -> type[yaml.CSafeLoader]:
    """Return a safe loader that also knows Ansible's two tags."""
    import yaml

    class Loader(yaml.CSafeLoader):
        pass

    def text(loader: yaml.CSafeLoader, node: Any) -> str:
        return str(loader.construct_scalar(node))

    for tag in ("!unsafe", "!vault", "!vault-encrypted"):
        Loader.add_constructor(tag, text)
    return Loader
