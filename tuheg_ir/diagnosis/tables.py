"""Tables of ours in YAML: mappings, those that take over another (<<), lists, and texts.

Without the rest of what YAML may be a table takes half the time to read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


def read_table(file: Path) -> Any:
    """Return what a table holds; numbers are texts."""
    node = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.CBaseLoader)
    return {} if node is None else _plain(node)


def _plain(node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        found = {key.value: _plain(value) for key, value in node.value}
        return {**found.pop("<<"), **found} if "<<" in found else found
    return [_plain(each) for each in node.value] if isinstance(node, yaml.SequenceNode) else node.value
