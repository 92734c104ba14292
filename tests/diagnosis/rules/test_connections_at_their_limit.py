"""An edge has all the connections it may have: more of it where more users came, and nobody behind it is touched."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, WEB, alert, autoscaler, ingress, latency, logs, rate
from tests.diagnosis.rules.tiny import DAY, Obj, at, figure, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Alert, Log, Snapshot

EDGE = "Deployment/edge"
SCALE, BACK, LOOK = "scale_workload", "rollback_workload", "page_human"
SETTINGS = {"args": ["--configmap=ingress/edge", "--ingress.class=haproxy"]}
FIRES = alert("ProbeFailing", service="web")
NGINX = "[alert] 31#31: *912 1024 worker_connections are not enough while connecting to upstream"
STARTS = "[warn] 1#1: 65536 worker_connections exceed open file resource limit: 1024"
ENVOY = "closing connection from 203.0.113.9:51744: listener connection limit reached for 0.0.0.0_8443"
WAITS = "web/SRV_1 upstream request timed out: http://web:8080/a"


def shares(*now: float, was: float = 0.3, since: float = 600) -> list[Any]:
    """Return how full the pods of an edge are, since some seconds ago."""
    return [figure("connections_share", was, each, since, pod=pod("edge", n)) for n, each in enumerate(now)]


def full(
    *more: Iterable[Obj] | Obj,
    image: str = "haproxytech/kubernetes-ingress:3.1",
    figures: Iterable[Any] | None = None,
    told: Iterable[Log] = (),
    fires: Iterable[Alert] = (FIRES,),
    of_chat: Any = None,
    routed: float = 30 * DAY,
    limit: Iterable[Obj] | Obj = (),
    **of_edge: Any,
) -> Snapshot:
    """Return an edge before a web and a chat, by default one whose two pods have all connections they may have."""
    return snapshot(
        workload("edge", image, **(SETTINGS | of_edge)),
        workload("web"),
        workload("chat", **(of_chat or {})),
        [
            ingress("web", "web.example", klass="haproxy", age=routed),
            ingress("chat", "chat.example", klass="haproxy"),
        ]
        if routed
        else (),
        limit,
        *more,
        figures=shares(1.0, 0.99) if figures is None else figures,
        logs=told,
        alerts=fires,
    )


def limited(to: int = 4000, *, written: float = 90 * DAY) -> Obj:
    """Return the ConfigMap of an edge, in which its limit stands."""
    return thing("ConfigMap", "edge", age=200 * DAY, written=written, data={"maxconn": f"{to}", "nbthread": "4"})


def counts(
    *process: int, way: int = 0, backend: str = "shop_svc_chat_http", held: float = 0.9, clients: int = 50, n: int = 0
) -> Log:
    """Return the access log of a pod of an edge, each line of which tells how many connections there are."""
    lines = []
    for place in range(60):
        all_ = process[place * len(process) // 60]
        lines.append(
            f"{at(1800 - place * 30)} 203.0.113.{place % clients}:4711 [30/Nov/2026:04:18:31.091] https~ "
            f"{backend}/SRV_1 0/0/1/3/4 200 418 - - ---- {all_}/{way or all_ - 2}/{int(held * all_)}/9/0 0/0 "
            f'"GET chat.example/hub HTTP/1.1"'
        )
    return Log(pod("edge", n), "edge", tuple(lines))


def by_logs(*process: int, limit: Iterable[Obj] | Obj = (), **more: Any) -> Snapshot:
    """Return an edge of which only the logs tell how full its pods are."""
    of_counts = {key: more.pop(key) for key in ("way", "backend", "held", "clients") if key in more}
    told = [counts(*process, **of_counts, n=n) for n in (0, 1)]
    return full(figures=(), told=told, limit=limit or limited(), **more)


CLIMB = (1500, 2500, 4000, 4000, 3999, 4000)
CFG = thing("ConfigMap", "haproxy", data={"haproxy.cfg": "global\n  maxconn 20000\nfrontend www\n  maxconn 4000\n"})
MOUNTED: dict[str, Any] = {"spec": {"volumes": [{"name": "cfg", "configMap": {"name": "haproxy"}}]}, "args": []}
OF_SET = [figure("connections_share", 0.3, 1.0, pod=f"edge-{n}") for n in range(2)]
JUST: dict[str, Any] = {"before": OLD, "released": 660}
SPARED = (*no(SCALE, BACK, "restart_workload", at=WEB), *no("restart_workload", BACK, at=EDGE))
HOLDS = [
    *(
        Holds(what, world, (EDGE, "capacity", SCALE), excludes=SPARED)
        for what, world in (
            ("HAProxy counts them", full()),
            ("nobody is ready any more in one of its pods: probes wait as well", full(ready=1)),
            (
                "Envoy turns connections away, and more requests come",
                full(image="envoyproxy/envoy:v1.31", figures=[*shares(1.0, 1.0, was=0), rate("web", 50, 120)]),
            ),
            (
                "nginx says so, and more requests come",
                full(
                    image="registry.k8s.io/ingress-nginx/controller:v1.11",
                    figures=[rate("web", 50, 120)],
                    told=logs("edge", NGINX, 0, 1),
                ),
            ),
            (
                "Envoy says so, and more requests come",
                full(image="envoyproxy/envoy:v1.31", figures=[rate("chat", 50, 120)], told=logs("edge", ENVOY, 0, 1)),
            ),
            ("its access log counts them up to its limit", by_logs(*CLIMB)),
            ("they are as many as one way in may have", by_logs(*CLIMB, limit=CFG, **MOUNTED)),
            (
                "a neighbour was released as it began, and they lead to another",
                by_logs(*CLIMB, backend="shop_svc_web_http", of_chat={"before": OLD, "released": 1500}),
            ),
        )
    ),
    *(
        Holds(what, world, (EDGE, "capacity", LOOK), harmful=(SCALE, BACK))
        for what, world in (
            ("it was as full when figures begin", full(figures=shares(1.0, 1.0, was=1.0))),
            ("its autoscaler may make no more", full(autoscaler("edge", 2, 2))),
            ("somebody was released as it began, and nobody knows to whom they lead", full(of_chat=JUST)),
            ("one address has most of them", by_logs(*CLIMB, clients=1)),
            ("nobody counts what comes", full(figures=(), told=logs("edge", NGINX, 0, 1))),
        )
    ),
]
HOLDS += [
    Holds(
        "nobody knows the ways in, and an alert names nobody",
        full(routed=0, fires=[alert("ProbeFailing")]),
        (EDGE, "capacity", SCALE),
        excludes=no("restart_workload", BACK, at=EDGE),
    ),
    Holds(
        "it has one pod on each node",
        full(kind="DaemonSet", figures=OF_SET),
        ("DaemonSet/edge", "capacity", LOOK),
        harmful=(SCALE, BACK),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world, harmful=(SCALE, BACK))
    for what, world in (
        ("one pod has room", full(figures=shares(1.0, 0.5))),
        ("of one pod nobody knows", full(figures=shares(1.0))),
        ("they are fewer again", full(figures=shares(0.3, 0.3, was=1.0))),
        ("nobody suffers", full(fires=())),
        ("its settings were written before", full(limit=limited(written=900))),
        ("a way in was written before", full(routed=1200)),
        ("it tells that they do not answer", full(told=logs("edge", f"ERROR {WAITS}", 0, 1))),
        ("whom most lead to was released as it began", by_logs(*CLIMB, of_chat={"before": OLD, "released": 1500})),
        ("its log counts fewer than it may have", by_logs(1500, 1600, 2500, 2500, 2500)),
        ("nobody knows how many it may have", by_logs(*CLIMB, limit=thing("ConfigMap", "other", data={"a": "1"}))),
        ("one of its pods said so", full(figures=[rate("web", 50, 120)], told=logs("edge", NGINX, 0))),
        ("its start warned of files", full(figures=[rate("web", 50, 120)], told=logs("edge", STARTS, 0, 1))),
        ("others of here ask it", full(workload("cart", env={"DB": "http://edge:8080"}))),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold("it was released as it filled", full(**JUST), harmful=(SCALE,)),
    DoesNotHold(
        "who is behind it is slow: they wait there",
        full(figures=[*shares(1.0, 1.0), latency("web", 0.1, 4.0)]),
        (),
        (SCALE,),
    ),
]
