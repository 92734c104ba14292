"""A full proxy between services: more of it where its callers became more; neither they nor the store is touched."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, autoscaler, errors, latency, logs, rate
from tests.diagnosis.rules.tiny import DAY, Obj, event, figure, pod, postgres, redis, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

HOP, ACCOUNTS = "Deployment/hop", "Deployment/accounts"
SCALE, BACK, LOOK, AGAIN = "scale_workload", "rollback_workload", "page_human", "restart_workload"
NGINX = "[alert] 29#29: *197 1024 worker_connections are not enough while connecting to upstream, client: 10.42.1.32"
HAPROXY = "Proxy db reached the configured maximum connection limit. Please check the global 'maxconn' value."
ENVOY = "closing connection from 10.42.1.9:51744: listener connection limit reached for 0.0.0.0_8443"
TWEM = "[2026-03-04 10:21:07.112] nc_proxy.c:346 client connections 1024 exceed limit 1024"
SLOW = (
    "[error] 29#29: *197 upstream timed out (110: Operation timed out) while reading from upstream, client: 10.42.1.3"
)
MORE = event(ACCOUNTS, "ScalingReplicaSet", "Scaled up replica set accounts-r1 to 2 from 1", age=640, kind="Normal")
REPLICAS = figure("replicas_wanted", 4, 9, 640, component="accounts")
FAILS = errors("accounts")
WRITTEN: dict[str, Any] = {"spec": {"volumes": [{"name": "conf", "configMap": {"name": "hop"}}]}}
JUST: dict[str, Any] = {"before": OLD, "released": 660}


def full(
    *more: Iterable[Obj] | Obj,
    line: str = NGINX,
    pods: tuple[int, ...] = (0, 1),
    image: str = "nginx:1.28",
    store: Iterable[Obj] | None = None,
    behind: str = "redis:6379",
    figures: Iterable[Any] = (FAILS,),
    of_accounts: Any = None,
    told: Iterable[Log] = (),
    **of_hop: Any,
) -> Snapshot:
    """Return accounts that ask a store by way of a proxy, by default one whose two pods say that they are full."""
    said = [log for n in pods for log in logs("hop", line, n, since=600)] if line else []
    return snapshot(
        workload("accounts", **{"env": {"STORE": "hop:8080"}} | (of_accounts or {})),
        workload("hop", image, **{"env": {"UPSTREAM": behind}} | of_hop),
        redis() if store is None else store,
        *more,
        figures=figures,
        logs=[*said, *told],
    )


def shares(*now: float, was: float = 0.4) -> list[Any]:
    return [figure("connections_share", was, each, 600, pod=pod("hop", n)) for n, each in enumerate(now)]


def of_database(taken: float) -> list[Any]:
    """Return how many of its hundred sessions a database has given."""
    limit = figure("db_max_connections", 100, 100, component="postgres")
    return [FAILS, REPLICAS, figure("db_connections", taken, taken, component="postgres"), limit]


DATABASE: dict[str, Any] = {"store": postgres(), "behind": "postgres:5432", "image": "haproxy:3.1", "line": HAPROXY}
CONF = thing("ConfigMap", "hop", age=90 * DAY, written=900, data={"nginx.conf": "worker_connections 512;"})
SPARED = (*no(SCALE, BACK, AGAIN, at=ACCOUNTS), *no(AGAIN, BACK, at=HOP))
HOLDS = [
    *(
        Holds(what, world, (HOP, "capacity", SCALE), excludes=SPARED, harmful=(AGAIN, BACK))
        for what, world in (
            ("nginx says so, and its caller was given pods", full(MORE)),
            ("it listens at the port of a cache", full(MORE, port=6379)),
            ("Envoy says so, and figures count the caller's pods", full(line=ENVOY, figures=[FAILS, REPLICAS])),
            ("twemproxy says so", full(MORE, line=TWEM, image="town/twemproxy:0.5")),
            (
                "HAProxy counts its connections before a service, and more is asked of the caller",
                full(
                    line="",
                    image="haproxy:3.1",
                    figures=[FAILS, rate("accounts", 40, 90), *shares(1.0, 0.99)],
                    store=workload("stock"),
                    behind="http://stock:8080",
                ),
            ),
            (
                "nginx counts whom it turns away",
                full(MORE, line="", figures=[FAILS, *shares(1.0, 1.0, was=0)]),
            ),
            ("a database behind it has room", full(**DATABASE, figures=of_database(30))),
        )
    ),
    *(
        Holds(what, world, (HOP, "capacity", LOOK), harmful=(SCALE, AGAIN))
        for what, world in (
            ("nobody knows that its callers became more", full()),
            ("a database behind it has few sessions left", full(**DATABASE, figures=of_database(80))),
            ("nobody knows how full a database behind it is", full(MORE, **DATABASE)),
            ("its autoscaler has given all it may", full(MORE, autoscaler("hop", 2, 2))),
            ("its caller asks more since its release", full(MORE, of_accounts=JUST)),
            ("whom it asks is no workload here", full(MORE, store=(), behind="cache.cloud.example:6379")),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world, harmful=(SCALE, BACK))
    for what, world in (
        ("nobody suffers", full(MORE, figures=())),
        ("one of its pods has room", full(MORE, pods=(0,))),
        (
            "it warns of a limit of files at its start",
            full(MORE, line="[warn] 1024 worker_connections exceed open file"),
        ),
        ("its settings were written before", full(MORE, CONF, **WRITTEN)),
        ("the store behind it has no pod", full(MORE, store=redis(ready=0))),
        (
            "whom it asks is slow",
            full(
                MORE,
                store=workload("stock"),
                behind="http://stock:8080",
                figures=[FAILS, latency("stock", 0.1, 4.0)],
            ),
        ),
        ("it tells that it gets no answers", full(MORE, told=logs("hop", SLOW, 0, 1))),
        ("nobody here asks it", full(MORE, of_accounts={"env": {}})),
        ("it is a store itself, with a limit of its own", full(MORE, image="redis:7")),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold("it was released as it filled", full(MORE, **JUST), (HOP, "code_defect", BACK), harmful=(SCALE,))
]
