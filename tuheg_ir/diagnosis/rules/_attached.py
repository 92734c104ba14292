"""Objects of meshes and gateways that are about Services: by a host, by where they lead, or by what they target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tuheg_ir.diagnosis.model import Obj
from tuheg_ir.diagnosis.view.network import Service
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.reading import items, labels, mapping, ref, selects, text, whole
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod
from tuheg_ir.named import NamedTuple

_OF_ROUTES = ("HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute")
_WAYS = ("http", "tcp", "tls")


class Led(NamedTuple):
    """One place to which a VirtualService leads: a Service, a subset of its pods ("": all), and whether it gets any."""

    route: Obj
    service: Service
    subset: str
    used: bool


class Subset(NamedTuple):
    """A part of a Service's pods: the DestinationRule that names it, and the labels that it asks for."""

    rule: Obj
    labels: Mapping[str, Any]


def service_of(view: View, host: str) -> Service | None:
    """Return the Service of this namespace that a host is: `cart`, `cart.town`, `cart.town.svc.cluster.local`."""
    head, _, rest = host.lower().strip(".").partition(".")
    space = view.snapshot.namespace.lower()
    ours = rest in ("", space) or rest.startswith(f"{space}.svc")
    return view.services.get(head) if ours else None


@once_a_view
def led(view: View) -> tuple[Led, ...]:
    """Return where VirtualServices lead."""
    return tuple(found for obj in view.snapshot.of("VirtualService") for found in _led(view, obj))


def _led(view: View, obj: Obj) -> Iterator[Led]:
    for way in (each for kind in _WAYS for each in items(obj, "spec", kind)):
        found = items(way, "route")
        for each in found:
            service = service_of(view, text(each, "destination", "host"))
            if service is not None:
                used = len(found) == 1 or whole(each, "weight") > 0
                yield Led(obj, service, text(each, "destination", "subset"), used)


def subsets(view: View, service: Service) -> dict[str, Subset]:
    """Return the parts into which DestinationRules divide a Service, by name."""
    found: dict[str, Subset] = {}
    for obj in view.snapshot.of("DestinationRule"):
        if service_of(view, text(obj, "spec", "host")) is service:
            found |= {
                text(each, "name"): Subset(obj, mapping(each, "labels")) for each in items(obj, "spec", "subsets")
            }
    return found


def pods_of(view: View, service: Service, asked: Mapping[str, Any]) -> list[Pod]:
    """Return the live pods of a Service that bear further labels as well."""
    wanted = {**service.selector, **asked}
    return [pod for _, pod in view.pods() if selects(wanted, labels(pod.obj))]


@once_a_view
def attached(view: View) -> tuple[tuple[Obj, frozenset[str]], ...]:
    """Return the objects that are attached to Services or routes, each with the names of those."""
    found = ((obj, about(view, obj)) for kind in view.snapshot.objects for obj in view.snapshot.of(kind))
    return tuple((obj, names) for obj, names in found if names)


def about(view: View, obj: Obj) -> frozenset[str]:
    """Return the names of the Services that an object of a mesh or gateway is about, and of routes that it targets."""
    kind = text(obj, "kind")
    if kind == "VirtualService":
        return frozenset(each.service.name for each in led(view) if each.route is obj)
    if kind == "DestinationRule":
        service = service_of(view, text(obj, "spec", "host"))
        return frozenset((service.name,)) if service else frozenset()
    targets = [*items(obj, "spec", "targetRefs"), mapping(obj, "spec", "targetRef")]
    return frozenset(named for each in targets for named in _targeted(view, each))


def _targeted(view: View, target: Mapping[str, Any]) -> Iterator[str]:
    kind, named = text(target, "kind"), text(target, "name")
    if kind == "Service" and named in view.services:
        yield named
    routes = {f"{kind}/{named}"} if kind in _OF_ROUTES else set[str]()
    if kind == "Gateway":
        routes = {ref(obj) for obj in view.snapshot.of(*_OF_ROUTES) if named in _parents(obj)}
    for route in sorted(routes):
        yield route.partition("/")[2]
        yield from (each.service for each in view.routes if each.ref == route)


def _parents(route: Obj) -> set[str]:
    return {text(each, "name") for each in items(route, "spec", "parentRefs")}


def told(asked: Mapping[str, Any]) -> str:
    """Return labels as one reads them."""
    return ", ".join(f"{key}={value}" for key, value in sorted(asked.items()))
