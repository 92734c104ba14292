"""A route, Service, autoscaler or policy was written, and the users of the workload beside it suffer since."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of, rollout
from tests.diagnosis.rules.proxied import leads, rule
from tests.diagnosis.rules.scenes import (
    IMAGE,
    OLD,
    SHOP,
    alert,
    autoscaler,
    errors,
    failing,
    ingress,
    latency,
    logs,
    rate,
    shop,
)
from tests.diagnosis.rules.tiny import Obj, log, pod, series, service_for, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

ROUTE = ingress("shop", "shop.example", written=660)
EDGE = workload("edge", "registry.k8s.io/ingress-nginx/controller:v1.12")
FORBIDDEN = (
    "[error] 31#31: *42094 access forbidden by rule, client: 203.0.113.122, server: shop.example, "
    'request: "GET / HTTP/2.0", host: "shop.example"'
)


def color(name: str, *, pods: int = 2) -> list[Obj]:
    """Return the shop in one color, without a Service."""
    objects = workload(f"shop-{name}", pods=pods, service=False)
    for each in (objects[0]["spec"]["template"], *pods_of(objects)):
        each["metadata"]["labels"] |= {"site": "shop", "color": name}
    return objects


def pointed(name: str, age: float) -> Obj:
    """Return the Service of the shop, which leads to a color since ``age`` seconds."""
    return service_for("shop", selector={"site": "shop", "color": name}, written=age)


RUSHES = ("request_rate", series({"component": "shop"}, (3600, 40), (1500, 20), (600, 40)))
MORNING = ("request_rate", series({"component": "shop"}, (3600, 40), (3300, 20), (1200, 30), (600, 40)))
TO_SHOP = {"SHOP_URL": "http://shop:8080"}
WEB_FAILS = errors("web", since=400)
PASSED_ON = (
    '10.0.0.7 - - [04/Mar/2026:12:00:00 +0000] "GET /shop HTTP/1.1" 504 160 "-" "Mozilla/5.0 (X11; Linux x86_64)'
    ' AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36" rt=10.001 upstream=shop'
)


def before_the_page(*figures: tuple[str, Series], told: str = "", released: float = 500, **of_page: Any) -> Snapshot:
    """Return a shop that is slow since its autoscaler was edited, and a page that was released of late and fails."""
    said = ['"GET /about HTTP/1.1" 200 12'] * 5 + [told] * 10 if told else []
    return snapshot(
        shop(),
        autoscaler("shop", 2, 2, written=700),
        workload("web", before=OLD, released=released, **of_page),
        figures=[latency("shop"), *figures],
        logs=[log(pod("web", n), *said, since=released - 20) for n in (0, 1)] if told else [],
    )


def breaker(of: str) -> Obj:
    """Return a policy of a gateway that targets a Service."""
    targets = [{"kind": "Service", "name": of}]
    return thing("BackendTrafficPolicy", "limits", written=660, spec={"targetRefs": targets, "timeout": {"http": {}}})


HOLDS = [
    *(
        Holds(
            f"what a mesh or a gateway does with calls of its Service: {by['kind']}",
            snapshot(shop(), workload("api"), by, figures=[errors("shop", since=600)]),
            (f"{by['kind']}/{by['metadata']['name']}", "configuration_error", "page_human"),
        )
        for by in (breaker("shop"), rule(age=660, host="shop.town.svc"), leads(age=660, host="shop", blue=1))
    ),
    Holds(
        "its users suffer since before the morning, which brings as many as the day before",
        snapshot(shop(), ingress("shop", "shop.example", written=2760), figures=[errors("shop", since=2700), MORNING]),
        ("Ingress/shop", "configuration_error", "page_human"),
    ),
    *(
        Holds(
            f"an autoscaler; a page that asks for the workload was released when it had become slow, {what}",
            world,
            ("HorizontalPodAutoscaler/shop", "configuration_error", "page_human"),
            alone=True,
        )
        for what, world in (
            ("as its settings tell", before_the_page(WEB_FAILS, env=TO_SHOP)),
            ("as only its access log tells", before_the_page(told=PASSED_ON)),
            ("or just before, as it fails no earlier", before_the_page(errors("web"), released=650, env=TO_SHOP)),
        )
    ),
    *(
        Holds(
            f"an autoscaler, beside a page whose release is suspected too, {what}",
            world,
            ("HorizontalPodAutoscaler/shop", "configuration_error", "page_human"),
            believed="errors_since_release",
        )
        for what, world in (
            ("since it fails first", before_the_page(errors("web", since=690), released=720, env=TO_SHOP)),
            ("since it does not ask for the workload", before_the_page(WEB_FAILS)),
            (
                "since only its new pods fail",
                snapshot(
                    shop(),
                    autoscaler("shop", 2, 2, written=700),
                    rollout("web", None, before=OLD, released=500, old=2, new=2, env=TO_SHOP),
                    figures=[latency("shop"), *failing(0.001, 0.002, 0.6, 0.5, of="web", since=400)],
                ),
            ),
        )
    ),
    Holds(
        "a route",
        snapshot(shop(), ROUTE, figures=[errors("shop")]),
        ("Ingress/shop", "configuration_error", "page_human"),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
    ),
    Holds(
        "a Service",
        snapshot(shop(service=False), service_for("shop", written=660), figures=[errors("shop")]),
        ("Service/shop", "configuration_error", "page_human"),
        excludes=no("restart_workload", at=SHOP),
        harmful=("restart_workload", "rollback_workload"),
        began=600,
    ),
    Holds(
        "an autoscaler",
        snapshot(shop(), autoscaler("shop", 2, 2, written=700), figures=[latency("shop")]),
        ("HorizontalPodAutoscaler/shop", "configuration_error", "page_human"),
    ),
    Holds(
        "a Service that leads to another color since, while the first stands idle and whole",
        snapshot(color("green"), color("blue"), pointed("green", 660), figures=[errors("shop-green")]),
        ("Service/shop", "configuration_error", "switch_traffic"),
        excludes=no("restart_workload", "rollback_workload", at="Deployment/shop-green"),
    ),
    Holds(
        "a Service that leads to another color since, while the first has no pods",
        snapshot(color("green"), color("blue", pods=0), pointed("green", 660), figures=[errors("shop-green")]),
        ("Service/shop", "configuration_error", "page_human"),
    ),
    Holds(
        "a route since which all requests ask for something that is not there",
        snapshot(
            shop(),
            ROUTE,
            logs=[log(pod("shop"), *['"GET /rooms HTTP/1.1" 200'] * 20, *['"GET / HTTP/1.1" 404'] * 20, since=1200)],
        ),
        ("Ingress/shop", "configuration_error", "page_human"),
        harmful=("restart_workload", "rollback_workload"),
    ),
    Holds(
        "a route since which hardly any request comes, and a release of long before",
        snapshot(shop(before=IMAGE, released=1500), ROUTE, figures=[rate("shop", 50, 1), errors("shop", 0.0)]),
        ("Ingress/shop", "configuration_error", "page_human"),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
    ),
    Holds(
        "a route since which the edge forbids its users by rule",
        snapshot(shop(), EDGE, ROUTE, logs=logs("edge", FORBIDDEN, since=650), alerts=[alert("OrdersStopped")]),
        ("Ingress/shop", "configuration_error", "page_human"),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            f"what is done with calls of another Service: {by['kind']}",
            snapshot(shop(), workload("api"), by, figures=[errors("shop", since=600)]),
            ASK,
        )
        for by in (breaker("api"), rule(age=660, host="shop.other.svc"), leads(age=660, host="api", blue=1))
    ),
    *(
        DoesNotHold(
            f"an autoscaler, and far more requests came as the users began to suffer {what}",
            snapshot(shop(), autoscaler("shop", 2, 2, written=700), figures=[latency("shop"), asked]),
            instead,
        )
        for what, asked, instead in (
            ("than ever", rate("shop", 20, 40), (SHOP, "capacity", "page_human")),
            ("than just before: as many as in an earlier rush", RUSHES, ASK),
        )
    ),
    DoesNotHold(
        "it was written long before",
        snapshot(shop(), ingress("shop", "shop.example", written=3500), figures=[errors("shop")]),
        ASK,
    ),
    DoesNotHold(
        "a release came as well",
        snapshot(shop(before=IMAGE, released=660), ROUTE, figures=[errors("shop")]),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "hardly any request comes since the minute of a release",
        snapshot(shop(before=IMAGE, released=700), ROUTE, figures=[rate("shop", 50, 1), errors("shop", 0.0)]),
    ),
    DoesNotHold(
        "the edge forbids strangers by rule, and nobody misses them",
        snapshot(shop(), EDGE, ROUTE, logs=logs("edge", FORBIDDEN, since=650)),
    ),
    DoesNotHold(
        "the edge forbids users of another host",
        snapshot(
            shop(),
            EDGE,
            ROUTE,
            logs=logs("edge", FORBIDDEN.replace("shop.", "office."), since=650),
            alerts=[alert("OrdersStopped")],
        ),
    ),
    DoesNotHold(
        "half of the requests come still",
        snapshot(shop(), ROUTE, figures=[rate("shop", 50, 25), errors("shop", 0.0)]),
    ),
    DoesNotHold("nobody suffers", snapshot(shop(), ROUTE, figures=[errors("shop", 0.001)])),
]
