"""A server that closes idle connections earlier since its release, and the edge that still uses them."""

from __future__ import annotations

from datetime import timedelta
from itertools import chain
from typing import Any

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CART, alert, ingress, logs
from tests.diagnosis.rules.tiny import NOW, Obj, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Alert, Log, Snapshot

EDGE = "Deployment/edge"
NGINX = (
    "[error] 30#30: *61 recv() failed (104: Connection reset by peer) while reading response header "
    'from upstream, request: "POST /basket HTTP/1.1", upstream: "http://cart:8080/basket"'
)
ENVOY = (
    '"POST /basket HTTP/1.1" 503 UC upstream_reset_before_response_started{connection_termination} - "-" 120 95 0 - '
    '"-" "curl/8" "id" "cart" "10.1.176.1:8080" outbound|8080||cart.town.svc.cluster.local - - - - default'
)
OTHER = logs("edge", ENVOY.replace("10.1.176.1", "10.1.176.2"), 1, since=540)
GO = 'http: proxy error: Post "http://cart:8080/basket": EOF'
ROUTE: dict[str, Any] = {"alerts": [alert("TooMany502", ingress="basket")]}


def env(**given: str) -> Obj:
    return {"env": given}


KEEPS = env(KEEP_ALIVE_TIMEOUT_MS="76000", HEADERS_TIMEOUT_MS="77000")


def cut(before: Obj, now: Obj, *told: list[Log], line: str = NGINX, **more: Any) -> Snapshot:
    """Return an edge that nobody touched, whose connections to a service end since that was released."""
    service = workload("cart", before=before, released=600, **now)
    said = [*logs("edge", line, since=540), *chain.from_iterable(told)]
    return snapshot(workload("edge"), service, logs=said, **(more or ROUTE))


def begins(line: str, number: int = 0) -> list[Log]:
    return [log(pod("cart", number), line, *['"GET /basket HTTP/1.1" 200 OK'] * 9, since=580)]


def half(older: str, newer: str) -> Snapshot:
    """Return a service of which one pod is of the release, and one of the template before; each begins with a line."""
    service = workload("cart", before={"image": "registry.example/cart:0"}, released=600)
    second = next(each for each in service if each["metadata"]["name"] == pod("cart", 1))
    second["metadata"]["ownerReferences"][0]["name"] = "cart-r1"
    second["metadata"]["labels"]["controller-revision-hash"] = "cart-r1"
    said = [*logs("edge", NGINX, since=540), *begins(newer), *begins(older, 1)]
    return snapshot(workload("edge"), service, logs=said, **ROUTE)


def unseen(now: Obj, *told: list[Log], fires: Alert | None = None, more: Any = ()) -> Snapshot:
    """Return a service to which an Ingress leads, whose edge nobody sees, since a release of it."""
    service = workload("cart", before=KEEPS, released=600, **now)
    way = ingress("basket", "basket.example", service="cart")
    return snapshot(service, way, *more, logs=chain.from_iterable(told), alerts=[fires or late(ingress="basket")])


def late(age: float = 300, name: str = "TooMany502", **labels: str) -> Alert:
    return Alert(name, labels, {}, "firing", NOW - timedelta(seconds=age))


def told(milliseconds: int) -> list[Log]:
    return begins(f'{{"keepAliveTimeout":{milliseconds},"msg":"http server options"}}')


NEARBY = ("configuration_error", "rollback_workload")
"""Another rule may say so, less surely: it is the one release beside who tells of it."""
NOBODY = ("dependency_failure", "page_human")
HERE = {**KEEPS, "envFrom": []}
MOVED = {"env": {"PORT": "8080"}, "envFrom": [{"configMapRef": {"name": "cart"}}]}

HOLDS = [
    *(
        Holds(
            what,
            world,
            (CART, "configuration_error", "rollback_workload"),
            excludes=(*no("restart_workload", at=CART), *no("rollback_workload", "restart_workload", at=EDGE)),
            alone=True,
            harmful=("restart_workload", "scale_workload"),
        )
        for what, world in (
            ("a release took the setting away", cut(KEEPS, env(PORT="8080"))),
            ("and the program tells of its own time", cut(KEEPS, env(PORT="8080"), told(5000))),
            (
                "an argument is gone",
                cut({"args": ["--bind", ":8080", "--keep-alive", "75"]}, {"args": ["--bind", ":8080"]}, line=GO),
            ),
            ("a duration is shorter", cut(env(IDLE_TIMEOUT="2m0s"), env(IDLE_TIMEOUT="30s"), OTHER, line=ENVOY)),
            (
                "a time of a clock is shorter",
                cut(
                    env(Kestrel__Limits__KeepAliveTimeout="00:02:10"), env(Kestrel__Limits__KeepAliveTimeout="00:00:20")
                ),
            ),
            ("it has another name now", cut(KEEPS, env(PERSISTENT_TIMEOUT="20"))),
            ("a release brought a short one", cut({"args": []}, {"args": ["--timeout-keep-alive", "5"]})),
        )
    ),
    Holds(
        "an alert is about the edge",
        cut(KEEPS, env(PORT="8080"), alerts=[alert("BadGateway", service="edge")]),
        (CART, "configuration_error", "rollback_workload"),
    ),
    *(
        Holds(
            f"nobody sees the edge, and an alert {what}",
            unseen(env(PORT="8080"), told(5000), fires=fires),
            (CART, "configuration_error", "rollback_workload"),
            excludes=no("restart_workload", at=CART),
        )
        for what, fires in (
            ("names the Ingress", late(ingress="basket")),
            ("names the host", late(name="BadGateway", host="basket.example")),
            ("is about the service", late(service="cart")),
        )
    ),
    Holds(
        "pods of the release tell of an earlier closing than older ones do",
        half("keepAliveTimeout=75000", "keepAliveTimeout=5000"),
        (CART, "code_defect", "rollback_workload"),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, world, instead, harmful=("restart_workload", "scale_workload"))
        for what, world, instead in (
            ("the program keeps them longer by itself", cut(KEEPS, env(PORT="8080"), told(90000)), NEARBY),
            ("the setting moved to where nobody sees it", cut(HERE, MOVED), NEARBY),
            ("it has another name, and is longer", cut(KEEPS, env(PERSISTENT_TIMEOUT="90")), NEARBY),
            ("the same time is told in another unit", cut(env(KEEP_ALIVE="75s"), env(KEEP_ALIVE="75000")), NEARBY),
            (
                "a release brought one that is as long as those of edges",
                cut({"args": []}, {"args": ["--keep-alive", "75"]}),
                NEARBY,
            ),
            (
                "it is of connections that it opens itself",
                cut(env(DB_POOL_IDLE_TIMEOUT="30"), env(PORT="8080")),
                NEARBY,
            ),
            ("it is a number of requests", cut(env(KEEPALIVE_REQUESTS="1000"), env(PORT="8080")), NEARBY),
            ("it sets none of it any more, by name", cut(KEEPS, env(KEEP_ALIVE_TIMEOUT_MS="0")), NEARBY),
            (
                "pods of the release close no earlier",
                half("keepAliveTimeout=5000", "keepAliveTimeout=75000"),
                ("code_defect", "rollback_workload"),
            ),
            ("nobody misses anything", cut(KEEPS, env(PORT="8080"), alerts=[]), NOBODY),
            (
                "nobody knows whose connections end",
                cut(KEEPS, env(PORT="8080"), line=NGINX.replace("cart:8080", "10.96.9.9:80")),
                ASK,
            ),
        )
    ),
    *(
        DoesNotHold(f"nobody sees the edge, and {what}", world, harmful=("restart_workload", "rollback_workload"))
        for what, world in (
            ("an alert tells of something else", unseen(env(PORT="8080"), fires=late(name="Slow", ingress="basket"))),
            ("an alert is of another way in", unseen(env(PORT="8080"), fires=late(ingress="tours"))),
            ("the alert is older", unseen(env(PORT="8080"), fires=late(900, ingress="basket"))),
            ("the release closes no earlier", unseen(env(KEEP_ALIVE_TIMEOUT_MS="90000"))),
        )
    ),
]
