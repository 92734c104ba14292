"""Operators between two sides: numbers, or vectors matched by labels, one to one or one to many."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.sim.prometheus import functions as fn
from tuheg_ir.sim.prometheus.errors import ExecutionError
from tuheg_ir.sim.prometheus.parser import SETS
from tuheg_ir.sim.prometheus.samples import Labels, labels_of
from tuheg_ir.sim.prometheus.syntax import Binary, Matching
from tuheg_ir.sim.prometheus.vector import (
    Column,
    Scalar,
    Track,
    Value,
    Vector,
    mapped,
    merged,
    nameless,
    numbers,
    presence,
    present,
)

_SEVERAL = "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
_NOT_UNIQUE = "multiple matches for labels: grouping labels must ensure unique matches"


def joined(tree: Binary, left: Value, right: Value) -> Value:
    """Return what an operator makes of two sides; ExecutionError where they do not fit together."""
    if tree.sign in SETS:
        if not isinstance(left, list) or not isinstance(right, list):
            raise ExecutionError(f"{tree.sign} needs two vectors")
        return _sets(tree, left, right)
    if isinstance(left, list) and isinstance(right, list):
        return _arithmetic(tree, left, right)
    if isinstance(left, list):
        return _with_numbers(tree, left, numbers(right), turned=False)
    if isinstance(right, list):
        return _with_numbers(tree, right, numbers(left), turned=True)
    pairs = zip(numbers(left), numbers(right), strict=True)
    if tree.sign in fn.COMPARED:
        return Scalar([float(fn.COMPARED[tree.sign](one, other)) for one, other in pairs])
    return Scalar([fn.ARITHMETIC[tree.sign](one, other) for one, other in pairs])


def negated(value: Value) -> Value:
    """Return what a unary minus makes of a number or a vector."""
    if isinstance(value, list):
        return mapped(value, lambda number: -number)
    return Scalar([-number for number in numbers(value)])


def _with_numbers(tree: Binary, vector: Vector, row: list[float], *, turned: bool) -> Vector:
    """Return a vector and a number at each moment, combined; ``turned``: the number stands first."""
    result = []
    for track in vector:
        pairs = zip(track.values, row, strict=True)
        column = [
            None if value is None else _made(tree, *((number, value) if turned else (value, number)), kept=value)
            for value, number in pairs
        ]
        result.append(Track(track.labels if _filters(tree) else nameless(track.labels), column))
    return present(result) if _filters(tree) else merged(result)


def _filters(tree: Binary) -> bool:
    """Return whether the operator leaves values as they are, and some of them out."""
    return tree.sign not in fn.ARITHMETIC and not tree.as_bool


def _made(tree: Binary, left: float, right: float, *, kept: float) -> float | None:
    """Return the result for two numbers; a comparison that filters gives ``kept`` or nothing."""
    if tree.sign in fn.ARITHMETIC:
        return fn.ARITHMETIC[tree.sign](left, right)
    holds = fn.COMPARED[tree.sign](left, right)
    if tree.as_bool:
        return float(holds)
    return kept if holds else None


# --- two vectors ---


def _key(labels: dict[str, str], matching: Matching) -> Labels:
    """Return the labels that a series is matched by."""
    names = {*matching.labels} if matching.on else {*matching.labels, "__name__"}
    return labels_of({name: value for name, value in labels.items() if (name in names) == matching.on})


def _by_key(vector: Vector, matching: Matching) -> dict[Labels, Vector]:
    found: dict[Labels, Vector] = {}
    for track in vector:
        found.setdefault(_key(track.labels, matching), []).append(track)
    return found


def _sets(tree: Binary, left: Vector, right: Vector) -> Vector:
    """Return ``left and right``, ``left or right``, ``left unless right``."""
    if tree.sign == "or":
        return merged([*left, *_masked(right, _by_key(left, tree.matching), tree.matching, there=False)])
    return present(list(_masked(left, _by_key(right, tree.matching), tree.matching, there=tree.sign == "and")))


def _masked(vector: Vector, others: dict[Labels, Vector], matching: Matching, *, there: bool) -> Iterator[Track]:
    """Yield series at those moments only at which a series that matches is there (or is not)."""
    for track in vector:
        seen = presence(others.get(_key(track.labels, matching), []), len(track.values))
        pairs = zip(track.values, seen, strict=True)
        yield Track(track.labels, [value if found == there else None for value, found in pairs])


def _arithmetic(tree: Binary, left: Vector, right: Vector) -> Vector:
    """Return the results of an arithmetic or comparison operator for the pairs that match.

    Where one side is empty nothing can match, and nobody looks whether the other is unambiguous.
    """
    if not left or not right:
        return []
    many, one, side = (right, left, "left") if tree.matching.group == "right" else (left, right, "right")
    singles = _by_key(one, tree.matching)
    _refuse_doubles(singles, presence(many, len(many[0].values)), side)
    result: Vector = []
    for key, tracks in _by_key(many, tree.matching).items():
        partners = singles.get(key, [])
        if not tree.matching.group and partners:
            _refuse_several(tracks, presence(partners, len(many[0].values)))
        result.extend(_pair(tree, track, partner) for track in tracks for partner in partners)
    return merged(present(result), _NOT_UNIQUE)


def _pair(tree: Binary, many: Track, one: Track) -> Track:
    turned = tree.matching.group == "right"
    column: Column = []
    for value, other in zip(many.values, one.values, strict=True):
        if value is None or other is None:
            column.append(None)
        else:
            left, right = (other, value) if turned else (value, other)
            column.append(_made(tree, left, right, kept=left))
    return Track(_labels(tree, many, one, named=_filters(tree)), column)


def _labels(tree: Binary, many: Track, one: Track, *, named: bool) -> dict[str, str]:
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


# --- what does not fit together ---


def _refuse_several(tracks: Vector, matched: list[bool]) -> None:
    """Refuse two series of the side that has to have one, where both match at one moment."""
    for number, found in enumerate(matched):
        if found and sum(track.values[number] is not None for track in tracks) > 1:
            raise ExecutionError(_SEVERAL)


def _refuse_doubles(singles: dict[Labels, Vector], asked: list[bool], side: str) -> None:
    """Refuse two series of the one side with the same key, where both are there and anything is to be matched."""
    for key, tracks in singles.items():
        for number in range(len(asked)) if len(tracks) > 1 else ():
            there = [track for track in tracks if track.values[number] is not None]
            if asked[number] and len(there) > 1:
                raise ExecutionError(_duplicate(key, side, there[0], there[1]))


def _shown(labels: Labels) -> str:
    return "{" + ", ".join(f'{name}="{value}"' for name, value in labels) + "}"


def _duplicate(key: Labels, side: str, first: Track, second: Track) -> str:
    return (
        f"found duplicate series for the match group {_shown(key)} on the {side} hand-side of the operation: "
        f"[{_shown(labels_of(second.labels))}, {_shown(labels_of(first.labels))}];many-to-many matching not allowed: "
        "matching labels must be unique on one side"
    )
