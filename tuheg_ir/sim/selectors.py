"""Label and field selectors: parsed from a query, matched against an object."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tuheg_ir.sim.status import ApiError, Obj

Match = Callable[[Obj], bool]

_NAME = r"[A-Za-z0-9](?:[-A-Za-z0-9_./]*[A-Za-z0-9])?"
_SET = re.compile(rf"^\s*({_NAME})\s+(in|notin)\s+\(([^()]*)\)\s*$")
_EQUALS = re.compile(rf"^\s*({_NAME})\s*(==|=|!=)\s*([-A-Za-z0-9_.]*)\s*$")
_EXISTS = re.compile(rf"^\s*(!?)\s*({_NAME})\s*$")


def _requirement(text: str) -> Callable[[Mapping[str, str]], bool]:
    if found := _SET.match(text):
        key, how, values = found.groups()
        wanted = {value.strip() for value in values.split(",")}
        if how == "in":
            return lambda labels: labels.get(key) in wanted
        return lambda labels: key not in labels or labels[key] not in wanted
    if found := _EQUALS.match(text):
        key, how, value = found.groups()
        if how == "!=":
            return lambda labels: labels.get(key) != value
        return lambda labels: labels.get(key) == value
    if found := _EXISTS.match(text):
        absent, key = found.groups()
        return lambda labels: (key in labels) != bool(absent)
    raise ApiError.bad_request(f"unable to parse requirement: {_complaint(text)}")


def _complaint(text: str) -> str:
    """Return why a requirement cannot be read, for the two mistakes that people make."""
    if "=" in text:
        return "found '=', expected: identifier"
    words = text.split()
    if len(words) > 2 and words[1] in ("in", "notin"):
        return f"found '{words[2]}' expected: '('"
    return f"found '{words[-1]}', expected: in, notin, =, ==, !=, gt, lt"


def label_selector(text: str) -> Match:
    """Return the test for ``a=b,c!=d,e in (f,g),!h``; '' matches everything, nonsense is a 400."""
    parts = [part for part in re.split(r",(?![^()]*\))", text) if part.strip()]
    tests = [_requirement(part) for part in parts]

    def match(obj: Obj) -> bool:
        labels = obj.get("metadata", {}).get("labels") or {}
        return all(test(labels) for test in tests)

    return match


def _expression(labels: Mapping[str, str], rule: Obj) -> bool:
    key, values = rule["key"], rule.get("values") or []
    match rule["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return key not in labels or labels[key] not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels


def matches(selector: Obj | None, labels: Mapping[str, str]) -> bool:
    """Return whether a LabelSelector object (matchLabels, matchExpressions) takes these labels.

    No selector takes nothing, an empty one takes everything, as in Kubernetes.
    """
    if selector is None:
        return False
    wanted = selector.get("matchLabels") or {}
    rules = selector.get("matchExpressions") or []
    return all(labels.get(k) == v for k, v in wanted.items()) and all(_expression(labels, rule) for rule in rules)


def render(selector: Obj | None) -> str:
    """Return a LabelSelector object as the text of a query."""
    selector = selector or {}
    parts = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for rule in selector.get("matchExpressions") or []:
        key, values = rule["key"], ",".join(rule.get("values") or [])
        shapes = {"In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})", "Exists": key}
        parts.append(shapes.get(rule["operator"], f"!{key}"))
    return ",".join(parts)


def at(obj: Any, path: str) -> Any:
    """Return the value at a dotted path, None where the path ends early."""
    for step in path.split("."):
        if not isinstance(obj, dict):
            return None
        obj = obj.get(step)
    return obj


def field_selector(text: str, allowed: Sequence[str], *, own_words: bool) -> Match:
    """Return the test for ``status.phase=Running,metadata.name!=x``.

    A field that the resource does not offer is a 400, worded in one of two ways: resources that
    offer more than the name have words of their own.
    """
    tests: list[tuple[str, bool, str]] = []
    for part in (part for part in text.split(",") if part.strip()):
        path, equal, value = _field_requirement(part)
        if path not in allowed:
            raise ApiError.bad_request(
                f"field label not supported: {path}"
                if own_words
                else f'"{path}" is not a known field selector: only "metadata.name", "metadata.namespace"'
            )
        tests.append((path, equal, value))
    return lambda obj: all((str(at(obj, path) or "") == value) == equal for path, equal, value in tests)


def _field_requirement(part: str) -> tuple[str, bool, str]:
    for sign, equal in (("!=", False), ("==", True), ("=", True)):
        if sign in part:
            path, value = part.split(sign, 1)
            return path.strip(), equal, value.strip()
    raise ApiError.bad_request(f"invalid selector: '{part}'; can't understand '{part}'")
