"""Where load goes between services: to two resolvers, and to one pod of four."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import probe_failure
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import COREFILE, ingress, ip, service
from tests.diagnosis.casemaker.platform import config_map, hpa, nodes
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.scene import alert, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, http, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, minutes


@case(
    "two-resolvers-for-four-times-the-nodes",
    "kube-system",
    "2026-11-24T20:16:00",
    title="Names resolve late all over the cluster; two CoreDNS pods are at their CPU limit",
    drawn_from="kube-dns replicas that nobody scaled with the cluster: throttled, slow health, SERVFAIL for some",
    why="Both pods are throttled, their own health requests take seconds, and the questions trebled with the nodes "
    "that joined within the hour. Image, Corefile and upstream did not change; the nodes have plenty of room, and the "
    "release of the metrics server is one of many clients that notice.",
    expect=[Fault("Deployment/coredns", "capacity", "scale_workload")],
    acceptable=[("resource_exhaustion", "scale_workload")],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "no_action",
        "isolate_workload",
    ],
)
def two_resolvers(w: World) -> None:
    nodes(w, "pool-a-1", "pool-a-2", "pool-a-3", cpu="16", memory="65856132Ki")
    nodes(w, *(f"pool-b-{number}" for number in range(1, 10)), cpu="16", memory="65856132Ki", age=minutes(49))
    config_map(w, "coredns", {"Corefile": COREFILE}, age=days(410))
    labels = {"k8s-app": "kube-dns"}
    inner = container("coredns", "registry.k8s.io/coredns/coredns:v1.11.3", port=53, cpu=("100m", "500m"),
                      memory=("70Mi", "340Mi"), args=("-conf", "/etc/coredns/Corefile"), ready=http("/ready", 8181),
                      live=http("/health", 8080, delay=60, timeout=5, failures=5),
                      mounts={"config-volume": "/etc/coredns"})  # fmt: skip
    spec = pod_spec(inner, volumes={"config-volume": "configmap/coredns"}, priorityClassName="system-cluster-critical")
    pods = [P(node="pool-a-1"), P(node="pool-a-3")]
    dns = deployment(w, "coredns", [Rev(spec, days(260))], pods, labels=labels)
    service(w, "kube-dns", labels, port=53, target=53)
    images = [f"registry.k8s.io/metrics-server/metrics-server:v0.{v}" for v in ("7.2", "8.0")]
    meter = well(w, "metrics-server", images[1], pods=1, age=minutes(57), before=images[0], port=10250)
    image = "registry.k8s.io/autoscaling/cluster-autoscaler:v1.33.0"
    grower = well(w, "cluster-autoscaler", image, pods=1, age=days(40), port=8085)
    state = pod_spec(container("snapshot-controller", "registry.k8s.io/sig-storage/snapshot-controller:v8.2.0", port=0,
                     ready=None))  # fmt: skip
    other = statefulset(w, "snapshot-controller", state, 1)
    for index in range(2):
        text = [
            f'plugin/health: Local health request to "http://:8080/health" took more than 1s: {took}s'
            for took in ("1.402210847", "2.118764301", "1.037751288", "2.964410036")
        ]
        lines = often(36, minutes(37) - 11 * index, 3, "warning", text)
        log(
            w,
            dns,
            index,
            "coredns",
            [L(9000, "info", "plugin/reload: Running configuration SHA512 = 5a1c09f2"), *lines],
        )
        probe_failure(w, dns.pods[index], "Liveness", f'Get "http://{dns.pods[index]["status"]["podIP"]}:8080/health": '
                      "context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
                      first=minutes(24), last=170 + 60 * index, count=5 - index)  # fmt: skip
        tag = {"pod": dns.pod(index), "container": "coredns"}
        signal(w, "cpu_share", tag, ramp(0.29 + 0.02 * index, 0.995, minutes(48), minutes(36)))
        signal(w, "throttled_share", tag, ramp(0.01, 0.83, minutes(45), minutes(33)))
        signal(w, "memory_share", tag, ramp(0.22, 0.31, minutes(48), minutes(30)))
        exact(w, "restarts", tag, flat(0))
    lost = (
        '"Failed to scrape node" err="Get \\"https://pool-a-2:10250/metrics/resource\\": dial tcp: lookup pool-a-2 on '
        '10.96.0.10:53: read udp 10.244.1.14:43187->10.96.0.10:53: i/o timeout" node="pool-a-2"'
    )
    lines = often(44, minutes(35), 4, "error", [lost], "scraper.go:149")
    log(
        w,
        meter,
        0,
        "klog",
        [L(minutes(56.8), "info", "Serving securely on [::]:10250", "secure_serving.go:213"), *lines],
    )
    up = [f"Scale-up: setting group pool-b size to {count}" for count in (3, 6, 9)]
    told = [L(minutes(51 - 0.5 * n), "info", each, "executor.go:170") for n, each in enumerate(up)]
    late = "Failed to refresh cloud provider: lookup compute.cloud.example on 10.96.0.10:53: server misbehaving"
    fine = often(60, minutes(50), 5, "info", ["No unschedulable pods"], "static_autoscaler.go:598")
    log(w, grower, 0, "klog", [*told, *fine, *often(190, minutes(34), 40, "error", [late], "static_autoscaler.go:344")])
    log(w, other, 0, "klog", [L(3300, "info", "successfully acquired lease kube-system/snapshot-controller-leader")])
    requests(w, "kube-dns", rate=ramp(4300, 15800, minutes(48), minutes(30)))
    signal(w, "dns_error_ratio", {}, ramp(0.001, 0.048, minutes(44), minutes(32)), noise=0.1)
    for name in w.nodes:
        signal(
            w, "node_cpu_share", {"node": name}, flat(0.37), since=3600 if "pool-a" in name else minutes(48), noise=0.1
        )
    alert(w, "CoreDNSLatencyHigh", minutes(27), "CoreDNS has 99th percentile latency of 2.6 seconds for server "
          "dns://:53 zone . .", service="kube-dns")  # fmt: skip


@case(
    "affinity-sends-all-sessions-to-one-pod",
    "betting",
    "2026-06-20T18:12:00",
    title="Odds come late; one of six pods has all the work since the Service keeps each client address to one pod",
    drawn_from="sessionAffinity ClientIP set by hand behind a proxy, whose one or two addresses are all the clients",
    why="Five pods idle and one is at its limit, whichever has the proxy's address; more pods changed nothing. The "
    "Service has sessionAffinity ClientIP, written by hand in the minute in which the loads parted. The busy pod "
    "has the same template, node and age as an idle one, and requests in all are as ever.",
    expect=[Fault("Service/odds-api", "configuration_error", "page_human")],
    acceptable=[
        ("network_fault", "page_human"),
        ("capacity", "page_human"),
        ("configuration_error", "page_human", "*"),
    ],
    forbidden=["rollback_workload", "scale_workload", "no_action", "restart_workload", "isolate_workload"],
)
def affinity(w: World) -> None:
    nodes(w, "be-1", "be-2", "be-3", cpu="8")
    image, since = "quay.io/betting-example", minutes(41)
    specs = [pod_spec(container("odds-api", f"{image}/odds-api:{v}", cpu=("500m", "1"))) for v in ("3.9.8", "3.10.0")]
    pods = [P(node="be-1"), P(node="be-2"), P(node="be-3"), P(node="be-1")]
    pods += [P(age=minutes(19), node="be-2"), P(age=minutes(18.9), node="be-3")]
    odds = deployment(w, "odds-api", [Rev(specs[0], days(25)), Rev(specs[1], days(3))], pods, scaled=minutes(19))
    made = service(w, "odds-api")
    made["spec"] |= {"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10800}}}
    w.changed(made, since + 20, "kubectl-edit", {"f:spec": {"f:sessionAffinity": {}, "f:sessionAffinityConfig": {
        ".": {}, "f:clientIP": {".": {}, "f:timeoutSeconds": {}}}}})  # fmt: skip
    hpa(w, odds, low=6, high=10, now=6, used=36, target=70)
    specs = [pod_spec(container("edge-proxy", f"docker.io/library/haproxy:3.0.{v}", port=8404)) for v in (5, 6)]
    edge = deployment(w, "edge-proxy", [Rev(specs[0], days(70)), Rev(specs[1], minutes(55))], 1)
    service(w, "edge-proxy", target=8404)
    well(w, "bet-slip", f"{image}/bet-slip:41", pods=3, age=days(9), talk=True)
    feed = well(w, "feed-ingest", f"{image}/feed-ingest:1.4.4", pods=1, age=days(30))
    ingress(w, "odds", "odds.betting.example", [("/", "edge-proxy", 80)])
    busy = 2
    for index in range(6):
        born = minutes(18.5) if index > 3 else minutes(58)
        if index == busy:
            lines = often(7, minutes(11), 1, "info", ["GET /v1/odds/{n} 200 2.31s", "GET /v1/markets 200 1.84s",
                          "GET /v1/odds/{n} 200 2.77s"])  # fmt: skip
        else:
            lines = often(31, born, max(since, 0), "info", ["GET /v1/odds/{n} 200 21ms", "GET /v1/markets 200 34ms"])
            lines += often(60, min(born, since), 3, "info", ["GET /healthz 200 0ms"])
        log(w, odds, index, "logfmt", lines)
    ends = ["0/0/1/2740/2741 200", "0/0/1/1911/1912 200", "0/0/1/10001/10002 504"]
    server = f"odds/{ip(w, 'odds-api')}"
    lines = [L(minutes(54.8), "", "[NOTICE]   (1) : Loading success.")]
    for each in often(12, minutes(17), 2, "", ends):
        stamp = w.time(each.age).strftime("%d/%b/%Y:%H:%M:%S")
        lines.append(L(each.age, "", f"10.0.0.{5 + int(each.age) % 90}:51934 [{stamp}.118] "
                       f"www {server} {each.text} 812 - - "
                       '---- 41/41/38/38/0 0/0 "GET /v1/odds HTTP/1.1"'))  # fmt: skip
    log(w, edge, 0, "plain", lines)
    log(w, feed, 0, "zap", often(15, 900, 2, "info", ["price update batch {n} published"]))
    requests(w, "odds-api", rate=flat(310), errors=step(0.001, 0.07, since), p95=step(0.06, 2.8, since))
    requests(w, "bet-slip", rate=flat(24), errors=flat(0.001), p95=flat(0.08))
    for index, one in enumerate(odds.pods):
        life = 3600 if index < 4 else minutes(18)
        tag = {"pod": one["metadata"]["name"]}
        full = tag | {"container": "odds-api"}
        mine = index == busy
        signal(w, "request_rate_by_pod", tag, step(77, 296 if mine else 0.2, since) if life > since else flat(0.2),
               since=life)  # fmt: skip
        signal(w, "latency_p95_by_pod", tag, step(0.06, 2.8, since) if mine else flat(0.02), since=life)
        signal(
            w, "cpu_share", full, step(0.4, 0.998 if mine else 0.02, since) if life > since else flat(0.02), since=life
        )
        signal(w, "throttled_share", full, step(0.01, 0.7, since) if mine else flat(0.001), since=life)
        signal(w, "memory_share", full, flat(0.37), since=life)
    for name in w.nodes:
        signal(w, "node_cpu_share", {"node": name}, flat(0.29), noise=0.1)
    alert(w, "OddsLatencyP95", minutes(33), "p95 of odds-api is above 1 s", service="odds-api", severity="page")
