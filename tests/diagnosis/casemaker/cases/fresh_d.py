"""Releases and switches: deploys that cut requests off, the wrong color, a canary, a roll-back in vain, probes."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS, custom
from tests.diagnosis.casemaker.cases.fresh_b import RUST, stamped
from tests.diagnosis.casemaker.events import probe_failure
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, ip, service
from tests.diagnosis.casemaker.platform import claim, nodes
from tests.diagnosis.casemaker.pods import P, running, terminated
from tests.diagnosis.casemaker.scene import alert, taken, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import Shape, exact, flat, requests, signal, step
from tests.diagnosis.casemaker.templates import container, http, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


def bumps(low: float, high: float, *spans: tuple[float, float]) -> Shape:
    """Be high within each span of ages and low else."""
    return lambda age: high if any(until < age <= since for since, until in spans) else low


@case(
    "each-deploy-cuts-requests-off",
    "orchard",
    "2026-03-12T15:20:00",
    title="Two releases within the hour; each cut requests off for half a minute, then all is well",
    drawn_from="services that stop listening at SIGTERM while the endpoints still name them: 502 at each deploy only",
    why="Both versions serve without errors; what fails are requests to pods that are being taken away. A preStop "
    "wait is to be added; another roll (a restart, a roll-back) only repeats the 502s.",
    expect=[Fault("Deployment/basket", "configuration_error", "page_human")],
    acceptable=[
        ("no_fault", "no_action", "*"),
        ("no_fault", "page_human", "*"),
        ("code_defect", "page_human"),
    ],
    tolerated=["no_action"],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "scale_database", "isolate_workload"],
)
def deploys(w: World) -> None:
    nodes(w, "oc-1", "oc-2", "oc-3")
    image = "registry.orchard.example/basket"
    specs = [pod_spec(container("vertx", f"{image}:{v}", ready="/ready")) for v in ("6.40", "6.41", "6.42")]
    revs = [Rev(specs[0], days(2)), Rev(specs[1], minutes(47)), Rev(specs[2], minutes(15))]
    top = deployment(w, "basket", revs, 4)
    service(w, "basket")
    ingress(w, "orchard", "orchard.example", [("/basket", "basket", 80)])
    edge = well(w, "edge", "registry.k8s.io/ingress-nginx/controller:v1.13.2", pods=2, age=days(70))
    for index in range(2):
        lines: list[L] = []
        for since, gone in ((minutes(46.2), "10.244.1.77"), (minutes(14.2), "10.244.1.81")):
            text = (
                "connect() failed (111: Connection refused) while connecting to upstream, client: 10.244.0.9, server: "
                f'orchard.example, request: "POST /basket/items HTTP/2.0", upstream: "http://{gone}:8080/basket/items"'
            )
            lines += often(2, since, since - 34, "error", [text])
        log(w, edge, index, "nginx_error", lines)
    for index in range(4):
        log(w, top, index, "logfmt", often(12, minutes(13), 2, "info", ["POST /basket/items 200 {n}us"]))
        labels = {"pod": top.pod(index), "container": "vertx"}
        signal(w, "cpu_share", labels, flat(0.3), since=minutes(14))
    spans = ((minutes(46.5), minutes(45.4)), (minutes(14.5), minutes(13.4)))
    requests(w, "basket", rate=flat(210), errors=bumps(0.0004, 0.07, *spans), p95=flat(0.06))
    text = "more than 5% of the requests to basket were answered 502"
    alert(w, "BasketBadGateway", minutes(14), text, ended=minutes(12), service="basket")


@case(
    "traffic-switched-to-the-stale-color",
    "harborpilot",
    "2026-08-05T11:33:00",
    title="The Service was switched to green for a release, but green still runs the program of last month",
    drawn_from="blue/green switches by hand to the wrong color: the idle one had not been upgraded",
    why="Blue has run the newest image for a day and still stands idle and well; the switch eleven minutes ago began "
    "the errors: the old program does not know the columns of today's schema. The Service's selector is to go back.",
    expect=[Fault("Service/berths", "configuration_error", "page_human")],
    acceptable=[
        ("configuration_error", "switch_traffic"),
        ("configuration_error", "switch_traffic", "Deployment/berths-blue"),
        ("configuration_error", "switch_traffic", "Deployment/berths-green"),
        ("configuration_error", "page_human", "Deployment/berths-green"),
        ("code_defect", "switch_traffic", "*"),
        ("code_defect", "page_human", "Deployment/berths-green"),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "scale_database"],
)
def color(w: World) -> None:
    nodes(w, "hp-1", "hp-2")
    made = {}
    for slot, tag, age in (("blue", "2026.8.4", hours(26)), ("green", "2026.7.2", days(33))):
        labels = {"app": "berths", "slot": slot}
        spec = pod_spec(container("phoenix", f"registry.harborpilot.example/berths:{tag}", port=4000, ready="/up"))
        made[slot] = deployment(w, f"berths-{slot}", [Rev(spec, age)], 3, labels=labels, age=days(190))
    switched = service(w, "berths", {"app": "berths", "slot": "green"}, target=4000, labels={"app": "berths"})
    w.changed(switched, minutes(11), "kubectl-patch", {"f:spec": {"f:selector": {"f:slot": {}}}})
    service(w, "berths-preview", {"app": "berths", "slot": "blue"}, target=4000)
    ingress(w, "berths", "berths.harborpilot.example", [("/", "berths", 80)])
    form = "{at}.118Z [{level}] {text}"
    bad = [
        "** (Postgrex.Error) ERROR 42703 (undefined_column) column b0.draught_cm does not exist",
        "Sent 500 in 14ms",
    ]
    for index in range(3):
        stamped(w, made["green"], index, form, often(4, minutes(10.8), 1, "error", bad))
        lines = often(20, minutes(60), minutes(11.2), "info", ["GET /berths/{n} Sent 200 in 9ms"])
        stamped(w, made["blue"], index, form, lines)
    alert(w, "BerthsErrors", minutes(8), "62% of the requests to berths fail", service="berths")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "rolled-back-and-inserts-still-refused",
    "beacon-metrics",
    "2026-05-11T10:42:00",
    title="An ingest service was rolled back seventeen minutes ago, yet ClickHouse still refuses its inserts",
    drawn_from="Too many parts: merges that fall behind; teams that roll back the last release and see no change",
    why="The errors began before the release and did not end with the roll-back: both versions get code 252. The "
    "table's parts have to be merged and the cause of many small inserts found by a person.",
    expect=[Fault("StatefulSet/clickhouse", "resource_exhaustion", "page_human")],
    acceptable=[
        *((cause, "page_human", "*") for cause in ("resource_exhaustion", "capacity", "dependency_failure")),
        ("configuration_error", "page_human", "*"),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "isolate_workload"],
)
def parts(w: World) -> None:
    nodes(w, "bm-1", "bm-2", "bm-3")
    spec = pod_spec(container("clickhouse", "clickhouse/clickhouse-server:25.3", port=9000, ready="/ping"))
    base = statefulset(w, "clickhouse", spec, claim="data")
    claim(w, "data-clickhouse-0", size="500Gi")
    service(w, "clickhouse", port=9000, target=9000)
    image = "registry.beacon.example/ingest"
    specs = [pod_spec(container("ingest", f"{image}:{v}")) for v in ("0.31.1", "0.31.0")]
    old = [Rev(specs[0], minutes(44)), Rev(specs[1], days(12))]
    top = deployment(w, "ingest", old, [P(1, age=minutes(17 - index)) for index in range(3)])
    w.changed(top.obj, minutes(17.2), "kubectl-rollout", {"f:spec": {"f:template": {}}})
    service(w, "ingest")
    text = (
        "Code: 252. DB::Exception: Too many parts (3004 with average size of 18.22 KiB) in table 'beacon.hits "
        "(5f0a4a1e-9d2c-4f3f-8a2e-0c5f1b7d9e11)'. Merges are processing significantly slower than inserts. "
        "(TOO_MANY_PARTS)"
    )
    stamped(w, base, 0, "{at}.402117 [ 288 ] <Error> {logger}: {text}", often(30, 3300, 2, "", [text], "TCPHandler"))
    for index in range(3):
        failed = often(10, minutes(16), 1, "error", ["insert of batch {n} refused: " + text], "ingest::sink")
        stamped(w, top, index, RUST, failed)
    signal(w, "cpu_share", {"pod": "clickhouse-0", "container": "clickhouse"}, flat(0.63))
    signal(w, "volume_used_share", {"persistentvolumeclaim": "data-clickhouse-0"}, flat(0.41))
    requests(w, "ingest", rate=flat(95), errors=step(0.001, 0.58, minutes(55)), p95=flat(1.2))
    alert(w, "IngestErrors", minutes(51), "58% of the batches are not taken", service="ingest")


@case(
    "canary-of-its-own-deployment-fails",
    "tailor",
    "2026-11-05T09:26:00",
    title="A tenth of the traffic goes to a Deployment of its own with the next version; most of it fails",
    drawn_from="canaries by weight of a route: a second Deployment that has no older revision to go back to",
    why="Only the canary's pods fail, since they exist; the stable ones serve. The weight is to go to 0; the canary "
    "has one revision, so nothing can be rolled back, and the stable Deployment is innocent.",
    expect=[Fault("Deployment/quotes-canary", "code_defect", "page_human")],
    acceptable=[
        ("code_defect", "switch_traffic"),
        ("code_defect", "switch_traffic", "HTTPRoute/quotes"),
        ("code_defect", "switch_traffic", "Service/quotes"),
        ("configuration_error", "page_human"),
        ("code_defect", "page_human", "HTTPRoute/quotes"),
        ("configuration_error", "switch_traffic"),
    ],
    forbidden=[
        "restart_workload",
        {"remedy": "rollback_workload", "target": "Deployment/quotes"},
        "scale_database",
        "no_action",
    ],
)
def canary(w: World) -> None:
    nodes(w, "ta-1", "ta-2", "ta-3")
    image = "registry.tailor.example/quotes"
    stable = well(w, "quotes", f"{image}:14.2.0", pods=5, age=days(17), before=f"{image}:14.1.6")
    spec = pod_spec(container("ktor", f"{image}:15.0.0-rc.2"))
    new = deployment(w, "quotes-canary", [Rev(spec, minutes(38))], 1, age=minutes(38), number=1)
    service(w, "quotes-canary")
    backends = [{"name": "quotes", "port": 80, "weight": 90}, {"name": "quotes-canary", "port": 80, "weight": 10}]
    route = {"hostnames": ["quotes.tailor.example"], "rules": [{"backendRefs": backends}]}
    w.changed(custom(w, "gateway.networking.k8s.io/v1", "HTTPRoute", "quotes", route, {}), minutes(36), "argocd")
    bad = (
        "500 Internal Server Error: POST - /quotes in 12ms\nkotlinx.serialization.MissingFieldException: Field "
        "'currency' is required for type with serial name 'QuoteRequest', but it was missing at path: $"
    )
    log(w, new, 0, "logback", often(3, minutes(35), 1, "error", [bad], "ktor.application"))
    for index in range(5):
        log(w, stable, index, "logback", often(12, 900, 2, "info", ["200 OK: POST - /quotes in {n}us"], "ktor.app"))
        signal(w, "error_ratio_by_pod", {"pod": stable.pod(index)}, flat(0.0006))
    signal(w, "error_ratio_by_pod", {"pod": new.pod(0)}, flat(0.83), since=minutes(36))
    requests(w, "quotes", rate=step(120, 108, minutes(36)), errors=flat(0.0006), p95=flat(0.11))
    requests(w, "quotes-canary", rate=step(0.0, 12, minutes(36)), errors=step(0.0, 0.83, minutes(36)))
    text = "8% of the requests to quotes.tailor.example fail"
    alert(w, "QuotesErrors", minutes(29), text, route="quotes", severity="warning")


@case(
    "liveness-kills-what-the-crowd-has-left",
    "marathon",
    "2026-04-19T08:07:00",
    title="Registration opened; every pod is busy at its limit, misses its liveness probe and is killed in turn",
    drawn_from="liveness probes with a second's timeout that turn a rush into an outage: fewer pods, more load each",
    why="No release for weeks; the rate tripled within minutes and the processors are at their limit, then the probes "
    "fail. More pods first; the probe's timeout is to be widened. Restarting is what the probe does already.",
    expect=[Fault("Deployment/signup", "capacity", "scale_workload")],
    acceptable=[
        ("resource_exhaustion", "scale_workload"),
        ("configuration_error", "scale_workload"),
        ("capacity", "page_human"),
        ("configuration_error", "page_human"),
    ],
    tolerated=["page_human"],
    forbidden=["restart_workload", "rollback_workload", "no_action", "scale_database", "isolate_workload"],
)
def crowd(w: World) -> None:
    nodes(w, "ma-1", "ma-2", "ma-3", cpu="16")
    inner = container(
        "puma",
        "registry.marathon.example/signup:2026.3.1",
        port=3000,
        ready=http("/up", 3000),
        live=http("/up", 3000, period=5),
        cpu=("500m", "1"),
        memory=("512Mi", "1Gi"),
    )
    ended = [terminated(137, "Error", started=130 + 40 * n, finished=70 + 40 * n) for n in range(4)]
    described = [
        P(restarts=5, state=running(69), last=ended[0], ready=False, unready=60),
        P(restarts=4, state=running(109), last=ended[1], ready=True),
        P(restarts=5, state=running(149), last=ended[2], ready=False, unready=90),
        P(restarts=4, state=running(189), last=ended[3], ready=True),
    ]
    top = deployment(w, "signup", [Rev(pod_spec(inner), days(34))], described, age=days(300))
    service(w, "signup", target=3000)
    ingress(w, "signup", "signup.marathon.example", [("/", "signup", 80)])
    for index, each in enumerate(top.pods):
        where = f'Get "http://{each["status"]["podIP"]}:3000/up": context deadline exceeded'
        cause = f"{where} (Client.Timeout exceeded while awaiting headers)"
        probe_failure(w, each, "Liveness", cause, first=minutes(6), last=80 + 40 * index, count=15, killed=5)
        probe_failure(w, each, "Readiness", cause, first=minutes(6), last=30, count=22)
        lines = often(2, 60 + 40 * index, 1, "info", ["Completed 200 OK in 1{n}ms (ActiveRecord: 8.1ms)"])
        log(w, top, index, "plain", lines)
        signal(w, "cpu_share", {"pod": top.pod(index), "container": "puma"}, step(0.31, 0.99, minutes(7)))
        signal(w, "memory_share", {"pod": top.pod(index), "container": "puma"}, flat(0.52))
    exact(w, "replicas_available", {"component": "signup"}, step(4, 2, minutes(6)))
    exact(w, "replicas_wanted", {"component": "signup"}, flat(4))
    for name in ("ma-1", "ma-2", "ma-3"):
        signal(w, "node_cpu_share", {"node": name}, step(0.12, 0.24, minutes(7)))
    requests(
        w,
        "signup",
        rate=step(60, 205, minutes(7)),
        errors=step(0.001, 0.44, minutes(6)),
        p95=step(0.14, 6.2, minutes(7)),
    )
    alert(w, "SignupErrors", minutes(4), "44% of the requests to signup fail", service="signup")


@case(
    "flag-turned-on-without-a-release",
    "wholesale",
    "2026-10-08T14:12:00",
    title="A feature flag was turned on in Unleash; since that minute every third price fails, no object changed",
    drawn_from="outages by feature flags: nothing was deployed, so nobody looked for a change",
    why="The pods log the flag's change and, a second later, the first failure, always in the new path. The template "
    "is three weeks old and going back to the older one keeps the flag on; a person has to turn it off.",
    expect=[Fault("Deployment/pricing", "configuration_error", "page_human")],
    acceptable=[("code_defect", "page_human"), ("configuration_error", "page_human", "Deployment/unleash")],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "scale_database"],
)
def flag(w: World) -> None:
    nodes(w, "wh-1", "wh-2")
    image = "registry.wholesale.example/pricing"
    flags = well(w, "unleash", "unleashorg/unleash-server:6.7.1", pods=1, age=days(60), port=4242)
    top = well(
        w,
        "pricing",
        f"{image}:9.17",
        pods=3,
        age=days(21),
        before=f"{image}:9.16",
        env={"UNLEASH_API": "http://unleash/api"},
    )
    log(w, flags, 0, "pino", [L(minutes(19), "info", "feature-environment-enabled: tiered-rebates (production)")])
    bad = [
        "POST /price 500 TypeError: Cannot read properties of undefined (reading 'brackets')\n    at "
        "TieredRebates.apply (/srv/dist/rebates/tiered.js:44:27)"
    ]
    for index in range(3):
        lines = [
            L(minutes(19) - 4, "info", "feature toggle tiered-rebates changed: disabled -> enabled"),
            *often(9, minutes(18.9), 1, "error", bad),
            *often(8, minutes(18), 1, "info", ["POST /price 200 21ms"]),
        ]
        log(w, top, index, "pino", lines)
        signal(w, "cpu_share", {"pod": top.pod(index), "container": "pricing"}, flat(0.33))
    requests(w, "pricing", rate=flat(74), errors=step(0.0007, 0.34, minutes(18.9)), p95=flat(0.09))
    requests(w, "unleash", rate=flat(3), errors=flat(0.0), p95=flat(0.02))
    alert(w, "PricingErrors", minutes(15), f"34% of prices fail (Service at {ip(w, 'pricing')})", service="pricing")
