"""Nothing to do, or nothing to see: healthy, recovered, as wanted, noise, no evidence."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import nodes, secret
from tests.diagnosis.casemaker.pods import P, running, terminated
from tests.diagnosis.casemaker.scene import alert, postgres, redis, session, sessions, well
from tests.diagnosis.casemaker.signals import exact, flat, pulse, requests, signal
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, minutes

HARM = [
    "restart_workload",
    "rollback_workload",
    "scale_workload",
    "restart_connection_pool",
    "scale_database",
    "isolate_workload",
    "switch_traffic",
]


@case(
    "watchdog-and-all-well",
    "museum",
    "2026-02-05T10:00:00",
    title="The only alert is the Watchdog, which always fires; everything is healthy",
    drawn_from="the dead man's switch of kube-prometheus: an alert whose firing means that alerting works",
    why="All replicas are ready, errors are at their usual level, and the Watchdog is meant to fire.",
    expect=[Fault("", "no_fault", "no_action")],
    tolerated=[],
    forbidden=HARM,
)
def watchdog(w: World) -> None:
    nodes(w, "mu-1", "mu-2")
    tour = well(
        w,
        "tours",
        "registry.museum.example/tours:8.1",
        pods=3,
        before="registry.museum.example/tours:8.0",
        age=days(2),
        talk=True,
    )
    well(w, "shop", "registry.museum.example/shop:4", pods=2, talk=True, style="python")
    base = postgres(w)
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    redis(w)
    sessions(
        w,
        "StatefulSet/postgres",
        100,
        [session(tour.pods[0]["status"]["podIP"], "Deployment/tours", "idle", 6, age=12, user="tours")],
    )
    log(w, base, 0, "postgres", [L(240, "log", "checkpoint complete: wrote 12 buffers (0.1%)")])
    for name in ("tours", "shop"):
        requests(w, name, rate=flat(22), errors=flat(0.0004), p95=flat(0.09))
    for index in range(3):
        signal(w, "memory_share", {"pod": tour.pod(index), "container": "tours"}, flat(0.52))
        signal(w, "cpu_share", {"pod": tour.pod(index), "container": "tours"}, flat(0.19))
    exact(w, "replicas_available", {"component": "tours"}, flat(3))
    alert(w, "Watchdog", days(40), "An alert that should always be firing", severity="none")


@case(
    "already-recovered",
    "weather",
    "2026-04-17T08:26:00",
    title="A short burst of errors ended half an hour ago; everything has been well since",
    drawn_from="pages that arrive late: resolved before anyone looked",
    why="Errors are back at their level, pods ready since, the alert is resolved; any act now would only risk "
    "a new fault.",
    expect=[Fault("", "no_fault", "no_action")],
    tolerated=["page_human"],
    forbidden=HARM,
)
def recovered(w: World) -> None:
    nodes(w, "we-1", "we-2")
    spec = pod_spec(container("api", "registry.weather.example/forecast-api:5.9"))
    last = terminated(1, "Error", started=days(11) - 30, finished=minutes(39))
    top = deployment(
        w,
        "forecast-api",
        [Rev(spec, days(11))],
        [
            P(restarts=1, state=running(minutes(39) - 1), last=last, unready=minutes(37.5)),
            P(),
            P(restarts=1, state=running(minutes(39) - 1), last=last, unready=minutes(37.6)),
        ],
    )
    service(w, "forecast-api")
    ingress(w, "weather", "weather.example", [("/", "forecast-api", 80)])
    well(w, "radar", "registry.weather.example/radar:2")
    log(
        w,
        top,
        0,
        "golang",
        [L(minutes(39), "error", "fatal: lost connection to upstream feed, exiting")],
        previous=True,
    )
    for index in range(3):
        log(
            w,
            top,
            index,
            "golang",
            [L(minutes(38), "info", "feed connected"), *often(12, 1200, 2, "info", ["GET /forecast/{n} 200 12ms"])],
        )
    requests(
        w,
        "forecast-api",
        rate=flat(90),
        errors=pulse(0.0006, 0.46, minutes(40), minutes(36)),
        p95=pulse(0.06, 1.1, minutes(40), minutes(36)),
    )
    exact(w, "replicas_available", {"component": "forecast-api"}, pulse(3, 1, minutes(39), minutes(37)))
    alert(
        w,
        "ForecastErrors",
        minutes(38),
        "46% of requests to forecast-api fail",
        ended=minutes(32),
        service="forecast-api",
    )


@case(
    "one-client-is-rate-limited",
    "openapi",
    "2026-05-04T13:13:00",
    title="One client exceeds its quota and gets 429, as the limits want it; all others are well",
    drawn_from="alerts on 4xx ratios when a partner's script loops",
    why="The limiter does what it is for: the server answers fast, nobody else sees an error; nothing here is broken.",
    expect=[Fault("", "no_fault", "no_action")],
    tolerated=["page_human"],
    forbidden=HARM,
)
def limited(w: World) -> None:
    nodes(w, "oa-1", "oa-2")
    edge = well(
        w,
        "api-edge",
        "registry.openapi.example/edge:33",
        pods=3,
        age=days(16),
        before="registry.openapi.example/edge:32",
    )
    well(w, "catalog", "registry.openapi.example/catalog:9")
    ingress(w, "openapi", "api.openapi.example", [("/", "api-edge", 80)])
    for index in range(3):
        log(
            w,
            edge,
            index,
            "zap",
            often(
                2,
                300,
                1,
                "warn",
                ["rate limit exceeded client=partner-4711 limit=100/s status=429"],
                "limit/bucket.go:52",
            )
            + often(6, 300, 1, "info", ["request done client=partner-0102 status=200"], "edge/http.go:80"),
        )
    requests(w, "api-edge", rate=pulse(120, 480, minutes(34), 0), errors=flat(0.0003), p95=flat(0.05))
    signal(w, "rate_limited_ratio", {"component": "api-edge"}, pulse(0.001, 0.72, minutes(34), 0))
    for index in range(3):
        signal(w, "cpu_share", {"pod": edge.pod(index), "container": "api-edge"}, flat(0.33))
    alert(
        w, "High4xxRatio", minutes(24), "72% of the answers of api-edge are 4xx", service="api-edge", severity="warning"
    )
