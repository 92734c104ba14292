"""Which objects of other namespaces can be told from those of one's own. Pure.

A diagnosis tells who is who by kind and name. So of what is called like something in the target's own namespace, or in
one that was read before, nothing is taken: neither itself, nor what it made, nor what is told of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tuheg_ir.diagnosis.model import Obj
from tuheg_ir.diagnosis.view.reading import items, mapping, text
from tuheg_ir.named import NamedTuple

Objects = Mapping[str, Sequence[Obj]]
Name = tuple[str, str]
"""Kind and name."""

_EVERYWHERE = frozenset({("ConfigMap", "kube-root-ca.crt"), ("ConfigMap", "istio-ca-root-cert")})
"""What controllers put into each namespace: that it is left out is no news."""
_OF = "kubernetes.io/service-name"


class Beside(NamedTuple):
    """What may stand beside a namespace's own objects, and as Kind/name what was left out for what it is called."""

    objects: dict[str, list[Obj]]
    left_out: tuple[str, ...]


def beside(here: Objects, there: Objects) -> Beside:
    """Return what of another namespace (``there``) can be told from what is known already (``here``)."""
    taken = {(kind, text(obj, "metadata", "name")) for kind, held in here.items() if kind != "Event" for obj in held}
    named = [(kind, text(obj, "metadata", "name"), obj) for kind, held in there.items() for obj in held]
    out = {(kind, name) for kind, name, _ in named if (kind, name) in taken}
    double = sorted(out - _EVERYWHERE)
    while more := {(kind, name) for kind, name, obj in named if (kind, name) not in out and out & set(_owners(obj))}:
        out |= more
    # What is told there of a name of ours is told of its namesake, also where that itself was not read.
    ours = {(kind, text(o, "metadata", "name")) for kind, held in here.items() for o in held if _is_of_a_namespace(o)}
    mute = out | ours
    kept = {
        kind: [obj for obj in held if (kind, text(obj, "metadata", "name")) not in out and _about(obj) not in mute]
        for kind, held in there.items()
    }
    return Beside(kept, tuple(f"{kind}/{name}" for kind, name in double))


def told_apart(namespace: str, held: Objects) -> Beside:
    """Return the objects of several namespaces, in their order, without what is called like something of one's own.

    Whoever hands in all that a cluster has hands in its staging as well, in which everything has the same names.
    """
    spaces = {text(obj, "metadata", "namespace") for objects in held.values() for obj in objects} - {"", namespace}
    kept = _of(held, "", namespace)
    left_out: list[str] = []
    for space in sorted(spaces):
        found = beside(kept, _of(held, space))
        left_out += (each for each in found.left_out if each not in left_out)
        kept = {kind: [*kept[kind], *found.objects[kind]] for kind in held}
    known = {id(obj) for objects in kept.values() for obj in objects}
    return Beside({kind: [o for o in objects if id(o) in known] for kind, objects in held.items()}, tuple(left_out))


def _of(held: Objects, *spaces: str) -> dict[str, list[Obj]]:
    return {kind: [o for o in objects if text(o, "metadata", "namespace") in spaces] for kind, objects in held.items()}


def _owners(obj: Obj) -> Iterator[Name]:
    """Yield what made an object, or what it serves."""
    for owner in items(obj, "metadata", "ownerReferences"):
        yield text(owner, "kind"), text(owner, "name")
    if service := text(mapping(obj, "metadata", "labels"), _OF):
        yield "Service", service


def _is_of_a_namespace(obj: Obj) -> bool:
    return text(obj, "metadata", "namespace") != ""


def _about(event: Obj) -> Name:
    """Return what an event is about; that of any other object is nothing."""
    return text(event, "involvedObject", "kind"), text(event, "involvedObject", "name")
