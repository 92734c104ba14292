"""What runs where: images of a machine or of a moment, a method that is gone, and a proxy that is half rolled out."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_b import DOTNET, RUST, stamped
from tests.diagnosis.casemaker.events import event, pull_failure
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.names import digest
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import config_map, hpa, node, nodes, secret
from tests.diagnosis.casemaker.pods import P, waiting
from tests.diagnosis.casemaker.rolled import rolled
from tests.diagnosis.casemaker.scene import alert, postgres, taken, well
from tests.diagnosis.casemaker.sets import daemonset, statefulset
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

Obj = dict[str, Any]


@case(
    "fresh-node-of-another-architecture",
    "forecast",
    "2026-06-03T18:22:00",
    title="The evening's new pods cannot pull their image on a node that came today: it is arm64, the image is not",
    drawn_from="Graviton or Ampere pools added for price, and images that were only ever built for amd64",
    why="The same image runs on the amd64 nodes; only what was placed on the arm64 node fails. The release is twelve "
    "days old and its predecessor was built alike, so a rollback would pull nothing either.",
    expect=[Fault("Deployment/radar-tiles", "configuration_error", "page_human")],
    acceptable=[
        *((cause, "page_human", "Node/fc-arm-1") for cause in ("configuration_error", "capacity")),
        ("capacity", "page_human"),
        ("service_crash", "page_human"),
    ],
    forbidden=["rollback_workload", "restart_workload", "no_action", "isolate_workload", "switch_traffic"],
)
def another_machine(w: World) -> None:
    for name in ("fc-1", "fc-2", "fc-3", "fc-arm-1"):
        arch = "arm64" if "arm" in name else "amd64"
        made = node(w, name, age=hours(3.1) if "arm" in name else days(140), cpu="8")
        made["metadata"]["labels"] |= {"kubernetes.io/arch": arch, "node.kubernetes.io/instance-type": f"{arch}-8"}
        made["status"]["nodeInfo"] |= {"architecture": arch, "operatingSystem": "linux"}
    w.nodes.remove("fc-arm-1")
    image = "europe-docker.pkg.dev/forecast-prod/apps/radar-tiles"
    specs = [pod_spec(container("tiles", f"{image}:{v}", port=3000, cpu=("1", "2"))) for v in ("11.2.0", "11.3.0")]
    text = f'failed to pull and unpack image "{image}:11.3.0": no match for platform in manifest: not found'
    cause = f"rpc error: code = NotFound desc = {text}"
    state = waiting("ImagePullBackOff", f'Back-off pulling image "{image}:11.3.0": ErrImagePull: {cause}')
    stuck = P(age=minutes(47), node="fc-arm-1", state=state, ready=False, unready=minutes(47))
    revisions = [Rev(specs[0], days(50)), Rev(specs[1], days(12))]
    top = deployment(w, "radar-tiles", revisions, [P(), P(), P(), P(), stuck, stuck], scaled=minutes(47))
    service(w, "radar-tiles", target=3000)
    for pod in top.pods[4:]:
        pull_failure(w, pod, cause, since=minutes(46.9))
    scaler = hpa(w, top, low=4, high=12, now=6, used=86, scaled=minutes(47))
    text = "New size: 6; reason: cpu resource utilization (percentage of request) above target"
    event(w, scaler, "SuccessfulRescale", text, kind="Normal", last=minutes(47))
    exporter = container("node-exporter", "quay.io/prometheus/node-exporter:v1.9.1", port=9100, ready=None)
    spread = [*(P(node=name) for name in w.nodes), P(age=hours(3), node="fc-arm-1")]
    daemonset(w, "node-exporter", pod_spec(exporter), spread)
    for index in range(4):
        lines = often(3, 240, 1, "info", ["tile z=9 x={n} rendered in 38ms"], "radar_tiles::render")
        stamped(w, top, index, RUST, lines)
        signal(w, "cpu_share", {"pod": top.pod(index), "container": "tiles"}, ramp(0.5, 0.9, minutes(55), minutes(10)))
    image = "europe-docker.pkg.dev/forecast-prod/apps/legend"
    well(w, "legend", f"{image}:5", pods=2, age=hours(2), before=f"{image}:4", talk=True)
    requests(w, "radar-tiles", rate=ramp(210, 395, minutes(55)), errors=flat(0.002), p95=ramp(0.09, 0.3, minutes(55)))
    requests(w, "legend", rate=flat(14), errors=flat(0.001), p95=flat(0.03))
    exact(w, "hpa_replicas", {"component": "radar-tiles"}, step(4, 6, minutes(47)))
    exact(w, "replicas_available", {"component": "radar-tiles"}, flat(4))


@case(
    "neighbour-took-a-method-away",
    "lending",
    "2026-01-22T10:51:00",
    title="Loans cannot be quoted since a neighbour's release dropped the old version of its gRPC service",
    drawn_from="UNIMPLEMENTED after a server removed v1 of its API while one client was not yet moved",
    why="The caller is three weeks old; what it calls is gone since the scoring service's release, which looks well "
    "from its own side. The portal released yesterday speaks v2, and did so before. Back to the one that had both.",
    expect=[Fault("Deployment/scoring", "code_defect", "rollback_workload")],
    acceptable=[
        ("configuration_error", "rollback_workload"),
        ("dependency_failure", "rollback_workload"),
        ("dependency_failure", "rollback_workload", "Deployment/loan-desk"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "isolate_workload",
        {"remedy": "rollback_workload", "target": "Deployment/loan-desk"},
        {"remedy": "rollback_workload", "target": "Deployment/broker-portal"},
    ],
)
def unimplemented(w: World) -> None:
    nodes(w, "le-1", "le-2", "le-3")
    probe: Obj = {"grpc": {"port": 9090, "service": ""}, "periodSeconds": 10, "timeoutSeconds": 1}
    image, env = "acr.lending.example/scoring", {"MODEL_DIR": "/models"}
    specs = [
        pod_spec(container("scoring", f"{image}:{v}", port=9090, ready=probe, env=env)) for v in ("4.7.2", "5.0.0")
    ]
    scoring = deployment(w, "scoring", [Rev(specs[0], days(48)), Rev(specs[1], minutes(37))], 3)
    service(w, "scoring", port=9090, target=9090)
    for index in range(3):
        start = [L(minutes(36.5), "info", "registered grpc services", "", {"services": ["scoring.v2.Scorer"]})]
        fields = {"grpc.code": "OK", "grpc.service": "scoring.v2.Scorer"}
        calls = often(14, minutes(36), 2, "info", ["finished call"], "logging/interceptors.go:210")
        log(w, scoring, index, "zap", start + [L(x.age, x.level, x.text, x.logger, fields) for x in calls])
    config_map(w, "loan-desk", {"Scoring__Address": "http://scoring:9090", "Quotes__Ttl": "600"}, changed=days(5))
    inner = container("loan-desk", "acr.lending.example/loan-desk:2025.12.4", env_from=("configmap/loan-desk",))
    older = container("loan-desk", "acr.lending.example/loan-desk:2025.12.1", env_from=("configmap/loan-desk",))
    desk = deployment(w, "loan-desk", [Rev(pod_spec(older), days(41)), Rev(pod_spec(inner), days(23))], 3)
    service(w, "loan-desk")
    text = 'Grpc.Core.RpcException: Status(StatusCode="Unimplemented", Detail="unknown service scoring.v1.Scorer")'
    for index in range(3):
        lines = often(8, minutes(36.5), 1, "fail", ["Quote {n} has no score. " + text], "LoanDesk.Quotes.QuoteService")
        lines += often(25, minutes(55), 2, "info", ["Quote {n} answered"], "LoanDesk.Quotes.QuoteService")
        stamped(w, desk, index, DOTNET, lines)
    image, env = "acr.lending.example/broker-portal", {"SCORING": "scoring:9090"}
    portal = well(w, "broker-portal", f"{image}:118", pods=2, age=hours(26), before=f"{image}:117", env=env)
    for index in range(2):
        log(w, portal, index, "pino", often(33, minutes(58), 2, "info", ["scoring.v2.Scorer/Score ok in 21ms"]))
    requests(w, "loan-desk", rate=flat(19), errors=step(0.002, 0.64, minutes(37)), p95=flat(0.12))
    requests(w, "scoring", rate=step(41, 30, minutes(37)), errors=flat(0.0006), p95=flat(0.02))
    requests(w, "broker-portal", rate=flat(11), errors=flat(0.001), p95=flat(0.15))
    alert(w, "LoanDeskErrors", minutes(32), "64% of quotes fail", service="loan-desk")


@case(
    "tag-pushed-again-under-running-pods",
    "lottery",
    "2026-09-02T08:44:00",
    title="One of four pods fails since a drain moved it: its tag was pushed again and it pulled another program",
    drawn_from="mutable tags with imagePullPolicy Always: a reschedule deploys what nobody released",
    why="The template is two months old, the digest of the new pod is not that of its siblings, its build asks for a "
    "column that is not there. A restart or rollback pulls the same tag into all pods; the tag has to be put right.",
    expect=[Fault("Deployment/draws", "configuration_error", "page_human")],
    acceptable=[("code_defect", "page_human"), ("service_crash", "page_human")],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "no_action",
        "scale_database",
        "restart_connection_pool",
    ],
)
def pushed_again(w: World) -> None:
    nodes(w, "lt-1", "lt-3", "lt-4")
    taint = "node.kubernetes.io/unschedulable:NoSchedule"
    node(w, "lt-2", since=minutes(28), taints=(taint,), unschedulable=True)
    w.nodes.remove("lt-2")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    base = postgres(w, "draws-db", image="postgres:17.5")
    image, always = "registry.lottery.example/games/draws:stable", {"imagePullPolicy": "Always"}
    specs = [
        pod_spec(container("draws", image, port=8000, env={"PGHOST": "draws-db", "WEB_CONCURRENCY": n}) | always)
        for n in ("2", "4")
    ]
    revisions = [Rev(specs[0], days(112)), Rev(specs[1], days(64))]
    top = deployment(w, "draws", revisions, [P(), P(), P(), P(age=minutes(26), node="lt-4")])
    service(w, "draws", target=8000)
    new = top.pods[3]["metadata"]["name"]
    status = top.pods[3]["status"]["containerStatuses"][0]
    status["imageID"] = f"registry.lottery.example/games/draws@sha256:{digest('draws', 'pushed on Tuesday')}"
    for each in w.objects:
        if each["kind"] == "Event" and each["involvedObject"]["name"] == new and each["reason"] == "Pulled":
            pulled = f'Successfully pulled image "{image}" in 3.418s (3.418s including waiting).'
            each["message"] = f"{pulled} Image size: 214981022 bytes."
    wrong = "psycopg.errors.UndefinedColumn: column d.seed_hash does not exist LINE 1: SELECT d.id, d.seed_hash FROM"
    lines = [L(minutes(25.8), "info", "draws 3.0.0.dev412 (8fd01ac) on gunicorn 23.0.0, 4 workers", "draws.boot")]
    lines += often(7, minutes(25), 1, "error", [f"GET /draws/{{n}} 500 build=3.0.0.dev412 {wrong}"], "draws.web")
    log(w, top, 3, "python", lines)
    for index in range(3):
        log(w, top, index, "python", often(8, 700, 1, "info", ["GET /draws/{n} 200 build=2.6.4"], "draws.web"))
    for index in range(4):
        bad, young = index == 3, {"since": minutes(25)} if index == 3 else {}
        signal(w, "error_ratio_by_pod", {"pod": top.pod(index)}, flat(0.94 if bad else 0.001), **young)
        signal(w, "request_rate_by_pod", {"pod": top.pod(index)}, flat(9), **young)
    texts = ["column d.seed_hash does not exist at character 14"]
    log(w, base, 0, "postgres", often(9, minutes(25), 2, "error", texts, "draws@draws"))
    well(w, "tickets", "registry.lottery.example/games/tickets:7.70", pods=3, age=days(6), talk=True)
    requests(w, "draws", rate=flat(36), errors=step(0.001, 0.24, minutes(25)), p95=flat(0.07))
    alert(w, "DrawsErrors", minutes(20), "a quarter of the requests to draws fail", service="draws")


SPREAD = ("sg-worker-1", "sg-worker-2", "sg-worker-3", "sg-worker-4")


@case(
    "node-proxy-half-rolled-on-another-port",
    "socialgraph",
    "2026-04-09T21:05:00",
    title="Pods on two of four nodes lose their cache: the proxy of each node is being rolled out on another port",
    drawn_from="mcrouter, twemproxy or an agent as DaemonSet that callers reach by status.hostIP and a fixed port",
    why="It looks like two bad nodes. They are those on which the DaemonSet's new revision runs; it listens on 11211, "
    "the callers dial 5000. It waits minReadySeconds between nodes, so that in half an hour all are lost.",
    expect=[Fault("DaemonSet/mcrouter", "configuration_error", "rollback_workload")],
    acceptable=[
        ("network_fault", "rollback_workload"),
        ("dependency_failure", "rollback_workload"),
        ("code_defect", "rollback_workload"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "isolate_workload",
        {"remedy": "rollback_workload", "target": "Deployment/feed"},
    ],
)
def half_rolled(w: World) -> None:
    nodes(w, *SPREAD, cpu="16")
    config_map(w, "mcrouter", {"mcrouter.json": '{"pools": {"A": {"servers": ["memcached-0.memcached:11211"]}}}'})
    specs = []
    for port in (5000, 11211):
        probe: Obj = {"tcpSocket": {"port": port}, "periodSeconds": 10, "failureThreshold": 3}
        args = ("-p", str(port), "--config=file:/etc/mcrouter/mcrouter.json", "--stats-logging-interval=10000")
        image, mounts = "registry.socialgraph.example/infra/mcrouter:2025.11", {"config": "/etc/mcrouter"}
        inner = container("mcrouter", image, port=port, args=args, ready=probe, mounts=mounts)
        specs.append(pod_spec(inner, volumes={"config": "configmap/mcrouter"}, hostNetwork=True))
    described = [
        P(0, age=days(90), node=SPREAD[0]),
        P(1, age=minutes(29), node=SPREAD[1]),
        P(0, age=days(90), node=SPREAD[2]),
        P(1, age=minutes(13.5), node=SPREAD[3]),
    ]
    proxy = rolled(w, "DaemonSet", "mcrouter", [Rev(specs[0], days(90)), Rev(specs[1], minutes(29.2))], described)
    proxy.obj["spec"]["minReadySeconds"] = 900
    proxy.obj["status"] |= {"numberAvailable": 3, "numberUnavailable": 1}
    for number, age in enumerate((29.2, 13.7)):
        text = f"Deleted pod: mcrouter-{digest(number)[:5]}"
        event(w, proxy.obj, "SuccessfulDelete", text, kind="Normal", last=minutes(age), writer="daemonset-controller")
    for index, pod in enumerate(proxy.pods):
        pod["status"]["podIP"] = pod["status"]["hostIP"] = f"10.0.0.{21 + index}"
        if index % 2:
            age = minutes(28.8 if index == 1 else 13.3)
            log(w, proxy, index, "golang", [L(age, "", "[mcrouter] listening on 0.0.0.0:11211, 1 pool, 24 servers")])
    statefulset(w, "memcached", pod_spec(container("memcached", "memcached:1.6.38", port=11211, ready=None)), 3)
    service(w, "memcached", port=11211, target=11211, headless=True)
    env: Obj = {"HOST_IP": {"valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.hostIP"}}}}
    env["MCROUTER_PORT"] = "5000"
    image = "registry.socialgraph.example/feed"
    callers = [pod_spec(container("feed", f"{image}:{v}", env=env)) for v in ("1204", "1205")]
    placed = [P(node=SPREAD[index % 4]) for index in range(8)]
    feed = deployment(w, "feed", [Rev(callers[0], days(2)), Rev(callers[1], hours(3))], placed)
    service(w, "feed")
    for index, pod in enumerate(feed.pods):
        address = pod["status"]["hostIP"] = f"10.0.0.{21 + index % 4}"
        lost = {1: minutes(28.9), 3: minutes(13.4)}.get(index % 4)
        labels = {"pod": feed.pod(index)}
        signal(w, "error_ratio_by_pod", labels, step(0.001, 0.93, lost) if lost else flat(0.001))
        lines = often(15, 1200, 2, "", ["GET /timeline/{n} 200 9ms"]) if not lost else []
        text = f"timeline {{n}}: cache get: dial tcp {address}:5000: connect: connection refused"
        log(w, feed, index, "golang", [*lines, *(often(4, lost, 1, "", [text]) if lost else [])])
    well(w, "follows", "registry.socialgraph.example/follows:88", pods=2, age=days(15), talk=True)
    rates = step(0.001, 0.24, minutes(28.9))
    requests(w, "feed", rate=flat(640), errors=lambda age: 0.49 if age < minutes(13.4) else rates(age), p95=flat(0.06))
    alert(w, "FeedErrors", minutes(25), "half of the timelines fail", service="feed")
    taken(w, ("objects", True, ""), ("logs", True, ""), ("prometheus", True, ""))
