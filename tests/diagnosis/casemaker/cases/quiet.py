"""Nothing to do, or nothing to see: healthy, recovered, as wanted, noise, no evidence."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import event
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import hpa, job, nodes, secret
from tests.diagnosis.casemaker.pods import P, running, terminated
from tests.diagnosis.casemaker.scene import alert, postgres, redis, session, sessions, taken, well
from tests.diagnosis.casemaker.signals import exact, flat, pulse, requests, signal
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

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
    why="Errors are back at their level, pods ready since, the alert is resolved; any act now would only risk a new fault.",
    expect=[Fault("", "no_fault", "no_action")],
    tolerated=["page_human"],
    forbidden=HARM,
)
def recovered(w: World) -> None:
    nodes(w, "we-1", "we-2")
    spec = pod_spec(container("api", "registry.weather.example/forecast-api:5.9"))
    last = terminated(1, "Error", started=days(11), finished=minutes(39))
    top = deployment(
        w,
        "forecast-api",
        [Rev(spec, days(11))],
        [
            P(restarts=1, state=running(minutes(38)), last=last, unready=minutes(37.5)),
            P(),
            P(restarts=1, state=running(minutes(38)), last=last, unready=minutes(37.6)),
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


@case(
    "failed-job-is-only-noise",
    "pharmacy",
    "2026-07-21T09:36:00",
    title="A nightly clean-up job failed as it often does; what users feel is a release with wrong settings",
    drawn_from="incidents where the loudest red thing in the namespace had nothing to do with the fault",
    why="The job failed hours before and nobody waits for it; errors begin with the roll-out, in the pods of its template.",
    expect=[Fault("Deployment/prescriptions", "configuration_error", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "no_action", "scale_workload", "scale_database", "isolate_workload"],
)
def noise(w: World) -> None:
    nodes(w, "ph-1", "ph-2")
    done = terminated(1, "Error", started=hours(6), finished=hours(6) - 40)
    sweep = pod_spec(container("sweep", "registry.pharmacy.example/sweep:1", port=0, ready=None))
    failed = job(
        w,
        "sweep-29214360",
        sweep,
        age=hours(6),
        pods=[P(phase="Failed", state=done, ready=False) for _ in range(4)],
        failed="BackoffLimitExceeded",
        cron="sweep",
        schedule="0 3 * * *",
    )
    log(
        w,
        failed,
        0,
        "python",
        [L(hours(6) - 30, "error", "FileNotFoundError: /mnt/inbox is empty, nothing to sweep", "sweep")],
    )
    image = "registry.pharmacy.example/prescriptions:10.4"
    specs = [
        pod_spec(container("app", image, env={"INSURER_URL": url, "TZ": "UTC"}))
        for url in ("https://gw.insurer.example/api", "https://gw-test.insurer.example/api")
    ]
    top = deployment(w, "prescriptions", [Rev(specs[0], days(13)), Rev(specs[1], minutes(20))], 3)
    service(w, "prescriptions")
    for index in range(3):
        log(
            w,
            top,
            index,
            "logback",
            often(
                6,
                1150,
                1,
                "error",
                [
                    "insurer answered 401 for https://gw-test.insurer.example/api/cover/{n}",
                    "cover check failed, answering 500",
                ],
                "c.p.cover.CoverClient",
            ),
        )
    requests(w, "prescriptions", rate=flat(14), errors=lambda age: 0.52 if age < 1170 else 0.001)
    alert(
        w,
        "KubeJobFailed",
        hours(5.9),
        "Job pharmacy/sweep-29214360 failed to complete",
        job_name="sweep-29214360",
        severity="warning",
    )


@case(
    "no-evidence-but-an-alert",
    "unknown-land",
    "2026-11-30T22:22:00",
    title="An alert fires and nothing could be read: no objects, no logs, no metrics",
    drawn_from="outages that take the API and the monitoring with them",
    why="Without evidence every cause is a guess; the one right thing is to say so and to call a person.",
    expect=[Fault("", "unknown", "page_human")],
    tolerated=[],
    forbidden=[*HARM, "no_action"],
)
def no_evidence(w: World) -> None:
    alert(w, "FrontendDown", minutes(6), "frontend does not answer from outside", service="frontend")
    taken(
        w,
        ("pods", False, "timed out after 5 s"),
        ("events", False, "timed out after 5 s"),
        ("prometheus", False, "connection refused"),
    )


@case(
    "healthy-at-scale-after-hpa",
    "deals",
    "2026-10-15T12:01:00",
    title="The autoscaler has just added replicas for a wave of traffic and all is well",
    drawn_from="busy but healthy systems that look like trouble: young pods, high CPU, many events",
    why="Young pods and a high rate are the autoscaler at work; errors and latency never moved.",
    expect=[Fault("", "no_fault", "no_action")],
    tolerated=[],
    forbidden=HARM,
)
def busy(w: World) -> None:
    nodes(w, "de-1", "de-2", "de-3", cpu="16")
    spec = pod_spec(container("web", "registry.deals.example/web:202", cpu=("500m", "2")))
    top = deployment(
        w,
        "web",
        [Rev(spec, days(7))],
        [P(age=days(7)) for _ in range(3)] + [P(age=minutes(18) - 5 * i) for i in range(3)],
        scaled=minutes(18),
    )
    service(w, "web")
    scaler = hpa(w, top, low=3, high=20, now=6, used=64, scaled=minutes(18))
    event(
        w,
        scaler,
        "SuccessfulRescale",
        "New size: 6; reason: cpu resource utilization (percentage of request) above target",
        kind="Normal",
        last=minutes(18),
    )
    event(
        w, top.pods[4], "Unhealthy", "Readiness probe failed: connection refused", last=minutes(17.8), container="web"
    )
    well(w, "carts", "registry.deals.example/carts:91", talk=True)
    requests(w, "web", rate=pulse(140, 330, minutes(22), 0), errors=flat(0.0008), p95=flat(0.14))
    exact(w, "hpa_replicas", {"component": "web"}, pulse(3, 6, minutes(18), 0))
    exact(w, "hpa_max", {"component": "web"}, flat(20))
    taken(w, ("objects", True, ""), ("prometheus", True, ""))
