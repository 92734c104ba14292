"""A circuit breaker was set lower than what is asked at once, and proxies turn the rest away."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.proxied import asked, field, line, meshed, rule, to
from tests.diagnosis.rules.scenes import CALLS_CART, CART, OLD, SHOP, errors, logs
from tests.diagnosis.rules.tiny import Obj, service_for, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

POLICY = "BackendTrafficPolicy/cart"
ACT = ("rollback_workload", "restart_workload", "scale_workload", "switch_traffic")
BLAMED = (CART, "dependency_failure", "page_human")
ROUTED = "httproute/town/cart/rule/0"
FULL = asked(field(200, "-", ROUTED), field(503, "UO", ROUTED), of="edge", proxy="envoy")
SAYS = (
    "ERROR GET http://cart:8080/items -> 503: upstream connect error or disconnect/reset before headers. "
    "reset reason: overflow"
)
FEW = {"tcp": {"maxConnections": 10}, "http": {"http1MaxPendingRequests": 1}}


def way(name: str = "cart") -> Obj:
    """Return an HTTPRoute of a gateway."""
    rules = [{"backendRefs": [{"name": name, "port": 8080}]}]
    return thing(
        "HTTPRoute", name, spec={"parentRefs": [{"name": "edge"}], "hostnames": ["shop.example"], "rules": rules}
    )


def breaker(
    name: str = "cart", *, age: float | None = 600, kind: str = "HTTPRoute", of: str = "", most: int = 100
) -> Obj:
    """Return a policy of Envoy Gateway that caps connections."""
    refs = [{"kind": kind, "name": of or name}]
    caps = {"maxConnections": most, "maxPendingRequests": 32}
    return thing("BackendTrafficPolicy", name, written=age, spec={"targetRefs": refs, "circuitBreaker": caps})


def world(
    *objects: Any, told: list[Log] | None = None, since: float = 590, cart: dict[str, Any] | None = None
) -> Snapshot:
    """Return a cart that is called by a shop and by an edge."""
    return snapshot(
        workload("edge", "docker.io/envoyproxy/envoy:v1.34", env=CALLS_CART, port=10443),
        meshed("shop", env=CALLS_CART),
        workload("cart", **(cart or {})),
        workload("api"),
        way(),
        way("api"),
        *objects,
        logs=[FULL] if told is None else told,
        figures=[errors("edge", 0.5, since)],
    )


HOLDS = [
    Holds(
        "a policy of a route was written; what the route leads to was released shortly before",
        world(breaker(), breaker("api", age=9e6), cart={"before": OLD, "released": 900}),
        (POLICY, "configuration_error", "page_human"),
        excludes=no("rollback_workload", "restart_workload", "scale_workload", at=CART),
        harmful=ACT,
        alone=True,
    ),
    Holds(
        "a policy of the whole gateway",
        world(breaker("all", kind="Gateway", of="edge")),
        ("BackendTrafficPolicy/all", "configuration_error", "page_human"),
        harmful=ACT,
    ),
    Holds(
        "a DestinationRule of a mesh, as the sidecar of a caller tells",
        world(rule(age=600, caps=FEW), told=[asked(line(200, "-", to()), line(503, "UO", to()))]),
        ("DestinationRule/cart", "configuration_error", "page_human"),
        excludes=no("restart_workload", "scale_workload", at=SHOP),
        harmful=ACT,
    ),
    Holds(
        "no log of a proxy was read: a caller repeats what it is answered",
        world(rule(age=600, caps=FEW), told=logs("shop", SAYS, since=590)),
        ("DestinationRule/cart", "configuration_error", "page_human"),
        harmful=ACT,
    ),
    Holds(
        "annotations of a Service, and a log that names no cluster",
        world(
            {
                **service_for("cart", written=600),
                "metadata": {
                    **service_for("cart", written=600)["metadata"],
                    "annotations": {"projectcontour.io/max-connections": "10"},
                },
            },
            told=[
                asked(
                    '"GET /items HTTP/1.1" 200 - 0 9 3 2',
                    '"GET /items HTTP/1.1" 503 UO 0 81 0 -',
                    of="edge",
                    proxy="envoy",
                )
            ],
        ),
        ("Service/cart", "configuration_error", "page_human"),
        harmful=ACT,
    ),
    Holds(
        "the proxy of who is called turns them away",
        world(
            rule(age=600, caps=FEW),
            told=[asked(line(200, "-", "inbound|8080||"), line(503, "UO", "inbound|8080||"), of="cart")],
        ),
        ("DestinationRule/cart", "configuration_error", "page_human"),
        harmful=ACT,
    ),
    Holds(
        "the log begins only later: users suffer since the policy was written",
        world(breaker(), told=[asked("", field(503, "UO", ROUTED), 300, of="edge", proxy="envoy")]),
        (POLICY, "configuration_error", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the cap is of old, and more is asked than it lets through",
        world(breaker(age=9e6)),
        instead=BLAMED,
        harmful=ACT,
    ),
    DoesNotHold("a policy of another route was written", world(breaker("api")), instead=BLAMED, harmful=ACT),
    DoesNotHold(
        "calls were turned away before: the cap was raised for that",
        world(breaker(age=300)),
        instead=BLAMED,
        harmful=ACT,
    ),
    DoesNotHold(
        "the log begins only later: users suffered long before the policy was written",
        world(breaker(), told=[asked("", field(503, "UO", ROUTED), 300, of="edge", proxy="envoy")], since=2400),
        instead=BLAMED,
        harmful=ACT,
    ),
    DoesNotHold(
        "two caps of the same route were written then",
        world(breaker(), breaker("all", kind="Gateway", of="edge")),
        instead=BLAMED,
        harmful=ACT,
    ),
    DoesNotHold(
        "a policy that caps nothing was written",
        world(
            thing(
                "BackendTrafficPolicy",
                "cart",
                written=600,
                spec={"targetRefs": [], "tcpKeepalive": {"idleTime": "60s"}},
            )
        ),
        instead=BLAMED,
    ),
    DoesNotHold(
        "what is behind refuses itself, for another reason",
        world(breaker(), told=[asked(field(200, "-", ROUTED), field(503, "UF", ROUTED), of="edge", proxy="envoy")]),
        instead=(POLICY, "configuration_error", "page_human"),
        harmful=ACT,
    ),
]
