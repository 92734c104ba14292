"""Releases whose probes ask the wrong question or too early."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import probe_failure, restarting
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import nodes
from tests.diagnosis.casemaker.pods import P, terminated
from tests.diagnosis.casemaker.scene import alert, postgres
from tests.diagnosis.casemaker.signals import exact, flat, requests
from tests.diagnosis.casemaker.templates import container, http, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, minutes


@case(
    "readiness-path-changed",
    "search",
    "2026-05-27T11:20:00",
    title="A template moved the readiness probe to a path that the program answers with 404",
    drawn_from="stalled roll-outs in postmortems: probe path or port changed together with a chart upgrade",
    why="Image and code are the same; only the probe differs; new pods run but are never ready; the old ones are.",
    expect=[Fault("Deployment/query-frontend", "configuration_error", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "scale_workload", "no_action", "switch_traffic"],
)
def readiness_path(w: World) -> None:
    nodes(w, "worker-1", "worker-2", "worker-3")
    image = "registry.search.example/query-frontend:0.77.1"
    specs = [
        pod_spec(container("frontend", image, port=8000, ready=http(path, 8000)))
        for path in ("/health", "/health/ready")
    ]
    top = deployment(
        w,
        "query-frontend",
        [Rev(specs[0], days(27), cause="helm upgrade 41"), Rev(specs[1], minutes(38), cause="helm upgrade 42")],
        [P(0), P(0), P(0), P(1, age=minutes(38), ready=False, unready=minutes(38))],
        replicas=3,
        labels={"app.kubernetes.io/name": "query-frontend", "app.kubernetes.io/managed-by": "Helm"},
    )
    probe_failure(
        w, top.pods[3], "Readiness", "HTTP probe failed with statuscode: 404", first=minutes(37.8), last=6, count=227
    )
    service(w, "query-frontend", {"app.kubernetes.io/name": "query-frontend"}, target=8000)
    lines = often(10, 1500, 4, "info", ['"GET /health/ready HTTP/1.1" 404 Not Found'], "uvicorn.access")
    log(w, top, 3, "python", [L(2270, "info", "Application startup complete.", "uvicorn.error"), *lines])
    log(
        w,
        top,
        0,
        "python",
        often(12, 700, 4, "info", ['"GET /health HTTP/1.1" 200 OK', '"GET /search HTTP/1.1" 200 OK'], "uvicorn.access"),
    )
    requests(w, "query-frontend", rate=flat(84), errors=flat(0.0004), p95=flat(0.21))
    exact(w, "replicas_available", {"component": "query-frontend"}, flat(3))


@case(
    "liveness-tightened-kills-slow-starts",
    "billing",
    "2026-06-18T08:15:00",
    title="A template made the liveness probe so tight that a slow start is always killed",
    drawn_from="JVM services that are killed by liveness probes while they warm up under load",
    why="Same image; the probe's delay and threshold were cut; exit 143 after a failed liveness probe, no "
    "error of its own.",
    expect=[Fault("Deployment/invoice-engine", "configuration_error", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "no_action", "restart_connection_pool", "scale_database"],
)
def liveness_tight(w: World) -> None:
    nodes(w, "n-01", "n-02", "n-03")
    image = "registry.billing.example/invoice-engine:2026.06.2"
    probes = (
        http("/actuator/health/liveness", 8080, delay=120, failures=5),
        http("/actuator/health/liveness", 8080, delay=20, failures=2),
    )
    specs = [
        pod_spec(
            container(
                "engine", image, live=probe, ready="/actuator/health/readiness", memory=("1Gi", "2Gi"), cpu=("1", "2")
            )
        )
        for probe in probes
    ]
    killed = terminated(143, "Error", started=118, finished=52)
    bad = [
        P(1, age=minutes(41), restarts=17, ready=False, state=("running", {"startedAt": 31}), last=killed, unready=52),
        P(1, age=minutes(39), restarts=16, backoff="5m0s", last=killed, unready=52),
        P(1, age=minutes(38), restarts=16, ready=False, state=("running", {"startedAt": 12}), last=killed, unready=40),
    ]
    top = deployment(
        w,
        "invoice-engine",
        [Rev(specs[0], days(9)), Rev(specs[1], minutes(41))],
        bad,
        replicas=3,
        strategy={"type": "Recreate"},
    )
    for pod, count in zip(top.pods, (17, 16, 16), strict=True):
        cause = (
            f'Get "http://{pod["status"]["podIP"]}:8080/actuator/health/liveness": dial tcp '
            f"{pod['status']['podIP']}:8080: connect: connection refused"
        )
        probe_failure(w, pod, "Liveness", cause, first=minutes(40), last=50, count=2 * count, killed=count)
        restarting(w, pod, first=minutes(36), last=45, count=61)
    service(w, "invoice-engine")
    start = [
        L(117, "info", "Starting InvoiceEngine using Java 21.0.4 with PID 1", "c.b.InvoiceEngine"),
        L(104, "info", "HikariPool-1 - Start completed.", "com.zaxxer.hikari.HikariDataSource"),
        L(82, "info", "Loading 1841 tariff rules into cache", "c.b.rules.TariffCache"),
        L(
            53,
            "info",
            "Commencing graceful shutdown. Waiting for active requests to complete",
            "o.s.b.w.e.t.GracefulShutdown",
        ),
    ]
    log(w, top, 0, "logback", start, previous=True)
    log(
        w,
        top,
        0,
        "logback",
        [L(30, "info", "Starting InvoiceEngine using Java 21.0.4 with PID 1", "c.b.InvoiceEngine")],
    )
    postgres(w)
    exact(w, "replicas_available", {"component": "invoice-engine"}, lambda age: 3 if age > 2450 else 0)
    for index in range(3):
        labels = {"pod": top.pod(index), "container": "engine"}
        exact(w, "restarts", labels, lambda age: max(0.0, (2300 - age) / 140), since=2300)
    alert(w, "InvoiceEngineDown", minutes(38), "No ready replica of invoice-engine", service="invoice-engine")
