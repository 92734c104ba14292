"""Which nodes an object of the network chooses by their labels: who peers with whom, where addresses are announced.

Calico writes its selectors as texts of its own language, others as those of Kubernetes.
https://docs.tigera.io/calico/latest/reference/resources/bgppeer#selectors
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Obj
from tuheg_ir.diagnosis.view.reading import at, items, label_selector, labels, mapping, name, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.named import NamedTuple

KINDS = ("BGPPeer", "CiliumBGPPeeringPolicy", "CiliumBGPClusterConfig")
"""Kinds that say between which nodes, and with whom, routes to pods are told."""
_OF_BALANCER = "metallb.io/"
"""A balancer of the same kind's name tells of addresses outside, and no routes between nodes."""
_KEYS = ("nodeSelector", "peerSelector")
_WORDS = late(r"&&|\|\||[!=]=|not\s+in\b|[!(){},]|'[^']*'|\"[^\"]*\"|[\w./-]+")


_LABEL = late(r"[\w./-]+")
_OPERATORS = ("all", "has", "in")


class Choice(NamedTuple):
    """One selector of an object: under which key, as it is written, and which nodes it chooses."""

    key: str
    said: str
    nodes: frozenset[str]
    names: frozenset[str]
    """The labels that it names."""


def telling_routes(view: View) -> tuple[tuple[Obj, tuple[Choice, ...]], ...]:
    """Return what says who tells routes to pods, and whom each chooses; () where all nodes do among themselves."""
    mesh = [each for each in view.snapshot.of("BGPConfiguration") if name(each) == "default"]
    if any(text(each, "spec", "nodeToNodeMeshEnabled").lower() != "false" for each in mesh):
        return ()
    every = (obj for kind in KINDS for obj in view.snapshot.of(kind))
    ours = [obj for obj in every if not text(obj, "apiVersion").startswith(_OF_BALANCER)]
    return tuple((obj, choices(view, obj)) for obj in ours)


def choices(view: View, obj: Obj) -> tuple[Choice, ...]:
    """Return what an object chooses nodes by; a selector that nobody can read, or that is none, is left out."""
    spec = mapping(obj, "spec") if view.snapshot.of("Node") else {}
    there = {name(node): labels(node) for node in view.snapshot.of("Node")}
    found = []
    for key in _KEYS:
        selector = spec.get(key)
        if isinstance(selector, str) and selector.strip():
            chosen = {node for node, own in there.items() if _read(selector, own)}
            readable = all(_read(selector, own) is not None for own in there.values())
            if readable:
                found.append(Choice(key, selector, frozenset(chosen), frozenset(_named(selector))))
        elif isinstance(selector, Mapping) and selector:
            chosen = {node for node, own in there.items() if label_selector(selector, own)}
            said = ", ".join(sorted(_keys_of(selector)))
            found.append(Choice(key, said, frozenset(chosen), frozenset(_keys_of(selector))))
    return tuple(found)


def _keys_of(selector: Mapping[str, Any]) -> Iterator[str]:
    yield from map(str, mapping(selector, "matchLabels"))
    yield from (str(at(each, "key")) for each in items(selector, "matchExpressions"))


def _named(selector: str) -> Iterator[str]:
    """Yield the labels that a selector of Calico names."""
    words = _WORDS.findall(selector)
    for before, word in zip(("", *words), words, strict=False):
        if _LABEL.fullmatch(word) and word not in _OPERATORS and before not in ("==", "!="):
            yield word


def _read(selector: str, own: Mapping[str, str]) -> bool | None:
    """Tell whether a selector of Calico chooses labels; None where it says what is not known here."""
    words = _WORDS.findall(selector)
    try:
        found = _any_of(words, own)
    except (IndexError, ValueError):
        return None
    return None if words else found


def _any_of(words: list[str], own: Mapping[str, str]) -> bool:
    found = _all_of(words, own)
    while words and words[0] == "||":
        words.pop(0)
        found = _all_of(words, own) or found
    return found


def _all_of(words: list[str], own: Mapping[str, str]) -> bool:
    found = _one(words, own)
    while words and words[0] == "&&":
        words.pop(0)
        found = _one(words, own) and found
    return found


def _one(words: list[str], own: Mapping[str, str]) -> bool:
    word = words.pop(0)
    if word == "!":
        return not _one(words, own)
    if word == "(":
        found = _any_of(words, own)
        _take(words, ")")
        return found
    if word in ("all", "has") and words[:1] == ["("]:
        words.pop(0)
        found = word == "all" or words.pop(0) in own
        _take(words, ")")
        return found
    sign = " ".join(words.pop(0).split())
    if sign in ("==", "!="):
        return (own.get(word) == words.pop(0).strip("'\"")) is (sign == "==")
    if sign in ("in", "not in"):
        return (own.get(word) in _values(words)) is (sign == "in")
    raise ValueError(sign)


def _values(words: list[str]) -> list[str]:
    _take(words, "{")
    found = []
    while (word := words.pop(0)) != "}":
        found += [] if word == "," else [word.strip("'\"")]
    return found


def _take(words: list[str], wanted: str) -> None:
    if words.pop(0) != wanted:
        raise ValueError(wanted)
