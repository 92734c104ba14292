"""objects.yaml: a List of Kubernetes objects with status, as `kubectl get -o yaml` gives it.

We write one object a line: it is YAML for every reader, `grep` and `diff` show whole objects, and
thousands of them are read fast.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tuheg_ir.diagnosis.folder.files import Notes, Unreadable, first_of, read_text, read_yaml
from tuheg_ir.diagnosis.model import Obj
from tuheg_ir.diagnosis.objects import slim
from tuheg_ir.errors import UsageError

FILE = "objects.yaml"
_ACCEPTED = (FILE, "objects.yml", "objects.json")
_HEAD = "apiVersion: v1\nkind: List\nitems:\n"
_ITEM = "- "
_DEPTH = 8
_SPECIAL = re.compile(r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
"""What JSON takes as it is and YAML does not."""


def read(folder: Path, notes: Notes) -> dict[str, tuple[Obj, ...]]:
    """Return the objects by kind. Raises UsageError when there is nothing to read."""
    path = first_of(folder, *_ACCEPTED)
    if path is None:
        raise UsageError(
            "The snapshot has no objects",
            str(folder / FILE),
            "Write one with tuheg-ir snapshot DIR, or with kubectl get -o yaml.",
        )
    try:
        items = [(item, "") for item in one_a_line(read_text(path))] or list(_items(read_yaml(path), ""))
    except Unreadable as error:
        raise UsageError(
            "The snapshot's objects cannot be read",
            f"{path}: {error}",
            "It is a List of Kubernetes objects, as kubectl get -o yaml gives it.",
        ) from error
    found: dict[str, list[Obj]] = {}
    broken = []
    for number, (item, kind) in enumerate(items, 1):
        kept = slim(item, kind)
        if kept is None:
            broken.append(number)
        else:
            found.setdefault(kept["kind"], []).append(kept)
    if broken:
        shown = ", ".join(map(str, broken[:5])) + (", ..." if len(broken) > 5 else "")
        notes.bad("objects", f"{path.name}: {len(broken)} of {len(items)} items are no objects (item {shown})")
    if items and not found:
        raise UsageError(
            "The snapshot holds no Kubernetes object",
            f"{path}: {len(items)} items, none with kind and metadata.name",
            "It is a List of Kubernetes objects, as kubectl get -o yaml gives it.",
        )
    return {kind: tuple(objects) for kind, objects in found.items()}


def one_a_line(text: str) -> list[Any]:
    """Return the items of a text that we wrote; [] for another one."""
    if not text.startswith(_HEAD + _ITEM):
        return []
    try:
        return [json.loads(line[len(_ITEM) :]) for line in text[len(_HEAD) :].rstrip("\n").split("\n")]
    except (ValueError, RecursionError):  # edited by hand since
        return []


def _items(documents: Iterable[Any], kind: str, depth: int = 0) -> Iterator[tuple[Any, str]]:
    """Yield the objects of documents, Lists, typed lists and bare lists, with their kind if the list names it."""
    for document in documents:
        items = document.get("items") if isinstance(document, dict) else document
        of = str(document.get("kind") or "") if isinstance(document, dict) else ""
        if items is None and of.endswith("List"):
            continue
        if isinstance(items, list) and depth < _DEPTH and not (of and not of.endswith("List")):
            yield from _items(items, of.removesuffix("List"), depth + 1)
        else:
            yield document, "" if of else kind


def render(objects: Mapping[str, Iterable[Obj]]) -> str:
    """Return the text of objects.yaml."""
    lines = [_ITEM + _line(obj) for kind in objects for obj in objects[kind]]
    return _HEAD + "".join(f"{line}\n" for line in lines) if lines else "apiVersion: v1\nkind: List\nitems: []\n"


def _line(obj: Obj) -> str:
    text = json.dumps(obj, ensure_ascii=False)
    return _SPECIAL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
