"""Operators between two vectors: matched by labels, one to one or one to many."""

from __future__ import annotations

from tuheg_ir.sim.prometheus import functions as fn
from tuheg_ir.sim.prometheus.errors import ExecutionError
from tuheg_ir.sim.prometheus.samples import Labels, labels_of
from tuheg_ir.sim.prometheus.syntax import Binary, Matching
from tuheg_ir.sim.prometheus.vector import Element, Vector


def _key(element: Element, matching: Matching) -> Labels:
    """Return the labels that an element is matched by."""
    names = {*matching.labels} if matching.on else {*matching.labels, "__name__"}
    return labels_of({name: value for name, value in element.labels.items() if (name in names) == matching.on})


def sets(tree: Binary, left: Vector, right: Vector) -> Vector:
    """Return ``left and right``, ``left or right``, ``left unless right``."""
    theirs = {_key(element, tree.matching) for element in right}
    if tree.sign == "and":
        return [element for element in left if _key(element, tree.matching) in theirs]
    if tree.sign == "unless":
        return [element for element in left if _key(element, tree.matching) not in theirs]
    ours = {_key(element, tree.matching) for element in left}
    return [*left, *(element for element in right if _key(element, tree.matching) not in ours)]


def arithmetic(tree: Binary, left: Vector, right: Vector) -> Vector:
    """Return the results of an arithmetic or comparison operator for the pairs that match.

    Where one side is empty nothing can match, and nobody looks whether the other is unambiguous.
    """
    if not left or not right:
        return []
    many, one, side = (right, left, "left") if tree.matching.group == "right" else (left, right, "right")
    single: dict[Labels, Element] = {}
    for element in one:
        key = _key(element, tree.matching)
        if key in single:
            raise ExecutionError(_duplicate(key, side, single[key], element))
        single[key] = element
    result: dict[Labels, Element] = {}
    seen: set[Labels] = set()
    for element in many:
        key = _key(element, tree.matching)
        if key not in single:
            continue
        if not tree.matching.group and key in seen:
            told = "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
            raise ExecutionError(told)
        seen.add(key)
        made = _pair(tree, element, single[key])
        if made is None:
            continue
        if labels_of(made.labels) in result:
            raise ExecutionError("multiple matches for labels: grouping labels must ensure unique matches")
        result[labels_of(made.labels)] = made
    return list(result.values())


def _pair(tree: Binary, many: Element, one: Element) -> Element | None:
    left, right = (one, many) if tree.matching.group == "right" else (many, one)
    if tree.sign in fn.ARITHMETIC:
        return Element(_labels(tree, many, one, named=False), fn.ARITHMETIC[tree.sign](left.value, right.value))
    holds = fn.COMPARED[tree.sign](left.value, right.value)
    if tree.as_bool:
        return Element(_labels(tree, many, one, named=False), float(holds))
    return Element(_labels(tree, many, one, named=True), left.value) if holds else None


def _labels(tree: Binary, many: Element, one: Element, *, named: bool) -> dict[str, str]:
    """Return the labels of a result: those of the many side, or those that were matched on."""
    matching = tree.matching
    labels = {name: value for name, value in many.labels.items() if named or name != "__name__"}
    if not matching.group:
        if matching.on:
            return {name: value for name, value in labels.items() if name in matching.labels}
        return {name: value for name, value in labels.items() if name not in matching.labels}
    for name in matching.include:
        labels.pop(name, None)
        if name in one.labels:
            labels[name] = one.labels[name]
    return labels


def _shown(element: Element | Labels) -> str:
    pairs = labels_of(element.labels) if isinstance(element, Element) else element
    return "{" + ", ".join(f'{name}="{value}"' for name, value in pairs) + "}"


def _duplicate(key: Labels, side: str, first: Element, second: Element) -> str:
    return (
        f"found duplicate series for the match group {_shown(key)} on the {side} hand-side of the operation: "
        f"[{_shown(second)}, {_shown(first)}];many-to-many matching not allowed: matching labels must be unique "
        "on one side"
    )
