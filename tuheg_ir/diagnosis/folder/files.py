"""Read files that others wrote: bounded, decoded with patience, and never a traceback."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tuheg_ir.diagnosis.model import Source

BYTES = 256 << 20
"""The largest file that is read whole."""


class Unreadable(Exception):
    """A file that cannot be used; the text says why, with the line where one is known."""


@dataclass(slots=True)
class Notes:
    """What was read from a folder, and what could not be."""

    sources: list[Source] = field(default_factory=list)

    def bad(self, source: str, why: str, kind: str = "invalid") -> None:
        """Note something that could not be used."""
        self.sources.append(Source(source, ok=False, note=" ".join(why.split())[:300], kind=kind))

    def good(self, source: str, what: str) -> None:
        """Note something that was read."""
        self.sources.append(Source(source, ok=True, note=what))


class _Loader(yaml.CSafeLoader):
    """YAML as Kubernetes means it: times stay text, so do `on` and 12:30; no merge keys, no tags."""


_LEFT_AS_TEXT = frozenset(f"tag:yaml.org,2002:{name}" for name in ("timestamp", "merge", "value", "bool"))
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _LEFT_AS_TEXT]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"true|True|TRUE|false|False|FALSE"), list("tTfF"))


def _int(loader: _Loader, node: yaml.ScalarNode) -> Any:
    text = str(node.value)
    if ":" in text or len(text) > 64:
        return text
    return loader.construct_yaml_int(node)


def _float(loader: _Loader, node: yaml.ScalarNode) -> Any:
    text = str(node.value)
    return text if ":" in text else loader.construct_yaml_float(node)


_Loader.add_constructor("tag:yaml.org,2002:int", _int)
_Loader.add_constructor("tag:yaml.org,2002:float", _float)


def read_text(path: Path) -> str:
    """Return a file's text; what is no UTF-8 is replaced. Raises Unreadable."""
    try:
        if not path.is_file():
            raise Unreadable("it is not a file")
        if path.stat().st_size > BYTES:
            raise Unreadable(f"it is larger than {BYTES >> 20} MiB")
        text = path.read_bytes()
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from error
    encoding = "utf-16" if text[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return text.decode(encoding, "replace")


def read_yaml(path: Path) -> list[Any]:
    """Return the documents of a YAML or JSON file. Raises Unreadable with the line."""
    text = read_text(path)
    try:
        return parse_yaml(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise Unreadable(f"{where}{error.problem or error.context or 'not YAML'}") from error
    except yaml.YAMLError as error:
        raise Unreadable(str(error)) from error
    except (ValueError, TypeError, RecursionError, OverflowError) as error:
        raise Unreadable(f"{type(error).__name__}: {error}") from error


def parse_yaml(text: str) -> list[Any]:
    """Return the documents of a text that is YAML or JSON; JSON is the faster one to read."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            return [json.loads(text)]
        except (ValueError, RecursionError):
            pass
    return [document for document in yaml.load_all(text, Loader=_Loader) if document is not None]


def read_json(path: Path) -> Any:
    """Return what a JSON file holds. Raises Unreadable with the line."""
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise Unreadable(f"line {error.lineno}, column {error.colno}: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{type(error).__name__}: {error}") from error


def to_yaml(data: Any) -> str:
    """Return data as YAML that people read, which our own reader gives back as it was."""
    return str(yaml.dump(data, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=140))


def first_of(folder: Path, *names: str) -> Path | None:
    """Return the first file of these names that is there."""
    return next((folder / name for name in names if (folder / name).exists()), None)
