"""Settings at the edge were edited, and whom the edge needs waits for a host outside: it only passes that on."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import CART, errors, rate
from tests.diagnosis.rules.tiny import Obj, figure, log, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

UNAVAILABLE = "ERROR token endpoint answered url=https://login.idp.example.com/token status=503 Service Unavailable"
TIMED_OUT = "ERROR HTTPSConnectionPool(host='login.idp.example.com', port=443): Read timed out. (read timeout=10)"
OF_ENVOY = '"POST /in HTTP/2" {} - 114 1038 160 159 "203.0.113.9" "App/9.1" "c9f69552" "app.example" "10.1.176.1:8080"'
OF_NGINX = (
    '203.0.113.9 - - [04/Mar/2026:12:00:00 +0000] "POST /in HTTP/1.1" {} 150 "-" "App/9.1" 98 0.160 '
    "[town-cart-8080] [] 10.1.176.1:8080 0 0.160 502 c9f69552"
)
READS = {"volumes": [{"name": "c", "configMap": {"name": "edge-config"}}]}
ASKS: dict[str, Any] = {"env": {"CART_URL": "http://cart:8080"}}


def since(of: str, well: str, ill: str, age: float, first: float = 3000, *, lines: int = 40) -> Log:
    """Return the log of a pod that was well, and tells of something else, of both pods behind it, since some age."""
    before = log(pod(of), *[well] * lines, since=first)
    kept = [line for line, n in zip(before.lines, range(lines), strict=True) if first - n * first / lines > age]
    both = [ill, ill.replace("10.1.176.1:", "10.1.176.2:")] * (lines // 2)
    return Log(before.pod, before.container, (*kept, *log(pod(of), *both, since=age).lines))


def behind(
    *,
    edit: float = 1000,
    began: float = 560,
    told: str = UNAVAILABLE,
    access: str = OF_ENVOY,
    edge: dict[str, Any] | None = None,
    cart: dict[str, Any] | None = None,
    heard: bool = True,
    figures: tuple[Any, ...] = (),
) -> Snapshot:
    """Return an edge whose settings were edited and which answers 502 later, as cart behind it waits for a host."""
    objects: list[Obj] = [*workload("edge", spec=READS, **(edge or {})), *workload("cart", **(cart or {}))]
    waits = since("cart", "INFO signed in", told, began) if heard else log(pod("cart"), *[told] * 20, since=began)
    passes = [since("edge", access.format(200), access.format(502), began)] if access else []
    conf = thing("ConfigMap", "edge-config", written=edit, data={"ratelimit.yaml": "per_minute: 30"})
    return snapshot(objects, conf, logs=[*passes, waits], figures=figures)


FOUND = ("ConfigMap/edge-config", "configuration_error", "page_human")
OUTSIDE = (CART, "dependency_failure", "page_human")
HARM = ("rollback_workload", "restart_workload", "scale_workload")
HOLDS = [
    Holds(f"the edit may be the reason: {what}", world, FOUND, harmful=HARM[:1])
    for what, world in (
        ("it failed in the minute after it", behind(edit=600)),
        ("who waits reads it too", behind(cart={"spec": READS})),
        ("nothing tells that the edge needs who waits", behind(access=OF_ENVOY.replace("10.1.176.1", "10.9.9.9"))),
        ("who waits did so all along", behind(heard=False)),
        ("who waits is refused for what it asks", behind(told="ERROR https://login.idp.example.com/in: 401")),
        ("far more is asked since", behind(figures=(rate("edge", 50, 400, 560),))),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(f"whom the edge needs waits for a host outside: {what}", world, OUTSIDE, harmful=HARM)
    for what, world in (
        ("Envoy tells whom it asked", behind()),
        ("ingress-nginx tells whom it asked", behind(access=OF_NGINX)),
        ("its errors are of a client in Python", behind(told=TIMED_OUT)),
        (
            "the edge names it in its settings, and figures tell",
            behind(access="", edge=ASKS, figures=(errors("edge"),)),
        ),
        (
            "only figures tell of the host",
            behind(
                access="",
                edge=ASKS,
                told="INFO signed in",
                figures=(
                    errors("edge", since=560),
                    errors("cart", since=560),
                    figure(
                        "dependency_error_ratio", 0.0, 0.8, 560, component="cart", dependency="login.idp.example.com"
                    ),
                ),
            ),
        ),
    )
]
