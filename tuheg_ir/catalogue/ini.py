"""Hosts and groups of an INI inventory, read as Ansible reads them, without Ansible.

Ranges (``web[1:3]``) are refused: a cluster has a name of its own.
"""

from __future__ import annotations

import ast
import re
import shlex
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from tuheg_ir.catalogue.strict import Document, Field
from tuheg_ir.errors import InventoryError

_SECTION = re.compile(r"\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?")

Variables = dict[str, Field]


@dataclass
class Group:
    """A group with its own hosts, its children's names and its ``[group:vars]``.

    ``priority`` orders groups of the same depth, as ``ansible_group_priority`` sets it.
    """

    hosts: list[str] = field(default_factory=list)
    children: list[str] = field(default_factory=list)
    variables: Variables = field(default_factory=dict)
    priority: int = 1


@dataclass
class Hosts:
    """What an INI file says: groups by name, and the variables on the lines of hosts."""

    groups: dict[str, Group] = field(default_factory=dict)
    variables: dict[str, Variables] = field(default_factory=dict)

    def members(self, group: str) -> list[str]:
        """Return the hosts of a group and of its children, in the order of the file."""
        found: dict[str, None] = {}
        seen: set[str] = set()
        waiting = [group]
        while waiting:
            name = waiting.pop(0)
            if name in seen or name not in self.groups:
                continue
            seen.add(name)
            found |= dict.fromkeys(self.groups[name].hosts)
            waiting += self.groups[name].children
        return list(found)

    def groups_of(self, host: str) -> list[str]:
        """Return the groups that a host is in, outermost first, as Ansible orders them."""
        depths = self._depths()
        names = [name for name in self.groups if host in self.members(name)]
        return sorted(names, key=lambda name: (depths[name], self.groups[name].priority, name))

    def _depths(self) -> dict[str, int]:
        """Return how deep each group lies; a loop of groups is bounded by their number."""
        depths = dict.fromkeys(self.groups, 1)
        for _ in self.groups:
            for name, group in self.groups.items():
                for child in group.children:
                    depths[child] = max(depths.get(child, 1), depths[name] + 1)
        return depths


def read_hosts(file: Path) -> Hosts:
    """Parse an INI inventory. Raises InventoryError naming file and line."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InventoryError(
            "The inventory cannot be read", f"{file}: {reason}", "Check the path given by -i."
        ) from error
    hosts = Hosts()
    name, state = "ungrouped", "hosts"
    for number, text in enumerate(lines, start=1):
        line = text.strip()
        if not line or line[0] in "#;":
            continue
        section = _SECTION.fullmatch(line)
        if section is not None:
            name, state = section[1], section[2] or "hosts"
            if state not in _READERS:
                _fail(file, number, f"[{name}:{state}] is no kind of section")
            hosts.groups.setdefault(name, Group())
            continue
        group = hosts.groups.setdefault(name, Group())
        _READERS[state](hosts, group, line, file, number)
    return hosts


def _host_line(hosts: Hosts, group: Group, line: str, file: Path, number: int) -> None:
    try:
        name, *settings = shlex.split(line, comments=True)
    except ValueError as error:
        _fail(file, number, f"the line cannot be read ({error})")
    if re.search(r"[\[\]:]", name):
        _fail(file, number, f"{name!r} is a range or has a port; a cluster is a plain name")
    if name.startswith(("---", "{")):
        _fail(file, number, "this looks like YAML; the hosts are INI")
    group.hosts.append(name)
    variables = hosts.variables.setdefault(name, {})
    for setting in settings:
        variables |= _variable(setting, file, number)


def _vars_line(_hosts: Hosts, group: Group, line: str, file: Path, number: int) -> None:
    found = _variable(line, file, number)
    priority = found.pop("ansible_group_priority", None)
    if priority is not None:
        group.priority = priority.whole()
    group.variables |= found


def _children_line(hosts: Hosts, group: Group, line: str, file: Path, number: int) -> None:
    child = re.split(r"\s*#", line, maxsplit=1)[0]
    if not re.fullmatch(r"[^:\]\s]+", child):
        _fail(file, number, f"{child!r} is no name of a group")
    group.children.append(child)
    hosts.groups.setdefault(child, Group())


_READERS = {"hosts": _host_line, "vars": _vars_line, "children": _children_line}


def _variable(text: str, file: Path, number: int) -> Variables:
    if "=" not in text:
        _fail(file, number, f"{text!r} is not of the form name=value")
    name, value = (part.strip() for part in text.split("=", 1))
    key = (name,)
    document = Document(file, None, {key: number}, InventoryError)
    return {name: Field(document, key, _value(value))}


def _value(text: str) -> Any:
    """Read a value as Ansible does: a Python literal, else the text itself."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            value = ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return text
    return text if isinstance(value, (bytes, complex)) else value


def _fail(file: Path, number: int, what: str) -> NoReturn:
    raise InventoryError("The inventory cannot be understood", f"{file}, line {number}: {what}", "Mend that line.")
