"""A release refuses the check of who leads users to it; whose words only name it, or who only watches, is no reason."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CART, alert, ingress, rate
from tests.diagnosis.rules.tiny import Obj, pod, service_for, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

RELEASED = 900
EDGE = "Deployment/edge"
ACT = ("restart_workload", "scale_workload", "no_action")
HAPROXY = (
    '[WARNING]  (336) : Server town_svc_cart_http/SRV_1 is DOWN, reason: Layer7 wrong status, code: {code}, info: "", '
    "check duration: 4ms. 0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue."
)
HAPROXY_UP = HAPROXY.replace("is DOWN", "is UP").replace("wrong status, code: {code}", "check passed, code: 200")
HAPROXY_503 = (
    "217.5.158.229:32838 [04/Mar/2026:11:50:20.740] https~ town_svc_cart_http/<NOSRV> 0/-1/-1/-1/0 503 217 - - SC-- "
    '34/34/0/0/0 0/0 "GET https://cart.example/api/price HTTP/2.0"'
)
TRAEFIK = (
    '2026-03-04T11:46:00Z WRN Health check failed. error="received error status code: {code}" '
    "serviceName=town-cart@kubernetescrd targetURL=http://{address}:8080"
)
TRAEFIK_503 = '10.0.0.1 - - "GET /cart HTTP/1.1" 503 20 "-" "-" 12 "town-cart-8080@kubernetes" "-" 0ms'
CADDY = (
    '{{"level":"info","logger":"http.handlers.reverse_proxy.health_checker.active","msg":"unexpected status code",'
    '"status_code":{code},"host":"cart:8080"}}'
)
CADDY_503 = (
    '{"level":"error","msg":"no upstreams available","method":"GET","uri":"/cart","host":"cart:80","status":503}'
)
NET = "info: Microsoft.AspNetCore.Hosting[2] Request finished HTTP/1.0 GET http://10.4.3.5:8080{path} - {code} 0"
GOOGLE = '10.132.0.9 - - "GET {path} HTTP/1.1" {code} 19 "-" "GoogleHC/1.0"'
BLACKBOX = '10.1.9.9 - - "GET {path} HTTP/1.1" {code} 19 "-" "Blackbox Exporter/0.25.0"'
WELL = "INFO GET /api/price 200 4ms"


def probes(path: str) -> Obj:
    return {"readinessProbe": {"httpGet": {"path": path, "port": 8080}}}


def cart(*, image: bool = True, released: float = RELEASED, **more: Any) -> list[Obj]:
    """Return a cart whose release moved the path of its probes."""
    was = {**probes("/health"), **({"image": "registry.example/cart:0"} if image else {})}
    return workload(
        "cart", **{"before": was, "released": released, "service": False, **probes("/healthz/ready"), **more}
    )


def address(objects: Iterable[Obj]) -> str:
    return next(str(each["status"]["podIP"]) for each in objects if each["kind"] == "Pod")


def edge(image: str = "haproxytech/kubernetes-ingress:3.1", **more: Any) -> list[Obj]:
    return workload("edge", image, **more)


def said(line: str = HAPROXY, fails: str = HAPROXY_503, *, code: int = 404, since: float = 880, after: str = "") -> Log:
    """Return the log of an edge: what it served before, that a check of it failed, and what it failed since."""
    told: list[tuple[float, str]] = [(3000 - 100 * n, WELL) for n in range(20)]
    words = line.format(code=code, address=address(cart())) if "{code}" in line else line
    told += [(since, words), *([(since - 20, after)] if after else [])]
    told += [(since - 40 - 20 * n, fails) for n in range(int((since - 40) / 20))] if fails else []
    return timed(pod("edge"), *sorted(told, reverse=True))


def own(line: str = NET, *, path: str = "/health", code: int = 404, times: int = 60, pods: int = 2) -> list[Log]:
    """Return the logs of the cart's pods, which refuse a path and answer everything else."""
    words = line.format(path=path, code=code)
    told = [(870 - 870 * n / times, each) for n in range(times) for each in (words, WELL)]
    return [timed(pod("cart", number), *told) for number in range(pods)]


def world(
    objects: Iterable[Obj],
    *more: Iterable[Obj] | Obj,
    logs: Iterable[Log] = (),
    notes: dict[str, str] | None = None,
    written: float | None = None,
    service: dict[str, str] | None = None,
    alerted: bool = True,
    **figures: Any,
) -> Snapshot:
    """Return a cart with a way in; ``notes``, ``service``: annotations of that and of its Service."""
    way, named = ingress("cart", "cart.example", klass="haproxy", written=written), service_for("cart")
    way["metadata"]["annotations"], named["metadata"]["annotations"] = notes or {}, service or {}
    alerts = [alert("ExternalProbeFailing", host="cart.example")] if alerted else []
    return snapshot(objects, named, way, *more, logs=list(logs), alerts=alerts, **figures)


CHECKED = {"haproxy.org/check": "true", "haproxy.org/check-http": "/health"}
OCEAN = {"service.beta.kubernetes.io/do-loadbalancer-healthcheck-path": "/health"}
ALB = {"alb.ingress.kubernetes.io/healthcheck-path": "/health"}
CONTENT_WITH = "alb.ingress.kubernetes.io/success-codes"
AWAY = [rate("cart", now=0, since=850)]
HERE = (CART, "code_defect", "rollback_workload")
HOLDS = [
    *(
        Holds(
            what,
            seen,
            HERE,
            excludes=no("restart_workload", "scale_workload", at=CART),
            harmful=ACT,
        )
        for what, seen in (
            (
                "HAProxy has it down for its answer, as a way in tells to check what it refuses",
                world(cart(), edge(), logs=[said(), *own()], notes=CHECKED),
            ),
            ("HAProxy has it down for its answer, and fails all requests", world(cart(), edge(), logs=[said()])),
            (
                "Traefik names the address of a pod, and all stay away",
                world(cart(), edge("traefik:v3.3"), logs=[said(TRAEFIK, TRAEFIK_503)], alerted=False),
            ),
            (
                "Caddy got another answer than it takes",
                world(cart(), edge("caddy:2.9"), logs=[said(CADDY, CADDY_503, code=401)]),
            ),
            (
                "a balancer outside asks what it refuses, and users stay away",
                world(cart(), logs=own(GOOGLE), figures=AWAY, alerted=False),
            ),
            (
                "a balancer outside takes no other answer than it was told of",
                world(cart(), logs=own(GOOGLE, path="/", code=302), figures=AWAY),
            ),
            (
                "its Service tells a balancer to check what it refuses, and an alert fires since",
                world(cart(), logs=own(), service=OCEAN),
            ),
            ("its way in tells a balancer to check what it refuses", world(cart(), logs=own(), notes=ALB)),
            (
                "it refuses what the kubelet asked before, and an edge that says nothing of checks fails its requests",
                world(cart(), edge(), logs=[said("WARN reload", HAPROXY_503), *own()]),
            ),
        )
    ),
    Holds(
        "settings alone took the path away",
        world(cart(image=False), edge(), logs=[said(), *own()], notes=CHECKED),
        (CART, "configuration_error", "rollback_workload"),
        harmful=ACT,
    ),
]
OLD_CART = workload("cart", service=False)
SIDE = workload("fleet", before={"image": "registry.example/fleet:0"}, released=1200)
ROLLED: dict[str, Any] = {"before": {"image": "haproxytech/kubernetes-ingress:3.0"}, "released": 930}
DOES_NOT_HOLD = [
    DoesNotHold(what, seen, harmful=("rollback_workload", "restart_workload", "scale_workload"))
    for what, seen in (
        ("a monitoring asks what it refuses", world(cart(), logs=own(BLACKBOX))),
        ("it passes again", world(cart(), edge(), logs=[said(fails="", after=HAPROXY_UP)])),
        ("it refuses nothing, and the edge says so of another", world(SIDE, OLD_CART, edge(), logs=[said()])),
        ("a balancer may be refused as ever, and an alert fires", world(cart(), logs=own(GOOGLE, path="/", code=302))),
        ("its way in is content with a refusal", world(cart(), logs=own(), notes={**ALB, CONTENT_WITH: "200-404"})),
        ("somebody asks it now and then", world(cart(), logs=own(times=4), notes=CHECKED)),
        ("it is led on, and who checks is none who minds", world(cart(), logs=own(code=302), notes=CHECKED)),
        ("the way in was written in the same minutes", world(cart(), edge(), logs=[said(), *own()], written=900)),
        ("nobody suffers", world(cart(), logs=own(), notes=CHECKED, alerted=False)),
    )
] + [
    DoesNotHold(
        "the edge was released in the same minutes, and may ask for another thing",
        world(cart(), edge(**ROLLED), logs=[said(), *own()]),
        (EDGE, "code_defect", "rollback_workload"),
        harmful=ACT,
    ),
]
