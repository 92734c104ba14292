"""The three patches of Kubernetes: JSON patch, merge patch, strategic merge patch.

Pure functions: the given object is never changed, what they return shares nothing that is changed
later. Told apart by the request's content type, never by the look of the body.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from tuheg_ir.sim.status import ApiError, Obj

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"

# Lists that a strategic merge patch merges, by the key of their elements; all others are replaced.
# The last two steps of the path decide; "*" stands for any parent.
_MERGE_KEYS: dict[tuple[str, str], str] = {
    ("*", "containers"): "name",
    ("*", "initContainers"): "name",
    ("*", "ephemeralContainers"): "name",
    ("*", "env"): "name",
    ("*", "volumes"): "name",
    ("*", "volumeMounts"): "mountPath",
    ("*", "volumeDevices"): "devicePath",
    ("*", "imagePullSecrets"): "name",
    ("*", "hostAliases"): "ip",
    ("*", "topologySpreadConstraints"): "topologyKey",
    ("*", "conditions"): "type",
    ("*", "ownerReferences"): "uid",
    ("*", "addresses"): "type",
    ("*", "podIPs"): "ip",
    ("*", "secrets"): "name",
    ("containers", "ports"): "containerPort",
    ("initContainers", "ports"): "containerPort",
    ("spec", "ports"): "port",
}
_MERGED_SETS = ("finalizers",)
_DELETE_SET = "$deleteFromPrimitiveList/"
_ORDER = "$setElementOrder/"


def apply_patch(kind: str, obj: Obj, patch: Any) -> Obj:
    """Return ``obj`` after ``patch`` of content type ``kind``; ApiError 400, 415 or 422 when it cannot be."""
    appliers: dict[str, Callable[[Obj, Any], Any]] = {
        JSON_PATCH: json_patch,
        MERGE_PATCH: merge_patch,
        STRATEGIC_PATCH: strategic_merge,
    }
    if kind not in appliers:
        raise ApiError.unsupported_media()
    wanted, word = (list, "[]handlers.jsonPatchOp") if kind == JSON_PATCH else (dict, "map[string]interface {}")
    if not isinstance(patch, wanted):
        given = {dict: "object", list: "array", str: "string", bool: "bool"}.get(type(patch), "number")
        raise ApiError.bad_request(f"error decoding patch: json: cannot unmarshal {given} into Go value of type {word}")
    result = appliers[kind](obj, patch)
    if not isinstance(result, dict):
        raise ApiError.rejected()
    return result


# --- merge patch (RFC 7386) ---


def merge_patch(obj: Any, patch: Any) -> Any:
    """Return ``obj`` with ``patch`` merged in: null deletes, lists are replaced."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = dict(obj) if isinstance(obj, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result


# --- JSON patch (RFC 6902) ---


def json_patch(obj: Obj, operations: list[Obj]) -> Any:
    """Return ``obj`` after all operations; a failing test or a missing path is a 422 without a cause."""
    result: Any = copy.deepcopy(obj)
    for operation in operations:
        try:
            result = _operate(result, operation)
        except (KeyError, IndexError, ValueError, TypeError, AttributeError) as error:
            raise ApiError.rejected() from error
    return result


def _steps(pointer: str) -> list[str]:
    if pointer == "":
        return []
    if not pointer.startswith("/"):
        raise ValueError(pointer)
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/")]


def _get(doc: Any, steps: list[str]) -> Any:
    for step in steps:
        doc = doc[_index(step)] if isinstance(doc, list) else doc[step]
    return doc


def _index(step: str) -> int:
    if not step.isdigit() or (step != "0" and step.startswith("0")):
        raise ValueError(step)
    return int(step)


def _add(doc: Any, steps: list[str], value: Any) -> Any:
    if not steps:
        return value
    parent, last = _get(doc, steps[:-1]), steps[-1]
    if isinstance(parent, dict):
        parent[last] = value
        return doc
    place = len(parent) if last == "-" else _index(last)
    if place > len(parent):
        raise IndexError(last)
    parent.insert(place, value)
    return doc


def _remove(doc: Any, steps: list[str]) -> Any:
    if not steps:
        raise ValueError("the whole document")
    parent, last = _get(doc, steps[:-1]), steps[-1]
    del parent[_index(last) if isinstance(parent, list) else last]
    return doc


def _replace(doc: Any, steps: list[str], value: Any) -> Any:
    if not steps:
        return value
    parent, last = _get(doc, steps[:-1]), steps[-1]
    key = _index(last) if isinstance(parent, list) else last
    if isinstance(parent, dict) and key not in parent:
        raise KeyError(key)
    parent[key] = value
    return doc


def _same(one: Any, other: Any) -> bool:
    """Return whether two JSON values are equal; true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _operate(doc: Any, operation: Obj) -> Any:
    steps = _steps(operation["path"])
    match operation["op"]:
        case "add":
            return _add(doc, steps, copy.deepcopy(operation["value"]))
        case "replace":
            return _replace(doc, steps, copy.deepcopy(operation["value"]))
        case "remove":
            return _remove(doc, steps)
        case "test":
            if not _same(_get(doc, steps), operation["value"]):
                raise ValueError("test failed")
            return doc
        case "copy":
            return _add(doc, steps, copy.deepcopy(_get(doc, _steps(operation["from"]))))
        case "move":
            source = _steps(operation["from"])
            value = _get(doc, source)
            return _add(_remove(doc, source), steps, value)
        case other:
            raise ValueError(other)


# --- strategic merge patch ---


def strategic_merge(obj: Any, patch: Any, path: tuple[str, ...] = ()) -> Any:
    """Return ``obj`` with ``patch`` merged in: lists of named things are merged element by element."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    directive = patch.get("$patch")
    if directive == "replace":
        return {key: copy.deepcopy(value) for key, value in patch.items() if key != "$patch"}
    if directive == "delete":
        return {}
    result = dict(obj) if isinstance(obj, dict) else {}
    keep = patch.get("$retainKeys")
    if isinstance(keep, list):
        result = {key: value for key, value in result.items() if key in keep}
    for key, value in patch.items():
        if not key.startswith("$"):
            _merge_field(result, key, value, (*path, key))
        elif key.startswith(_DELETE_SET):
            field = key.removeprefix(_DELETE_SET)
            result[field] = [item for item in result.get(field) or [] if item not in value]
    for key, order in patch.items():
        if key.startswith(_ORDER):
            _reorder(result, key.removeprefix(_ORDER), order, path)
    return result


def _merge_key(path: tuple[str, ...]) -> str:
    parent = path[-2] if len(path) > 1 else ""
    return _MERGE_KEYS.get((parent, path[-1])) or _MERGE_KEYS.get(("*", path[-1]), "")


def _merge_field(result: Obj, key: str, value: Any, path: tuple[str, ...]) -> None:
    if value is None:
        result.pop(key, None)
    elif not isinstance(value, list):
        result[key] = strategic_merge(result.get(key), value, path)
    elif merge_key := _merge_key(path):
        result[key] = _merge_list(result.get(key) or [], value, merge_key, path)
    elif key in _MERGED_SETS:
        old = result.get(key) or []
        result[key] = [*old, *(item for item in value if item not in old)]
    else:
        result[key] = copy.deepcopy(value)


def _merge_list(old: list[Any], new: list[Any], key: str, path: tuple[str, ...]) -> list[Any]:
    if any(isinstance(item, dict) and item.get("$patch") == "replace" for item in new):
        return [copy.deepcopy(item) for item in new if "$patch" not in item]
    result = list(old)
    for item in new:
        if not isinstance(item, dict) or key not in item:
            raise ApiError.bad_request(f"map: {item} does not contain declared merge key: {key}")
        places = [at for at, known in enumerate(result) if known.get(key) == item[key]]
        if item.get("$patch") == "delete":
            result = [known for known in result if known.get(key) != item[key]]
        elif places:
            result[places[0]] = strategic_merge(result[places[0]], item, path)
        else:
            result.append(strategic_merge({}, item, path))
    return result


def _reorder(result: Obj, field: str, order: list[Any], path: tuple[str, ...]) -> None:
    """Put a merged list into the order that the client saw; what it did not know keeps its place after."""
    items, key = result.get(field), _merge_key((*path, field))
    if not isinstance(items, list):
        return
    named = [_named(item, key) for item in order]
    result[field] = sorted(items, key=lambda item: _place(_named(item, key), named))


def _named(item: Any, key: str) -> Any:
    return item.get(key) if key and isinstance(item, dict) else item


def _place(name: Any, order: list[Any]) -> int:
    return order.index(name) if name in order else len(order)
