"""Leaks with and without a release, and alerts behind which there is nothing to repair."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import custom
from tests.diagnosis.casemaker.cases.quiet import HARM
from tests.diagnosis.casemaker.events import event
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import budget, hpa, nodes
from tests.diagnosis.casemaker.pods import P, oom, running
from tests.diagnosis.casemaker.scene import alert, redis, taken, well
from tests.diagnosis.casemaker.signals import Shape, exact, flat, pulse, requests, saw, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, Workload, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

Obj = dict[str, Any]


@case(
    "leak-of-yesterday-spares-the-sister-on-the-old-image",
    "weather-net",
    "2026-11-04T06:41:00",
    title="Pods of yesterday's release die of memory every six hours; the sister on the image before it stands still",
    drawn_from="leaks found by a region that was not upgraded yet: same traffic, flat memory, no kill",
    why="The release is older than the graphs, yet its pods grow evenly and were killed four times since, while the "
    "sister with the same limit, settings and traffic has run for weeks. It is the new image.",
    expect=[Fault("Deployment/ingest-eu", "code_defect", "rollback_workload")],
    acceptable=[("resource_exhaustion", "rollback_workload"), ("service_crash", "rollback_workload")],
    tolerated=["page_human", "restart_workload"],
    forbidden=[
        "scale_workload",
        "no_action",
        "isolate_workload",
        "scale_database",
        {"remedy": "rollback_workload", "target": "Deployment/ingest-us"},
    ],
)
def sister(w: World) -> None:
    nodes(w, "wn-1", "wn-2", "wn-3")
    made = {}
    for place, versions in (("us", ("5.19.4", "5.20.1")), ("eu", ("5.20.1", "5.21.0"))):
        name = f"ingest-{place}"
        env = {"REGION": place, "BATCH": "500", "SINK": "kafka.bus.svc:9092"}
        specs = [
            pod_spec(
                container("ingest", f"registry.weather-net.example/ingest:{v}", env=env, memory=("384Mi", "768Mi"))
            )
            for v in versions
        ]
        ends: tuple[float, ...] = (1190, 9020, 16480) if place == "eu" else ()
        pods = []
        for number, end in enumerate(ends):
            last = oom(started=end + 22_600, finished=end)
            pods.append(P(age=hours(26) - 40 * number, restarts=4, last=last, state=running(end - 2), unready=end - 14))
        newest = hours(26) if pods else days(39)
        top = deployment(w, name, [Rev(specs[0], newest + days(22)), Rev(specs[1], newest)], pods or 3)
        service(w, name)
        budget(w, top, minimum=2, healthy=3)
        for index in range(3):
            labels = {"pod": top.pod(index), "container": "ingest"}
            signal(w, "memory_share", labels, _grows(ends[index]) if ends else flat(0.41), noise=0.01)
            signal(w, "cpu_share", labels, flat(0.3))
            count = step(3, 4, 1190, over=1) if index == 0 and ends else flat(4 if ends else 0)
            exact(w, "restarts", labels, count)
        requests(w, name, rate=flat(310), errors=flat(0.002 if ends else 0.0005), p95=flat(0.05))
        made[place] = top
    well(w, "radar-tiles", "registry.weather-net.example/radar-tiles:204", pods=2, age=hours(9))
    redis(w)
    text = "Container ingest of a pod of ingest-eu was OOMKilled"
    alert(w, "ContainerOOMKilled", minutes(19), text, severity="warning", pod=made["eu"].pod(0), container="ingest")
    taken(w, ("objects", True, ""), ("logs", False, "pods/log is forbidden"), ("prometheus", True, ""))


def _grows(ended: float) -> Shape:
    """Grow to the limit within six hours and a quarter, last killed this long ago."""
    return lambda age: saw(0.24, 1.0, 22_600)(age - ended)


@case(
    "oldest-replica-is-out-of-sockets",
    "customs",
    "2026-06-09T13:14:00",
    title="A fourth of all declarations fails: the one replica that no drain has renewed has no descriptor left",
    drawn_from=".NET services that make an HttpClient for each request: SocketException (24): Too many open files",
    why="Three replicas of the same template were made nine days ago and are well; the fourth runs for two months and "
    "ran into its limit. Nothing was released; a fresh process has months again, the code can be mended after that.",
    expect=[Fault("Deployment/declarations", "resource_exhaustion", "restart_workload")],
    acceptable=[
        ("code_defect", "restart_workload"),
        ("service_crash", "restart_workload"),
        ("unknown", "restart_workload"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "rollback_workload",
        "no_action",
        "scale_database",
        "isolate_workload",
        {"remedy": "restart_workload", "target": "Deployment/tariff"},
    ],
)
def sockets(w: World) -> None:
    nodes(w, "cu-1", "cu-2", "cu-3", "cu-4")
    tcp: Obj = {"tcpSocket": {"port": 8080}, "periodSeconds": 10, "timeoutSeconds": 1, "failureThreshold": 3}
    env = {"ASPNETCORE_URLS": "http://+:8080", "Tariff__BaseUrl": "http://tariff", "DOTNET_gcServer": "1"}
    specs = [
        pod_spec(container("api", f"registry.customs.example/declarations:{v}", ready=tcp, live=tcp, env=env))
        for v in ("2.30.0", "2.31.2")
    ]
    renewed = [P(age=days(9) - minutes(7) * n) for n in range(3)]
    pods = [renewed[0], P(age=days(64) - 40), *renewed[1:]]
    top = deployment(w, "declarations", [Rev(specs[0], days(95)), Rev(specs[1], days(64))], pods)
    service(w, "declarations")
    image = "registry.customs.example/tariff"
    tariff = well(w, "tariff", f"{image}:118", pods=2, age=hours(3), before=f"{image}:117", style="logfmt")
    for index in range(2):
        log(w, tariff, index, "logfmt", often(6, 500 - 3.7 * index, 1, "info", ["GET /codes/{n} 200 3ms"]))
    failed = (
        "fail: Customs.Declarations.TariffClient[0]\n"
        "      Lookup of code {n} failed\n"
        "      System.Net.Http.HttpRequestException: Too many open files (tariff:80)\n"
        "       ---> System.Net.Sockets.SocketException (24): Too many open files\n"
        "         at System.Net.Sockets.Socket.AwaitableSocketAsyncEventArgs.ThrowException(SocketError error)"
    )
    for index in range(4):
        if index == 1:
            log(w, top, index, "plain", often(11, minutes(36) - 3.7 * index, 1, "", [failed]))
        else:
            told = ["info: Customs.Declarations.Api[0]\n      Declaration {n} accepted in 61 ms"]
            log(w, top, index, "plain", often(12, 600 - 3.7 * index, 1, "", told))
        labels = {"pod": top.pod(index)}
        signal(w, "error_ratio_by_pod", labels, step(0.002, 0.91, minutes(37)) if index == 1 else flat(0.0012))
        signal(w, "request_rate_by_pod", labels, flat(8))
        labels |= {"container": "api"}
        signal(w, "cpu_share", labels, step(0.26, 0.07, minutes(37)) if index == 1 else flat(0.25))
        signal(w, "memory_share", labels, flat(0.71 if index == 1 else 0.49))
    requests(w, "declarations", rate=flat(32), errors=step(0.0015, 0.23, minutes(37)), p95=flat(0.12))
    requests(w, "tariff", rate=flat(41), errors=flat(0.0004), p95=flat(0.006))
    alert(w, "DeclarationsErrors", minutes(31), "23% of declarations fail", service="declarations")


@case(
    "canary-of-flagger-went-back-by-itself",
    "garden-shop",
    "2026-09-02T15:26:00",
    title="A Deployment stands at zero after a rush of errors: Flagger has ended its canary, the primary serves",
    drawn_from="Flagger: Canary failed! Scaling down ..., and responders who scale the target up by hand",
    why="Flagger runs the target at zero by design whenever no analysis is on. The bad image got a tenth of the "
    "traffic for four minutes and is out; the primary runs the image before it, and the alert is over.",
    expect=[Fault("", "no_fault", "no_action")],
    acceptable=[
        ("no_fault", "page_human", "*"),
        ("code_defect", "no_action", "*"),
        ("code_defect", "page_human", "*"),
    ],
    tolerated=["page_human", "rollback_workload"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "scale_database",
        "isolate_workload",
        "restart_connection_pool",
        {"remedy": "rollback_workload", "target": "Deployment/search-primary"},
    ],
)
def flagger(w: World) -> None:
    nodes(w, "gs-1", "gs-2", "gs-3")
    image = "ghcr.io/garden-shop-example/search"
    specs = [pod_spec(container("search", f"{image}:{v}", port=9898, ready="/readyz")) for v in ("4.7.1", "4.8.0")]
    top = deployment(w, "search", [Rev(specs[0], days(18)), Rev(specs[1], minutes(34))], 0, replicas=0)
    gone = f"Scaled down replica set {top.sets[-1]['metadata']['name']} from 1 to 0"
    event(w, top.obj, "ScalingReplicaSet", gone, kind="Normal", last=minutes(20))
    primary = deployment(w, "search-primary", [Rev(specs[0], days(18))], 4)
    hpa(w, primary, low=4, high=12, now=4, used=51)
    for name, app in (("search", "search-primary"), ("search-primary", "search-primary"), ("search-canary", "search")):
        service(w, name, {"app": app}, port=9898, target=9898)
    _canary(w, top)
    for index in range(4):
        log(
            w,
            primary,
            index,
            "zap",
            often(7, minutes(12) - 3.7 * index, 1, "info", ["query {n} answered, 24 hits in 9 ms"]),
        )
    front = well(w, "front", "ghcr.io/garden-shop-example/front:512", pods=3, age=days(4), style="pino")
    for index in range(3):
        lines = often(
            13, minutes(27) - 3.7 * index, minutes(20.5), "error", ["search answered 500 for query {n}: unknown facet"]
        )
        log(
            w,
            front,
            index,
            "pino",
            [*lines, *often(16, minutes(20) - 3.7 * index, 1, "info", ["GET /search 200 31ms"])],
        )
    burst = pulse(0.001, 0.028, minutes(27), minutes(20))
    requests(w, "search", rate=flat(90), errors=burst, p95=flat(0.06))
    requests(w, "front", rate=flat(64), errors=pulse(0.001, 0.024, minutes(27), minutes(20)), p95=flat(0.15))
    exact(w, "replicas_available", {"component": "search"}, pulse(0, 1, minutes(33), minutes(20)))
    exact(w, "replicas_available", {"component": "search-primary"}, flat(4))
    text = "more than 2% of front's answers are errors"
    alert(w, "FrontErrorBudgetBurn", minutes(24), text, ended=minutes(16), service="front")


def _canary(w: World, of: Workload) -> None:
    """Add Flagger's Canary after an analysis that failed."""
    name = of.name
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    metrics = [{"name": "request-success-rate", "interval": "1m", "thresholdRange": {"min": 99}}]
    analysis: Obj = {"interval": "1m", "threshold": 5, "maxWeight": 50, "stepWeight": 10, "metrics": metrics}
    spec = {"provider": "nginx", "targetRef": target, "service": {"port": 9898}, "analysis": analysis}
    ended = w.at(minutes(20))
    condition = {
        "type": "Promoted",
        "status": "False",
        "reason": "Failed",
        "message": "Canary analysis failed, Deployment scaled to zero.",
        "lastTransitionTime": ended,
        "lastUpdateTime": ended,
    }
    status: Obj = {"phase": "Failed", "canaryWeight": 0, "failedChecks": 0, "iterations": 0, "conditions": [condition]}
    made = custom(w, "flagger.app/v1beta1", "Canary", name, spec, status | {"lastTransitionTime": ended})
    place = f"{name}.{w.namespace}"
    for age, text, kind in (
        (33.0, f"New revision detected! Scaling up {place}", "Normal"),
        (28.0, f"Starting canary analysis for {place}", "Normal"),
        (27.0, f"Advance {place} canary weight 10", "Normal"),
        (26.0, f"Halt {place} advancement success rate 71.43% < 99%", "Warning"),
        (22.0, f"Halt {place} advancement success rate 73.08% < 99%", "Warning"),
        (21.0, f"Rolling back {place} failed checks threshold reached 5", "Warning"),
        (20.0, f"Canary failed! Scaling down {place}", "Warning"),
    ):
        event(w, made, "Synced", text, kind=kind, last=minutes(age), writer="flagger")


@case(
    "long-poll-under-a-rule-of-today",
    "concierge",
    "2026-01-15T09:50:00",
    title="A latency alert fires for a service that lets its clients wait 30 seconds on purpose; the rule is new",
    drawn_from="p95 rules rolled out to all namespaces that page for long polls, event streams and WebSockets",
    why="The p95 is as it was an hour ago, before there was a rule; the slow path is /v2/poll, which answers 204 after "
    "its 30 seconds as configured. No error, no restart, no limit reached.",
    expect=[Fault("", "no_fault", "no_action")],
    acceptable=[("no_fault", "page_human", "*"), ("configuration_error", "page_human", "*")],
    tolerated=["page_human"],
    forbidden=HARM,
)
def long_poll(w: World) -> None:
    nodes(w, "co-1", "co-2", "co-3")
    image = "registry.concierge.example"
    env = {"LONG_POLL_SECONDS": "30", "REDIS_URL": "redis://redis:6379/2"}
    old = f"{image}/notify-hub:3.13"
    hub = well(w, "notify-hub", f"{image}/notify-hub:3.14", pods=3, age=days(52), before=old, env=env)
    redis(w)
    desk = well(w, "desk", f"{image}/desk:88", pods=2, age=minutes(51), before=f"{image}/desk:87", style="pino")
    expr = "histogram_quantile(0.95, sum by (service, le) (rate(http_server_duration_seconds_bucket[5m]))) > 2"
    rule: Obj = {"alert": "ServiceLatencyHigh", "expr": expr, "for": "15m", "labels": {"severity": "critical"}}
    groups = {"groups": [{"name": "golden-signals", "rules": [rule]}]}
    rules = custom(w, "monitoring.coreos.com/v1", "PrometheusRule", "golden-signals", groups, {}, age=minutes(44))
    del rules["status"]
    texts = [
        "GET /v2/poll 204 30.00s",
        "GET /v2/poll 204 30.01s",
        "GET /v2/poll 200 11.42s guest={n}",
        "POST /v2/notes 201 0.02s",
    ]
    for index in range(3):
        log(w, hub, index, "logfmt", often(4, 400 - 3.7 * index, 1, "info", texts))
        labels = {"pod": hub.pod(index), "container": "notify-hub"}
        signal(w, "cpu_share", labels, flat(0.09))
        signal(w, "memory_share", labels, flat(0.37))
        exact(w, "restarts", labels, flat(0))
    for index in range(2):
        lines = [L(minutes(50), "info", "listening on 8080")]
        lines += often(
            60, minutes(49) - 3.7 * index, 3, "warn", ["DeprecationWarning: the punycode module is deprecated"]
        )
        log(w, desk, index, "pino", [*lines, *often(15, minutes(20) - 3.7 * index, 2, "info", ["GET /desk 200 18ms"])])
    requests(w, "notify-hub", rate=flat(26), errors=flat(0.0002), p95=flat(29.4))
    requests(w, "desk", rate=flat(11), errors=flat(0.0009), p95=flat(0.06))
    signal(w, "cache_latency_p95", {"component": "redis"}, flat(0.0008))
    exact(w, "cache_up", {"component": "redis"}, flat(1))
    text = "p95 of notify-hub has been above 2 s for 15 minutes"
    alert(w, "ServiceLatencyHigh", minutes(28), text, service="notify-hub")
