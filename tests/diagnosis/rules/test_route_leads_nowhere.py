"""A route to a Service or port that is not there."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import MORE, ROOM, alert, ingress, killed, shop
from tests.diagnosis.rules.tiny import DAY, Obj, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Alert, Snapshot

NOWHERE = ("Ingress/town", "configuration_error", "page_human")


def routed(service: str, port: int = 8080, written: float = 600) -> Snapshot:
    return snapshot(shop(), ingress("town", "town.example", service=service, port=port, written=written))


def http_route(**backend: Any) -> Obj:
    return thing("HTTPRoute", "town", written=600, spec={"rules": [{"backendRefs": [{"port": 80, **backend}]}]})


PROBED = {"instance": "https://town.example/ping"}
CUT = ("Deployment/edge", "configuration_error", "rollback_workload")


def review(number: int, space: str = "", written: float = 900) -> Obj:
    """Return the Ingress of a review, whose Service nobody gave."""
    made = ingress(f"pr-{number}", f"pr-{number}.review.example", written=written, age=written)
    made["metadata"] |= {"namespace": space} if space else {}
    return made


def beside(*routes: Obj, alerts: Any = (), led: str = "shop") -> Snapshot:
    """Return a doorman that is killed since its release took its memory, a sound route and others."""
    edge = killed(workload("edge", before=MORE, released=1200, **ROOM))
    return snapshot(edge, shop(), ingress("town", "town.example", service=led), *routes, alerts=alerts)


def one_of_two(*alerts: Alert) -> Snapshot:
    """Return a shop with two ways in, of which the one that was written of late leads nowhere."""
    nowhere = ingress("town", "town.example", service="shop-v2", written=600)
    return snapshot(shop(), nowhere, ingress("village", "village.example", service="shop"), alerts=alerts)


HOLDS = [
    Holds("no such Service", routed("shop-v2"), NOWHERE),
    Holds("no such port", routed("shop", 80), NOWHERE),
    Holds(
        "a probe asks for its host",
        snapshot(shop(), ingress("town", "town.example", service="shop-v2"), alerts=[alert("ProbeFailing", **PROBED)]),
        NOWHERE,
    ),
    Holds(
        "an alert is about whom no sound route reaches",
        snapshot(
            shop(), ingress("town", "town.example", service="shop-v2", written=600), alerts=[alert(service="shop")]
        ),
        NOWHERE,
    ),
    Holds(
        "an alert is about whom a sound route reaches as well, and whose next Service is missing",
        one_of_two(alert("FewRequests", deployment="shop")),
        NOWHERE,
    ),
    Holds(
        "one host leads nowhere, another one is sound, and it is the first that is missed",
        one_of_two(alert("ProbeFailing", **PROBED)),
        NOWHERE,
    ),
    Holds(
        "a route of the Gateway API",
        snapshot(shop(), http_route(name="gone")),
        ("HTTPRoute/town", "configuration_error", "page_human"),
    ),
]
HOLDS += [
    Holds(
        f"a young review leads nowhere, and all alerts are about others: {what}",
        beside(review(7), alerts=alerts),
        ("Ingress/pr-7", "configuration_error", "page_human"),
        believed="memory_limit_cut",
        alone=True,
    )
    for what, alerts in (
        ("a host that is led on", [alert("ProbeFailing", severity="critical", **PROBED)]),
        ("who is reached by a sound route", [alert("FewSessions", deployment="shop")]),
        ("whose containers end", [alert("CrashLooping", deployment="edge"), alert("ProbeFailing", **PROBED)]),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "of the namespace of the route no Service was read",
        snapshot(shop(), review(7, space="reviews")),
    ),
    DoesNotHold(
        "of the namespace of the route no Service was read, and somebody else is ill",
        beside(review(7, space="reviews"), alerts=[alert("Whatever")]),
        CUT,
    ),
    DoesNotHold("it is right", routed("shop")),
    DoesNotHold("an old one that nobody misses", routed("shop-v2", written=90 * DAY)),
    DoesNotHold(
        "a backend in another namespace cannot be judged",
        snapshot(shop(), http_route(name="gone", namespace="other")),
    ),
]
