"""Settings of how many connections and requests a proxy lets a Service have at once: circuit breakers, pools."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Obj
from tuheg_ir.diagnosis.rules._attached import about
from tuheg_ir.diagnosis.view.reading import mapping, name, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.named import NamedTuple

_CAPS = ("circuitBreaker", "circuitBreakers", "circuit_breakers", "connectionPool", "connectionLimits")
"""Envoy Gateway, kgateway and Gloo, Emissary, Istio, Kuma."""
_NOTES = late(r"/max-(?:connections|pending-requests|requests|retries)$")
"""Annotations of a Service (Contour)."""
_OWN = ("Service", "Upstream", "Backend")
"""Kinds that are caps of what has their own name."""
_DEEP = 5
_CORE = ("Pod", "ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "ControllerRevision", "Job", "CronJob", "Event")


class Cap(NamedTuple):
    """An object that caps what a proxy lets through, the names that it is about (none: anybody), and its figures."""

    obj: Obj
    names: frozenset[str]
    told: str


def caps(view: View) -> Iterator[Cap]:
    """Yield the objects that cap connections or requests."""
    for kind in view.snapshot.objects:
        for obj in view.snapshot.of(kind) if kind not in _CORE else ():
            found = [*_figures(mapping(obj, "spec"), _DEEP), *_noted(obj)]
            if found:
                own = {name(obj)} if kind in _OWN else set[str]()
                names = about(view, obj) | own | ({text(obj, "spec", "service")} - {""})
                yield Cap(obj, frozenset(names), ", ".join(found)[:160])


def _figures(thing: Mapping[str, Any], deep: int, *, inside: bool = False) -> Iterator[str]:
    """Yield the figures of caps, wherever in a spec they stand: also of a port or a subset alone."""
    for key, value in thing.items():
        within = inside or key in _CAPS
        if within and isinstance(value, int) and not isinstance(value, bool):
            yield f"{key} {value}"
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, Mapping) and deep:
                yield from _figures(each, deep - 1, inside=within)


def _noted(obj: Obj) -> Iterator[str]:
    notes = mapping(obj, "metadata", "annotations")
    yield from (f"{key.partition('/')[2]} {value}" for key, value in notes.items() if _NOTES.search(key))
