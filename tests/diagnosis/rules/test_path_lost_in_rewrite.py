"""A way in was written, and what it rewrites requests to is not known behind it since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, alert, ingress, shop
from tests.diagnosis.rules.tiny import Obj, log, meta, pod, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

HOST, WAY = "api.example", "Ingress/shop"
ACT = ("rollback_workload", "restart_workload", "scale_workload", "switch_traffic")
NOTE = "nginx.ingress.kubernetes.io/rewrite-target"
NEW: dict[str, Any] = {"before": {"image": "shop:0"}, "released": 1600}


def nginx(path: str, status: int) -> str:
    led = f"[town-shop-8080] [] 10.1.0.9:8080 512 0.02 {status} 1f"
    return f'198.51.100.7 - - "GET {path} HTTP/2.0" {status} 512 "-" "Mozilla/5.0" 310 0.021 {led}'


def traefik(path: str, status: int) -> str:
    return (
        f'198.51.100.7 - - "GET {path} HTTP/1.1" {status} 19 "-" "-" 711 "shop@kubernetes" "http://10.1.0.9:8080" 4ms'
    )


def way(path: str = "/orders/(.*)", target: str = "/$2", *, note: str = NOTE, age: float = 1000) -> Obj:
    """Return an Ingress that was edited at an age."""
    found = ingress("shop", HOST)
    found["metadata"] = meta("shop", written=age) | {"annotations": {note: target} if note else {}}
    found["spec"]["rules"][0]["http"]["paths"][0]["path"] = path
    return found


def route() -> Obj:
    """Return an HTTPRoute that was edited, and replaces the beginning of paths."""
    filters = [{"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplacePrefixMatch"}}}]
    match = [{"path": {"type": "PathPrefix", "value": "/orders"}}]
    rules = [{"matches": match, "filters": filters, "backendRefs": [{"name": "shop", "port": 8080}]}]
    return thing("HTTPRoute", "shop", written=1000, spec={"hostnames": [HOST], "rules": rules})


def edge(
    told: Any = nginx, *, before: int = 200, since: int = 404, turned: float = 950, path: str = "/orders/v1/7"
) -> Log:
    """Return the log of an edge that got one status until an age, and another one since."""
    return timed(
        pod("edge"), *((float(age), told(path, before if age > turned else since)) for age in range(3000, 0, -50))
    )


def world(
    *ways: Obj,
    logs: Sequence[Log] = (),
    image: str = "registry.k8s.io/ingress-nginx/controller:v1.11.2",
    shops: Mapping[str, Any] | None = None,
) -> Snapshot:
    return snapshot(
        workload("edge", image, port=443), shop(**(shops or {})), *ways, logs=logs, alerts=[alert(service="shop")]
    )


CALLER = 'ERROR request failed: [GET] "https://api.example/orders/v1/7": 404 Not Found'
HOLDS = [
    Holds(
        "a path lost a group that the rewriting names",
        world(way(), logs=[edge()]),
        (WAY, "configuration_error", "page_human"),
        excludes=no("rollback_workload", "restart_workload", "scale_workload", at=SHOP),
        alone=True,
        began=950,
    ),
    Holds(
        "who gets them was released ten minutes before, and answered until then",
        world(way(), logs=[edge()], shops=NEW),
        (WAY, "configuration_error", "page_human"),
        harmful=ACT,
    ),
    Holds(
        "it was released in those very minutes, but the path lacks a group and was known until then",
        world(way(), logs=[edge()], shops={**NEW, "released": 1100}),
        (WAY, "configuration_error", "page_human"),
        harmful=ACT,
    ),
    Holds(
        "a group that catches nothing does not count, nor one that is escaped",
        world(way(r"/orders(?:/|$)\((.*)"), logs=[edge()]),
        (WAY, "configuration_error", "page_human"),
        harmful=ACT,
    ),
    Holds(
        "nobody has a log of the edge: whom an alert is about tells it",
        world(way(age=700)),
        (WAY, "configuration_error", "page_human"),
        harmful=ACT,
        sure=(0.5, 0.8),
    ),
    Holds(
        "the path has its groups, and what they are put into was written: Traefik tells of it",
        world(way("/orders", "/api", note="haproxy.org/path-rewrite"), logs=[edge(traefik)], image="traefik:v3.1"),
        (WAY, "configuration_error", "page_human"),
        harmful=ACT,
        sure=(0.4, 0.75),
    ),
    Holds(
        "an HTTPRoute replaces the beginning of paths otherwise",
        world(route(), logs=[edge(traefik)], image="traefik:v3.1"),
        ("HTTPRoute/shop", "configuration_error", "page_human"),
        harmful=ACT,
    ),
    Holds(
        "only the service's own log tells of it: all that comes is for the root",
        world(
            way(),
            logs=[
                timed(
                    pod("shop"),
                    *(
                        (
                            float(age),
                            f'10.1.0.3 "GET {"/" if age < 950 else "/v1/7"} HTTP/1.1" {404 if age < 950 else 200} 9',
                        )
                        for age in range(3000, 0, -50)
                    ),
                )
            ],
        ),
        (WAY, "configuration_error", "page_human"),
        harmful=ACT,
    ),
    Holds(
        "a caller that asks by that way is no cause of its own",
        snapshot(
            workload("edge", "registry.k8s.io/ingress-nginx/controller:v1.11.2", port=443),
            shop(),
            workload("web", before={"image": "web:0"}, released=1500),
            way(),
            logs=[edge(), log(pod("web"), *[CALLER] * 30, since=900)],
            alerts=[alert(service="shop")],
        ),
        (WAY, "configuration_error", "page_human"),
        excludes=no("rollback_workload", at="Deployment/web"),
        alone=True,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, seen, harmful=ACT)
    for what, seen in (
        ("it was written long before", world(way(age=90000), logs=[edge()])),
        ("it was written after they were lost", world(way(age=500), logs=[edge(turned=900)])),
        ("nobody knew them before", world(way(), logs=[edge(before=404)])),
        ("they are known, whatever an alert is about", world(way(age=700), logs=[edge(since=200)])),
        ("they fail otherwise", world(way(), logs=[edge(since=503)])),
        ("what is lost is led by another way", world(way(), logs=[edge(path="/items/7")])),
        ("it rewrites nothing", world(way("/orders", note=""), logs=[edge()])),
        (
            "its path has the groups, and another way was written then",
            world(way("/orders(/|$)(.*)"), ingress("cart", HOST, service="shop", age=1000), logs=[edge()]),
        ),
    )
] + [
    DoesNotHold(
        "its path has the groups, and who gets the requests was released then",
        world(way("/orders(/|$)(.*)"), logs=[edge()], shops={**NEW, "released": 1000}),
        harmful=("restart_workload", "scale_workload"),
    ),
    DoesNotHold(
        "a path without groups was lost with a release, a quarter of an hour after another path was written",
        world(way("/orders", age=1900), logs=[edge()], shops={**NEW, "released": 1000}),
        ("Deployment/shop", "code_defect", "rollback_workload"),
    ),
]
