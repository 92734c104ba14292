"""Users that a route deals out to two workloads by weights: those of one can be led to the other, if it has room."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rules._attached import service_of
from tuheg_ir.diagnosis.view.network import Service
from tuheg_ir.diagnosis.view.reading import items, ref, text, whole
from tuheg_ir.diagnosis.view.trouble import serves_well
from tuheg_ir.diagnosis.view.usage import usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

ROOM = 0.7
"""Who would use no more of his processor limit with the users of both has room for them."""


class Half(NamedTuple):
    """A Service to which a route leads a share of its users."""

    service: Service
    weight: int


def other_half(view: View, workload: Workload) -> tuple[Workload, Evidence] | None:
    """Return who gets the rest of a workload's users by the same route, and could take all; None for nobody.

    That one serves its own share well, is whole, and has room for the other: a canary, which gets few, has none.
    """
    for route, halves in _splits(view):
        mine = [each for each in halves if each.service.backends == (workload.ref,)]
        rest = [each for each in halves if each not in mine]
        if len(mine) != 1 or len(rest) != 1 or len(rest[0].service.backends) != 1:
            continue
        other = view.workloads[rest[0].service.backends[0]]
        most = usage(view.figures, other, "cpu_share").most
        share = most * (mine[0].weight + rest[0].weight) / rest[0].weight
        if other is workload or not most or share > ROOM or not serves_well(view, other.ref):
            continue
        told = (
            f"{ref(route)} leads users to both; it serves its own well, and would use {share:.0%} of its limit for all"
        )
        return other, Evidence("objects", other.ref, told)
    return None


def _splits(view: View) -> Iterator[tuple[Obj, Sequence[Half]]]:
    """Yield the routes that deal users out to several Services, and how."""
    for obj in view.snapshot.of("VirtualService"):
        for way in items(obj, "spec", "http"):
            yield obj, _halves(view, ((text(e, "destination", "host"), e, 0) for e in items(way, "route")))
    for obj in view.snapshot.of("HTTPRoute"):
        for way in items(obj, "spec", "rules"):
            yield obj, _halves(view, ((text(e, "name"), e, 1) for e in items(way, "backendRefs")))


def _halves(view: View, named: Iterator[tuple[str, Mapping[str, Any], int]]) -> Sequence[Half]:
    """Return the Services of this namespace that get a share; a route need not tell the usual weight."""
    found = (
        (service_of(view, host), whole(each, "weight") if "weight" in each else usual) for host, each, usual in named
    )
    return [Half(service, weight) for service, weight in found if service is not None and weight > 0]
