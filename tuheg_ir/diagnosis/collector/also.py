"""What other namespaces have beside the target's. Pure.

A diagnosis tells who is who by kind and name. So of what is called like something in the target's own namespace, or in
one that was read before, nothing is taken: neither itself, nor what it made, nor what is told of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tuheg_ir.diagnosis.collector.reads import ABSENT
from tuheg_ir.diagnosis.model import Obj, Source
from tuheg_ir.diagnosis.view.reading import items, mapping, text

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
    kept = {
        kind: [obj for obj in held if (kind, text(obj, "metadata", "name")) not in out and _about(obj) not in out]
        for kind, held in there.items()
    }
    return Beside(kept, tuple(f"{kind}/{name}" for kind, name in double))


def as_one(namespace: str, lists: Sequence[Source], found: Beside) -> list[Source]:
    """Return what is told of the lists of a namespace: those that were read as one, those that failed one by one.

    That none may be read is told once.
    """
    name = f"namespace {namespace}"
    read = [each for each in lists if each.ok and ABSENT not in each.note]
    failed = [each for each in lists if not each.ok]
    if not read:
        refused = {each.kind for each in failed} == {"forbidden"}
        return [failed[0]._replace(source=name)] if refused else failed
    count = sum(map(len, found.objects.values()))
    empty = not (count or failed or found.left_out)
    note = "there is nothing in it: is that the right namespace?" if empty else str(count)
    if found.left_out:
        note = f"{note}; left out, for others are called so: {', '.join(found.left_out)}"[:500]
    took = max(each.ms for each in read)
    return [Source(name, not empty, took, note, "invalid" if empty else "", read[0].at), *failed]


def _owners(obj: Obj) -> Iterator[Name]:
    """Yield what made an object, or what it serves."""
    for owner in items(obj, "metadata", "ownerReferences"):
        yield text(owner, "kind"), text(owner, "name")
    if service := text(mapping(obj, "metadata", "labels"), _OF):
        yield "Service", service


def _about(event: Obj) -> Name:
    """Return what an event is about; that of any other object is nothing."""
    return text(event, "involvedObject", "kind"), text(event, "involvedObject", "name")
