"""Who wrote an object when, and what of it: what a cluster keeps in `managedFields`.

https://kubernetes.io/docs/reference/using-api/server-side-apply/ has the form of `fieldsV1`: `f:` is a field, `k:` an
item of a list by its keys, `v:` one by its value, "." the field itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

MOST = 12
"""Fields of one writer that are kept: who wrote more of them wrote the object as a whole."""
TOLD = 3
"""Fields of one writer that are told."""
_NOTES = frozenset({"f:labels", "f:annotations"})
_BY_CONTENT = frozenset({"ConfigMap", "Secret", "ResourceQuota", "LimitRange", "PodDisruptionBudget", "NetworkPolicy"})
"""Kinds of which labels and annotations change nothing for who reads them or is bound by them."""


def writer(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept of one writer; what holds fields of the status alone is its subresource, as servers say."""
    told = {key: item for key, item in entry.items() if key in ("manager", "operation", "subresource", "time")}
    tree = entry.get("fieldsV1")
    if not isinstance(tree, dict):
        return told
    if set(tree) == {"f:status"}:
        return {"subresource": "status", **told}
    kept = _fields_alone(tree)
    few = kept and sum(1 for _ in _leaves(kept)) <= MOST
    return {**told, "fieldsV1": kept} if few and told.get("subresource") != "status" else told


def holds_labels(entry: Mapping[str, Any]) -> bool:
    """Tell whether a writer holds labels of an object."""
    meta = entry["fieldsV1"].get("f:metadata") if isinstance(entry.get("fieldsV1"), Mapping) else None
    return isinstance(meta, Mapping) and "f:labels" in meta and entry.get("subresource") != "status"


def notes_alone(kind: str, entry: Mapping[str, Any]) -> bool:
    """Tell whether a writer holds labels and annotations alone, of an object that is read for its content."""
    tree = entry.get("fieldsV1")
    if kind not in _BY_CONTENT or not isinstance(tree, Mapping) or set(tree) != {"f:metadata"}:
        return False
    notes = tree["f:metadata"]
    return isinstance(notes, Mapping) and bool(notes) and _NOTES.issuperset(notes)


def fields(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the fields that a writer holds (`spec.selector.app`), without notes; nothing where these are many."""
    tree = entry.get("fieldsV1")
    found = tuple(_leaves(tree)) if isinstance(tree, Mapping) else ()
    told = tuple(each for each in found if not each.startswith("metadata.")) or found
    return told if len(told) <= TOLD else ()


def _fields_alone(tree: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a tree without what names values."""
    return {
        str(key): _fields_alone(item) if isinstance(item, dict) else {}
        for key, item in tree.items()
        if str(key).startswith(("f:", "k:"))
    }


def _leaves(tree: Mapping[Any, Any], above: str = "") -> Iterator[str]:
    for key, item in ((str(key), item) for key, item in tree.items()):
        if not key.startswith(("f:", "k:")):
            continue
        path = f"{above}{_item(key[2:])}" if key.startswith("k:") else f"{above}.{key[2:]}".removeprefix(".")
        below = [*_leaves(item, path)] if isinstance(item, Mapping) else []
        yield from below or [path]


def _item(keys: str) -> str:
    """Return an item of a list by the keys that tell it from others: `[name=web]`."""
    try:
        found = json.loads(keys)
    except ValueError:
        return "[]"
    return f"[{','.join(f'{key}={value}' for key, value in found.items())}]" if isinstance(found, dict) else "[]"
