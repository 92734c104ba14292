"""Tables of ours: written in YAML, read as the JSON that `make docs` makes of them, in a twentieth of the time.

They are mappings, those that take over another (<<), lists, and texts.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import yaml


def load_table(file: Path) -> Any:
    """Return what was made of a table (a .json file)."""
    return json.loads(file.read_text(encoding="utf-8"))


def read_table(file: Path) -> Any:
    """Return what a table holds as it is written (a .yml file); numbers are texts."""
    import yaml

    node = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.CBaseLoader)
    return {} if node is None else _plain(node)


def made(table: Any, *, depth: int = 1) -> str:
    """Return a table as the text of its .json file; what lies ``depth`` deep has a line of its own."""
    if not depth:
        return json.dumps(table, ensure_ascii=False)
    entries = (f"{json.dumps(name)}: {made(entry, depth=depth - 1)}" for name, entry in table.items())
    return "{\n" + ",\n".join(entries) + "\n}"


def _plain(node: yaml.Node) -> Any:
    from yaml import MappingNode, SequenceNode

    if isinstance(node, MappingNode):
        found = {key.value: _plain(value) for key, value in node.value}
        return {**found.pop("<<"), **found} if "<<" in found else found
    return [_plain(each) for each in node.value] if isinstance(node, SequenceNode) else node.value
