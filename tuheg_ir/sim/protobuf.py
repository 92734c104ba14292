"""The few bodies that kubectl sends as protobuf whatever is asked of it: reviews and options.

Messages are told by field numbers from Kubernetes' generated.proto; what is not in the table is
not understood and refused by the caller as an unsupported media type.
"""

from __future__ import annotations

from typing import Any

from tuheg_ir.sim.status import Obj

_MAGIC = b"k8s\x00"
# message -> field number -> (name, message of its own | "" for text | "int" | "bool"); "[]" = repeated
_MESSAGES: dict[str, dict[int, tuple[str, str]]] = {
    "Unknown": {1: ("typeMeta", "TypeMeta"), 2: ("raw", "bytes")},
    "TypeMeta": {1: ("apiVersion", ""), 2: ("kind", "")},
    "SelfSubjectAccessReview": {2: ("spec", "AccessSpec")},
    "AccessSpec": {1: ("resourceAttributes", "ResourceAttributes"), 2: ("nonResourceAttributes", "PathAttributes")},
    "ResourceAttributes": {
        1: ("namespace", ""),
        2: ("verb", ""),
        3: ("group", ""),
        4: ("version", ""),
        5: ("resource", ""),
        6: ("subresource", ""),
        7: ("name", ""),
    },
    "PathAttributes": {1: ("path", ""), 2: ("verb", "")},
    "SelfSubjectRulesReview": {2: ("spec", "RulesSpec")},
    "RulesSpec": {1: ("namespace", "")},
    "SelfSubjectReview": {},
    "Eviction": {1: ("metadata", "Meta"), 2: ("deleteOptions", "DeleteOptions")},
    "Meta": {1: ("name", ""), 3: ("namespace", "")},
    "DeleteOptions": {
        1: ("gracePeriodSeconds", "int"),
        2: ("preconditions", "Preconditions"),
        3: ("orphanDependents", "bool"),
        4: ("propagationPolicy", ""),
        5: ("dryRun", "[]"),
    },
    "Preconditions": {1: ("uid", ""), 2: ("resourceVersion", "")},
}


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _fields(data: bytes) -> list[tuple[int, Any]]:
    found, at = [], 0
    while at < len(data):
        tag, at = _varint(data, at)
        value: Any
        if tag & 7 == 0:
            value, at = _varint(data, at)
        elif tag & 7 == 2:
            size, at = _varint(data, at)
            if at + size > len(data):
                raise ValueError("cut short")
            value, at = data[at : at + size], at + size
        else:
            raise ValueError(f"wire type {tag & 7}")
        found.append((tag >> 3, value))
    return found


def _message(name: str, data: bytes) -> Obj:
    table = _MESSAGES[name]
    result: dict[str, Any] = {}
    for number, value in _fields(data):
        if number not in table:
            continue
        field, kind = table[number]
        if kind in _MESSAGES:
            result[field] = _message(kind, value)
        elif kind == "[]":
            result.setdefault(field, []).append(value.decode())
        elif kind in ("int", "bytes"):
            result[field] = value
        else:
            result[field] = bool(value) if kind == "bool" else value.decode()
    return result


def decode(data: bytes) -> Obj | None:
    """Return the object in a protobuf body, None when it is of a kind that is not in the table."""
    if not data.startswith(_MAGIC):
        return None
    try:
        envelope = _message("Unknown", data[len(_MAGIC) :])
        kind = envelope["typeMeta"].get("kind", "")
        if kind not in _MESSAGES:
            return None
        return {**envelope["typeMeta"], **_message(kind, envelope.get("raw", b""))}
    except (ValueError, IndexError, KeyError, UnicodeDecodeError, AttributeError):
        return None
