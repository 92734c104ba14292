"""An edge sends whoever asks for HTTPS in circles, since somebody wrote what leads it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, SHOP, alert, ingress, shop
from tests.diagnosis.rules.tiny import Obj, log, meta, pod, service_for, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

HOST, WAY = "shop.example", "Ingress/shop"
NGINX = "registry.k8s.io/ingress-nginx/controller:v1.11.2"
FORCE = "nginx.ingress.kubernetes.io/force-ssl-redirect"
ACT = ("rollback_workload", "restart_workload", "scale_workload", "switch_traffic")
EDITED = 1000.0
Line = Callable[[str, str, int], str]


def nginx(who: str, path: str, status: int, service: str = "shop") -> str:
    led = "- - - -" if status in (301, 308) else f"10.1.0.9:8080 512 0.02 {status}"
    asked = f'"GET {path} HTTP/1.1" {status} 164 "-" "Mozilla/5.0"'
    return f"{who} - - {asked} 310 0.021 [town-{service}-8080] [] {led} 1f"


def behind(who: str, path: str, status: int) -> str:
    """Return a line in which the edge tells that who is behind it has answered so."""
    asked = f'"GET {path} HTTP/1.1" {status} 164 "-" "Mozilla/5.0"'
    return f"{who} - - {asked} 310 0.021 [town-shop-8080] [] 10.1.0.9:8080 0 0.002 {status} 1f"


def traefik(who: str, path: str, status: int) -> str:
    return f'{who} - - "GET {path} HTTP/1.1" {status} 17 "-" "-" 711 "town-shop-shop-example@kubernetes" "-" 0ms'


def haproxy(who: str, path: str, status: int) -> str:
    led = "https/<NOSRV> 0/-1/-1/-1/0" if status == 302 else "town_svc_shop_http/SRV_1 0/0/1/9/10"
    return f'{who}:40112 [04/Mar/2026:11:50:00.101] http {led} {status} 97 - - LR-- 2/2/0/0/0 0/0 "GET {path} HTTP/1.1"'


def envoy(who: str, path: str, status: int) -> str:
    up = "null" if status == 301 else '"10.1.0.9:8080"'
    return (
        f'{{"method":"GET","path":"{path}","authority":"{HOST}","response_code":{status},'
        f'"x_forwarded_for":"{who}","upstream_host":{up}}}'
    )


def way(note: str = FORCE, *, age: float | None = EDITED, name: str = "shop", host: str = HOST) -> Obj:
    found = ingress(name, host)
    found["metadata"] = meta(name, written=age) | {"annotations": {note: "true"}}
    if age is not None:
        found["metadata"]["managedFields"][-1]["fieldsV1"] = {"f:metadata": {"f:annotations": {f"f:{note}": {}}}}
    return found


def http_route() -> Obj:
    filters = [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https"}}]
    rules = [{"filters": filters, "backendRefs": [{"name": "shop", "port": 8080}]}]
    return thing("HTTPRoute", "shop", written=EDITED, spec={"hostnames": [HOST], "rules": rules})


def settings(age: float = EDITED) -> Obj:
    return thing("ConfigMap", "edge-settings", written=age, data={"proxy-body-size": "8m"})


def told(
    line: Line = nginx,
    *,
    sent: int = 308,
    before: int = 200,
    times: int = 3,
    turned: float = 980,
    then: Sequence[int] = (),
    over: float = 0,
    also: Sequence[tuple[float, str]] = (),
) -> Log:
    """Return what an edge tells: each who asks is served until an age; then he is sent on some times, or ``then``."""
    lines: list[tuple[float, str]] = list(also)
    for n, age in enumerate(range(3000, 0, -40)):
        who, path = f"198.51.{n % 7}.{n + 1}", f"/goods/{n % 5}"
        statuses = (before,) if age > turned or age < over else (sent,) * times + tuple(then)
        lines += [(age - step, line(who, path, status)) for step, status in enumerate(statuses)]
    return timed(pod("edge"), *sorted(lines, reverse=True))


def by_nodes(line: Line = nginx, turned: float = 980, of: int = 2, times: int = 1) -> Log:
    """Return what an edge tells that sees its users by the addresses of nodes, and sends each on some times."""
    lines: list[tuple[float, str]] = []
    for n, age in enumerate(range(3000, 0, -2)):
        who, path = f"10.0.0.{11 + n % of}", f"/goods/{n % 5}" if n % 3 == 0 else "/"
        statuses = (200,) if age > turned else (301,) * times
        lines += [(age, line(who, path, status)) for status in statuses]
    return timed(pod("edge"), *lines)


def world(*more: Any, logs: Sequence[Log] = (), shops: dict[str, Any] | None = None, **edge: Any) -> Snapshot:
    """Return an edge before a shop, with what was written of late; an alert says that a probe of the shop fails."""
    made = workload("edge", **{"image": NGINX, "port": 443, **edge})
    return snapshot(made, shop(**(shops or {})), *more, logs=logs, alerts=[alert(service="shop")])


SAYS = (WAY, "configuration_error", "page_human")
ARGS: dict[str, Any] = {"args": ["/nginx-ingress-controller", "--configmap=$(POD_NAMESPACE)/edge-settings"]}
LOOP = log(pod("shop"), "ERROR fetch failed: maximum redirect reached at: https://shop.example/feed", since=900)
CART = workload("cart")
OTHER = way(name="cart", host="cart.example", age=None) | {
    "spec": ingress("cart", "cart.example", service="cart")["spec"]
}
WELL = [(float(age), nginx("203.0.113.5", "/cart", 200, "cart")) for age in range(2990, 0, -60)]


def of_balancer() -> Obj:
    return service_for("edge", port=443, written=EDITED)


HOLDS = [
    Holds(
        "HTTPS was forced at an ingress-nginx that sees none of it",
        world(way(), logs=[told()]),
        SAYS,
        excludes=no("rollback_workload", "restart_workload", "scale_workload", at=SHOP),
        harmful=ACT,
        began=960,
    ),
    Holds(
        "another way in of the same edge is well",
        world(way(), CART, OTHER, logs=[told(also=WELL)]),
        SAYS,
        harmful=ACT,
    ),
    Holds(
        "by a middleware of Traefik",
        world(
            way("traefik.ingress.kubernetes.io/router.middlewares"),
            logs=[told(traefik, sent=301)],
            image="traefik:v3.1",
        ),
        SAYS,
        harmful=ACT,
    ),
    Holds(
        "by a route of an Envoy",
        world(http_route(), logs=[told(envoy, sent=301)], image="envoyproxy/envoy:v1.31"),
        ("HTTPRoute/shop", "configuration_error", "page_human"),
        harmful=ACT,
    ),
    Holds(
        "the edge no longer believes its balancer, by the settings that it follows",
        world(way(age=None), settings(), logs=[told()], **ARGS),
        ("ConfigMap/edge-settings", "configuration_error", "page_human"),
        harmful=ACT,
    ),
    Holds(
        "by an HAProxy",
        world(
            way("haproxy.org/ssl-redirect"), logs=[told(haproxy, sent=302)], image="haproxytech/kubernetes-ingress:3"
        ),
        SAYS,
        harmful=ACT,
    ),
    Holds(
        "its users come by the addresses of two nodes, and ask three times as much",
        world(way(), logs=[by_nodes(times=3)]),
        SAYS,
        harmful=ACT,
    ),
    Holds(
        "its users come by the addresses of two nodes, and a client tells that it goes round",
        world(way(), logs=[by_nodes(), LOOP]),
        SAYS,
    ),
    Holds(
        "only a client tells that it goes round",
        world(way(), logs=[told(times=1), LOOP]),
        SAYS,
    ),
    Holds(
        "who is behind it was released just before, and is asked no more",
        world(way(), logs=[told()], shops={"before": OLD, "released": 1100}),
        SAYS,
        harmful=ACT,
    ),
    Holds(
        "another setting was written then",
        world(way(), settings(), logs=[told()], **ARGS),
        SAYS,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("who comes by HTTP is sent on to HTTPS, once", world(way(), logs=[told(times=1, then=(200,))])),
    DoesNotHold("half of them are served", world(way(), logs=[told(times=3, then=(200, 200, 200))])),
    DoesNotHold(
        "all are sent to another host, and go there",
        world(way("nginx.ingress.kubernetes.io/permanent-redirect"), logs=[told(times=1, sent=301)]),
    ),
    *(
        DoesNotHold(
            f"all are sent to a new domain, as wanted, and come by the addresses of {nodes} nodes",
            world(way("nginx.ingress.kubernetes.io/permanent-redirect"), logs=[by_nodes(of=nodes)]),
        )
        for nodes in (2, 12)
    ),
    DoesNotHold("it has always sent all on", world(way(), logs=[told(before=308)])),
    DoesNotHold("it was written an hour before", world(way(age=3500), logs=[told()])),
    DoesNotHold("nothing was written", world(way(age=None), logs=[told()])),
    DoesNotHold(
        "another way was written", world(way(age=None), CART, way(name="cart", host="cart.example"), logs=[told()])
    ),
    DoesNotHold("requests fail", world(way(), logs=[told(sent=502)])),
    DoesNotHold("it is over", world(way(), logs=[told(over=500)])),
    DoesNotHold(
        "two things were written then, and nobody knows what of them",
        world(
            thing("Ingress", "shop", written=EDITED, spec=ingress("shop", HOST)["spec"]),
            settings(),
            logs=[told()],
            **ARGS,
        ),
    ),
    DoesNotHold(
        "the edge itself was released in those minutes",
        world(way(), logs=[told()], before={"image": NGINX.replace("11.2", "10.0")}, released=1020),
        ("Deployment/edge", "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "who is behind it was released in those minutes, and sends on",
        world(way(), logs=[told(behind)], shops={"before": OLD, "released": 1020}),
    ),
]
