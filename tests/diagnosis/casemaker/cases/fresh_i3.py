"""Known failure stories of what is handed to a pod: maps, tokens, images; and a drain that only took its time."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.cases.fresh_c import beside
from tests.diagnosis.casemaker.cases.quiet import HARM
from tests.diagnosis.casemaker.events import event, probe_failure, pull_failure, restarting
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, ip, service
from tests.diagnosis.casemaker.platform import GOOD, budget, config_map, node, nodes, secret
from tests.diagnosis.casemaker.pods import P, suffix, terminated, waiting
from tests.diagnosis.casemaker.scene import access, alert, postgres, taken, well
from tests.diagnosis.casemaker.signals import exact, flat, requests, saw, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

Obj = dict[str, Any]

CONF = """\
upstream permits { server permits-api:80; keepalive 32; }
upstream maps { server maps-api:80; keepalive 8; }
server {
  listen 8080;
  client_max_body_size 25m;
  location /api/ { proxy_pass http://permits; proxy_read_timeout 60s; }
  location /maps/ { proxy_pass http://maps; }
  location = /healthz { return 200; }
}
"""


@case(
    "gateway-conf-with-a-misspelt-directive",
    "city-permits",
    "2026-08-12T12:34:00",
    title="A release of the gateway brings a map with a misspelt directive; new pods end at start, old ones serve",
    drawn_from="nginx: [emerg] unknown directive, after a hand-edited ConfigMap that no check had read",
    why="The map of the release is a new object with a name of its own, so the revision before still has its good map. "
    "Nothing is wrong with the services behind; restarts read the same text.",
    expect=[Fault("Deployment/gateway", "configuration_error", "rollback_workload")],
    acceptable=[
        ("service_crash", "rollback_workload"),
        ("code_defect", "rollback_workload"),
        ("configuration_error", "rollback_workload", "ConfigMap/gateway-conf-k5m8tb7g92"),
        ("configuration_error", "page_human", "ConfigMap/gateway-conf-k5m8tb7g92"),
    ],
    tolerated=["page_human"],
    forbidden=["restart_workload", "scale_workload", "no_action", "isolate_workload", "switch_traffic"],
)
def misspelt(w: World) -> None:
    nodes(w, "cp-1", "cp-2", "cp-3")
    age, names = minutes(22), ("gateway-conf-2h9fd6k4mc", "gateway-conf-k5m8tb7g92")
    config_map(w, names[0], {"default.conf": CONF}, age=days(47))
    raised = CONF.replace("proxy_read_timeout 60s", "proxy_read_timout 180s").replace("25m", "50m")
    config_map(w, names[1], {"default.conf": raised}, age=age + 4)
    inner = container("nginx", "docker.io/nginxinc/nginx-unprivileged:1.28.0", memory=("64Mi", "128Mi"),
                      mounts={"conf": "/etc/nginx/conf.d"})  # fmt: skip
    revisions = [
        Rev(pod_spec(inner, volumes={"conf": f"configmap/{name}"}), at)
        for name, at in zip(names, (days(47), age), strict=True)
    ]
    last = terminated(1, "Error", started=110, finished=110)
    bad = P(1, age=age, restarts=8, last=last, ready=False, unready=age, backoff="5m0s")
    top = deployment(w, "gateway", revisions, [P(0), P(0), P(0), bad], replicas=3)
    restarting(w, top.pods[3], first=age - 12, last=14, count=102)
    said = [
        "/docker-entrypoint.sh: /docker-entrypoint.d/ is not empty, will attempt to perform configuration",
        "/docker-entrypoint.sh: Configuration complete; ready for start up",
        f'{w.time(110):%Y/%m/%d %H:%M:%S} [emerg] 1#1: unknown directive "proxy_read_timout" in '
        "/etc/nginx/conf.d/default.conf:6",
        'nginx: [emerg] unknown directive "proxy_read_timout" in /etc/nginx/conf.d/default.conf:6',
    ]  # fmt: skip
    log(w, top, 3, "plain", [L(111 - n, "", text) for n, text in enumerate(said)], previous=True)
    service(w, "gateway")
    ingress(w, "permits", "permits.city.example", [("/", "gateway", 80)], tls="permits-tls")
    secret(w, "permits-tls", ["tls.crt", "tls.key"], kind="kubernetes.io/tls", changed=days(9), by="cert-manager")
    for index in range(3):
        access(
            w,
            top,
            index,
            ["/api/permits", "/maps/tiles/12/2211"],
            codes=(200, 200, 304, 200, 404),
            since=900 - 7 * index,
        )
    well(w, "permits-api", "registry.city.example/permits-api:7.7", pods=3, age=hours(29),
         before="registry.city.example/permits-api:7.6", style="python", talk=True)  # fmt: skip
    well(w, "maps-api", "registry.city.example/maps-api:31", pods=2, age=days(66))
    requests(w, "gateway", rate=flat(26), errors=flat(0.004), p95=flat(0.9))
    exact(w, "replicas_available", {"component": "gateway"}, flat(3))
    alert(w, "KubePodCrashLooping", minutes(7), "a pod of gateway restarts again and again", container="nginx",
          severity="warning")  # fmt: skip


@case(
    "token-rotated-with-a-line-end",
    "hike-planner",
    "2026-05-27T16:12:00",
    title="All calls to a map provider fail before they leave: the rotated token ends with a line break",
    drawn_from='secrets made by echo without -n: net/http: invalid header field value for "Authorization"',
    why="The program refuses the header itself, so the provider is not asked at all. The Secret was written by hand 41 "
    "minutes ago; the restart after it only read the new value, and a rollback or another restart reads it again.",
    expect=[Fault("Secret/terrain-token", "configuration_error", "page_human")],
    acceptable=[
        ("configuration_error", "page_human", "Deployment/tiles"),
        ("dependency_failure", "page_human"),
        ("dependency_failure", "page_human", "Deployment/tiles"),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "switch_traffic"],
)
def line_end(w: World) -> None:
    nodes(w, "hp-1", "hp-2")
    secret(w, "terrain-token", ["token"], age=days(410), changed=minutes(41), by="kubectl-client-side-apply")
    secret(w, "tiles-redis", ["url"], age=days(200), changed=days(18))
    image = "registry.hike-planner.example/tiles:3.0.9"
    env: Obj = {"PROVIDER": "https://api.terrain-maps.example/v4", "STALE_MAX": "72h"}
    env["PROVIDER_TOKEN"] = {"valueFrom": {"secretKeyRef": {"name": "terrain-token", "key": "token"}}}
    spec = pod_spec(container("tiles", image, env=env))
    again = {"kubectl.kubernetes.io/restartedAt": w.at(minutes(38))}
    top = deployment(w, "tiles", [Rev(spec, days(13)), Rev(spec, minutes(38), again)], 3)
    service(w, "tiles")
    text = 'Get "https://api.terrain-maps.example/v4/dem/11/{n}.png": net/http: invalid header field value for '
    text += '"Authorization"'
    for index in range(3):
        said = [L(minutes(37.5) - 9 * index, "info", "tiles starting", "cmd/tiles/main.go:52", {"version": "3.0.9"})]
        log(w, top, index, "zap", said)
        log(w, top, index, "zap", often(16, minutes(37) - 12 * index, 1, "error", [text], "provider/terrain.go:90"))
    image = "registry.hike-planner.example/routes"
    routes = well(w, "routes", f"{image}:58", pods=2, age=minutes(83), before=f"{image}:57")
    for index in range(2):
        lines = ["elevation profile of route {n} left out: tiles answered 502"]
        log(w, routes, index, "logfmt", often(34, minutes(36) - 19 * index, 3, "warn", lines))
        log(w, routes, index, "logfmt", often(60, minutes(50), 8, "info", ["route {n} saved"]))
    well(w, "weather", "registry.hike-planner.example/weather:12", pods=2, age=days(31), talk=True)
    alert(w, "TilesProviderErrors", minutes(30), "no fresh tile from the provider in 5 minutes", service="tiles")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "drain-waited-for-its-budget-and-went-on",
    "box-office",
    "2026-10-28T03:51:00",
    title="A drain waited some minutes for a budget, then moved two pods; since half an hour all is as it should be",
    drawn_from="nightly node upgrades that hold at a PodDisruptionBudget while a slow starter becomes ready",
    why="The events tell of a failed eviction, a pod not ready and a node that left; each ended, the budget allows a "
    "disruption again, and the alert is resolved. No request failed.",
    expect=[Fault("", "no_fault", "no_action")],
    tolerated=[],
    forbidden=HARM,
)
def drained(w: World) -> None:
    nodes(w, "bo-1", "bo-2", age=days(2))
    node(w, "bo-4", age=minutes(57))
    old = node(w, "bo-3", age=days(88), conditions={"Ready": GOOD["Ready"]}, since=minutes(31))
    for reason, text, when, writer in (
        ("Drain", "Draining node: bo-3", minutes(52), "upgrader"),
        ("NodeNotSchedulable", "Node bo-3 status is now: NodeNotSchedulable", minutes(52), "kubelet"),
        ("NodeNotReady", "Node bo-3 status is now: NodeNotReady", minutes(35), "node-controller"),
        ("NodeReady", "Node bo-3 status is now: NodeReady", minutes(31), "kubelet"),
        ("NodeSchedulable", "Node bo-3 status is now: NodeSchedulable", minutes(31), "kubelet"),
    ):
        event(w, old, reason, text, kind="Normal", last=when, writer=writer)
    spec = pod_spec(container("seats", "registry.box-office.example/seats:19.2", port=4000, memory=("768Mi", "1Gi"),
                              ready="/ready"))  # fmt: skip
    young = [P(age=minutes(50), node="bo-4", unready=minutes(44)), P(age=minutes(43), node="bo-1", unready=minutes(38))]
    seats = deployment(w, "seats", [Rev(spec, days(27))], [P(node="bo-1"), P(node="bo-2"), *young], number=31)
    budget(w, seats, minimum=3, healthy=4)
    home = seats.sets[0]["metadata"]["name"]
    text = f"Eviction blocked by Too Many Requests (usually a pdb): {home}-{suffix(home, 'drained')}"
    event(w, old, "Drain", text, first=minutes(50), last=minutes(43.2), count=9, writer="upgrader")
    for index, ended in ((2, minutes(44.2)), (3, minutes(38.1))):
        cause = f'Get "http://{seats.pods[index]["status"]["podIP"]}:4000/ready": dial tcp '
        cause += f"{seats.pods[index]['status']['podIP']}:4000: connect: connection refused"
        probe_failure(w, seats.pods[index], "Readiness", cause, first=ended + 280, last=ended, count=28)
        warm = [L(ended + 300, "info", "loading seat maps of 212 halls"), L(ended, "info", "ready, 212 halls in 298 s")]
        log(w, seats, index, "logback", warm)
        log(
            w,
            seats,
            index,
            "logback",
            often(30, 1500 - 21 * index, 3, "info", ["hold {n} placed", "hold {n} released"]),
        )
    service(w, "seats", target=4000)
    well(w, "shows", "registry.box-office.example/shows:77", pods=2, age=hours(11),
         before="registry.box-office.example/shows:76", talk=True)  # fmt: skip
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    base = postgres(w, "halls-db")
    log(w, base, 0, "postgres", [L(1100, "log", "checkpoint complete: wrote 340 buffers (2.1%)")])
    exact(w, "replicas_available", {"component": "seats"}, lambda at: 3 if minutes(38) < at < minutes(50) else 4)
    exact(w, "replicas_wanted", {"component": "seats"}, flat(4))
    requests(w, "seats", rate=flat(9), errors=flat(0.0003), p95=flat(0.12))
    requests(w, "shows", rate=flat(15), errors=flat(0.0004), p95=flat(0.07))
    for index in range(4):
        since = (3600, 3600, minutes(49), minutes(42))[index]
        signal(w, "memory_share", {"pod": seats.pod(index), "container": "seats"}, flat(0.69), since=since)
    alert(w, "KubeDeploymentReplicasMismatch", minutes(46), "box-office/seats has 3 of 4 replicas", deployment="seats",
          ended=minutes(36), severity="warning")  # fmt: skip


@case(
    "two-faults-all-spans-kept-and-a-hub-that-counts",
    "loyalty",
    "2026-03-05T10:47:00",
    title="A release keeps every span and kills the collector beside it; a cache cannot be pulled to its new node",
    drawn_from="OOM of telemetry sidecars after always_on sampling; 429 of Docker Hub behind one shared address",
    why="Two things of the same hour: the template of points-api changed its sampler, and its sidecar dies at 96Mi "
    "ever since; the cache's old node went and the hub counts anonymous pulls. Going back helps the first only.",
    expect=[
        Fault("Deployment/points-api", "configuration_error", "rollback_workload"),
        Fault("Deployment/coupon-cache", "dependency_failure", "page_human"),
    ],
    acceptable=[
        ("resource_exhaustion", "rollback_workload", "Deployment/points-api"),
        ("service_crash", "rollback_workload", "Deployment/points-api"),
        ("code_defect", "rollback_workload", "Deployment/points-api"),
        *(
            (cause, "page_human", "Deployment/coupon-cache")
            for cause in ("configuration_error", "capacity", "network_fault", "resource_exhaustion")
        ),
    ],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        {"remedy": "rollback_workload", "target": "Deployment/coupon-cache"},
    ],
)
def spans(w: World) -> None:
    nodes(w, "ly-1", "ly-2")
    node(w, "ly-7", age=minutes(39))
    age = minutes(44)
    helper = container("otc", "ghcr.io/open-telemetry/opentelemetry-collector-releases/opentelemetry-collector:0.128.0",
                       port=4317, ready=None, cpu=("20m", "200m"), memory=("64Mi", "96Mi"))  # fmt: skip
    specs = []
    for sampler, share in (("parentbased_traceidratio", "0.01"), ("always_on", "1.0")):
        env = {"OTEL_TRACES_SAMPLER": sampler, "OTEL_TRACES_SAMPLER_ARG": share}
        env |= {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4317", "GUNICORN_CMD_ARGS": "--workers=4"}
        main = container("points-api", "123456789012.dkr.ecr.eu-north-1.amazonaws.com/points-api:4.40.2", env=env)
        specs.append(pod_spec(main, helper))
    top = deployment(w, "points-api", [Rev(specs[0], days(20)), Rev(specs[1], age)], 3)
    for index, pod in enumerate(top.pods):
        beside(w, pod, restarts=7 + index % 2, started=390 - 40 * index, ended=200 - 55 * index)
        meta = pod["metadata"]
        text = f"Back-off restarting failed container otc in pod {meta['name']}_{w.namespace}({meta['uid']})"
        event(w, pod, "BackOff", text, first=minutes(39), last=195 - 55 * index, count=88, container="otc")
        lost = ["Transient error StatusCode.UNAVAILABLE encountered while exporting traces to "
                "localhost:4317, retrying in 8s.",
                "Failed to export traces to localhost:4317, error code: StatusCode.UNAVAILABLE"]  # fmt: skip
        where = "opentelemetry.exporter.otlp.proto.grpc.exporter"
        log(w, top, index, "python", often(25, minutes(38) - 9 * index, 4, "warning", lost, where))
        log(w, top, index, "python", often(33, 1400 - 9 * index, 2, "info", ["POST /v1/points 201"], "app.views"))
        labels = {"pod": top.pod(index), "container": "otc"}
        signal(w, "memory_share", labels, saw(0.22, 1.0, 290), since=age - 40)
        exact(w, "restarts", labels, lambda at: (minutes(42) - at) / 330 if at < minutes(42) else 0, since=age - 40)
        signal(w, "memory_share", labels | {"container": "points-api"}, flat(0.63), since=age - 40)
    service(w, "points-api")
    image = "docker.io/library/memcached:1.6.38-alpine"
    cause = (
        f'failed to pull and unpack image "{image}": failed to copy: httpReadSeeker: failed open: unexpected status '
        f"code https://registry-1.docker.io/v2/library/memcached/manifests/sha256:{'5f0c2b7a9d14e386' * 4}: 429 "
        "Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit. "
        "https://www.docker.com/increase-rate-limit"
    )
    stuck = waiting("ImagePullBackOff", f'Back-off pulling image "{image}": ErrImagePull: {cause}')
    spec = pod_spec(container("memcached", image, port=11211, args=("-m", "200"), ready=None))
    held = P(age=minutes(33), state=stuck, node="ly-7", unready=minutes(33))
    cache = deployment(w, "coupon-cache", [Rev(spec, days(101))], [held])
    pull_failure(w, cache.pods[0], cause, since=minutes(33))
    service(w, "coupon-cache", port=11211, target=11211)
    ecr = "123456789012.dkr.ecr.eu-north-1.amazonaws.com"
    coupons = well(w, "coupons", f"{ecr}/coupons:88.1", pods=2, age=days(4), before=f"{ecr}/coupons:88.0")
    where = f"{ip(w, 'coupon-cache')}:11211"
    text = f"cache get coupon:{{n}}: dial tcp {where}: connect: connection refused, asked the database"
    for index in range(2):
        log(w, coupons, index, "logfmt", often(21, minutes(34) - 8 * index, 2, "warn", [text]))
    requests(w, "points-api", rate=flat(40), errors=flat(0.002), p95=step(0.12, 0.31, age))
    requests(w, "coupons", rate=flat(28), errors=step(0.001, 0.004, minutes(34)), p95=step(0.03, 0.62, minutes(34)))
    alert(w, "KubePodCrashLooping", minutes(26), "otc of points-api restarts again and again", container="otc")
