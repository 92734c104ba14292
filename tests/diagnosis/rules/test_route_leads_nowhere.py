"""A route to a Service or port that is not there."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import ingress, shop
from tests.diagnosis.rules.tiny import DAY, Obj, snapshot, thing
from tuheg_ir.diagnosis.model import Snapshot

NOWHERE = ("Ingress/town", "configuration_error", "page_human")


def routed(service: str, port: int = 8080, written: float = 600) -> Snapshot:
    return snapshot(shop(), ingress("town", "town.example", service=service, port=port, written=written))


def http_route(**backend: Any) -> Obj:
    return thing("HTTPRoute", "town", written=600, spec={"rules": [{"backendRefs": [{"port": 80, **backend}]}]})


HOLDS = [
    Holds("no such Service", routed("shop-v2"), NOWHERE),
    Holds("no such port", routed("shop", 80), NOWHERE),
    Holds(
        "a route of the Gateway API",
        snapshot(shop(), http_route(name="gone")),
        ("HTTPRoute/town", "configuration_error", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("it is right", routed("shop")),
    DoesNotHold("an old one that nobody misses", routed("shop-v2", written=90 * DAY)),
    DoesNotHold(
        "a backend in another namespace cannot be judged",
        snapshot(shop(), http_route(name="gone", namespace="other")),
    ),
]
