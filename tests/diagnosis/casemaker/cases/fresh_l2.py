"""Everyday trouble of the platform: a dead node with a volume, no place for a pod, names, and a peak of traffic."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.cases.machines import GONE
from tests.diagnosis.casemaker.events import event, restarting
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import COREFILE, ingress, ip, service
from tests.diagnosis.casemaker.platform import claim, config_map, hpa, node, nodes, secret
from tests.diagnosis.casemaker.pods import P, terminated, waiting
from tests.diagnosis.casemaker.scene import alert, postgres, session, sessions, taken, well
from tests.diagnosis.casemaker.sets import daemonset
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, http, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

Obj = dict[str, Any]


@case(
    "dead-node-keeps-the-volume-of-the-forge",
    "code-forge",
    "2026-03-05T22:41:00",
    title="The forge is down: its node fell silent, and its new pod waits for the volume that the dead pod still holds",
    drawn_from="Multi-Attach error after a node was lost: the old pod stays Terminating and keeps its RWO volume",
    why="The new pod waits for a volume only because the kubelet of cf-2 cannot confirm that the old pod is gone. "
    "Somebody has to make sure that cf-2 is off and take it out of service; no template is at fault.",
    expect=[Fault("Node/cf-2", "dependency_failure", "page_human")],
    acceptable=[
        *((c, "page_human") for c in ("resource_exhaustion", "network_fault", "capacity", "service_crash", "unknown")),
        ("dependency_failure", "page_human", "PersistentVolumeClaim/gitea-data"),
        ("dependency_failure", "page_human", "Deployment/gitea"),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "isolate_workload"],
)
def forge(w: World) -> None:
    nodes(w, "cf-1", "cf-3")
    taints = ("node.kubernetes.io/unreachable:NoSchedule", "node.kubernetes.io/unreachable:NoExecute")
    lost = node(w, "cf-2", conditions=GONE, since=minutes(21), taints=taints)
    event(w, lost, "NodeNotReady", "Node cf-2 status is now: NodeNotReady", kind="Normal", last=minutes(21))
    volume = claim(w, "gitea-data", size="200Gi")["spec"]["volumeName"]
    inner = container(
        "gitea", "docker.gitea.com/gitea:1.23.5", port=3000, ready="/api/healthz", mounts={"data": "/data"}
    )
    spec = pod_spec(inner, volumes={"data": "pvc/gitea-data"})
    described = [
        P(node="cf-2", age=days(24), ready=False, unready=minutes(20.4), deleting=minutes(15.3)),
        P(node="cf-3", age=minutes(15.3), state=waiting("ContainerCreating"), unready=minutes(15.3)),
    ]
    top = deployment(
        w, "gitea", [Rev(spec, days(24))], described, replicas=1, desired={0: 1}, strategy={"type": "Recreate"}
    )
    old, new = top.pods
    event(w, old, "NodeNotReady", "Node is not ready", last=minutes(20.4), writer="node-controller")
    text = f"Marking for deletion Pod code-forge/{top.pod(0)}"
    event(w, old, "TaintManagerEviction", text, kind="Normal", last=minutes(15.3), writer="taint-eviction-controller")
    text = f'Multi-Attach error for volume "{volume}" Volume is already used by pod(s) {top.pod(0)}'
    event(w, new, "FailedAttachVolume", text, last=minutes(15.2), writer="attachdetach-controller")
    text = (
        "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process "
        "volumes=[]: context deadline exceeded"
    )
    event(w, new, "FailedMount", text, first=minutes(13.2), last=100, count=6, writer="kubelet")
    service(w, "gitea")
    ingress(w, "gitea", "git.forge.example", [("/", "gitea", 80)], tls="gitea-tls")
    secret(w, "gitea-tls", ["tls.crt", "tls.key"], kind="kubernetes.io/tls", changed=days(12), by="cert-manager")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    base = postgres(w, "gitea-db", age=days(180))
    runner = well(w, "runner", "docker.gitea.com/act_runner:0.2.11", pods=2, age=days(24))
    where = ip(w, "gitea")
    for index in range(2):
        text = f'failed to fetch task error="unavailable: dial tcp {where}:80: connect: connection refused"'
        log(w, runner, index, "logfmt", often(20, minutes(20), 1, "error", [text]))
    log(w, base, 0, "postgres", [L(700, "log", "checkpoint starting: time"), L(651, "log", "checkpoint complete")])
    alert(w, "GiteaDown", minutes(18), "git.forge.example answers 503", service="gitea")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "one-per-node-leaves-no-node-for-the-surge",
    "tram-info",
    "2026-09-02T13:58:00",
    title="A release waits for a place: three pods, three nodes, one each, and none may go before a new one is up",
    drawn_from="didn't match pod anti-affinity rules: required anti-affinity with maxUnavailable 0 on as many nodes",
    why="The new image never ran. Each node holds an old pod that the rule keeps the new one away from, the pool is at "
    "its maximum, and the strategy lets no old pod go; the nodes are far from full.",
    expect=[Fault("Deployment/departures", "configuration_error", "page_human")],
    acceptable=[("capacity", "page_human"), ("resource_exhaustion", "page_human")],
    tolerated=["rollback_workload"],
    forbidden=["no_action", "isolate_workload", "scale_database", "switch_traffic"],
)
def surge(w: World) -> None:
    nodes(w, "ti-1", "ti-2", "ti-3", cpu="8")
    term = {"labelSelector": {"matchLabels": {"app": "departures"}}, "topologyKey": "kubernetes.io/hostname"}
    apart = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    image = "registry.tram-info.example/departures"
    specs = [
        pod_spec(container("departures", f"{image}:{v}", live="/livez"), affinity=apart) for v in ("5.1.0", "5.1.1")
    ]
    text = (
        "0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules. preemption: 0/3 nodes are available: "
        "3 No preemption victims found for incoming pod."
    )
    pods = [*(P(0, node=f"ti-{n}") for n in (1, 2, 3)), P(1, age=minutes(43), unschedulable=text)]
    roll = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    revs = [Rev(specs[0], days(30)), Rev(specs[1], minutes(43))]
    top = deployment(w, "departures", revs, pods, replicas=3, desired={0: 3, 1: 1}, strategy=roll)
    event(w, top.pods[3], "FailedScheduling", text, first=minutes(43), last=minutes(2.5), count=9)
    text = "pod didn't trigger scale-up: 1 max node group size reached"
    event(
        w, top.pods[3], "NotTriggerScaleUp", text, kind="Normal", first=minutes(42.8), last=50, count=240,
        writer="cluster-autoscaler",
    )  # fmt: skip
    service(w, "departures")
    for index in range(3):
        log(w, top, index, "zap", often(13, 900, 1, "info", ["GET /stops/{n}/departures 200", "realtime feed applied"]))
        signal(w, "cpu_share", {"pod": top.pod(index), "container": "departures"}, flat(0.3))
    image = "registry.tram-info.example/disruptions"
    well(w, "disruptions", f"{image}:88", pods=2, age=hours(4), before=f"{image}:87", talk=True)
    for name in ("ti-1", "ti-2", "ti-3"):
        signal(w, "node_cpu_share", {"node": name}, flat(0.36))
        signal(w, "node_memory_share", {"node": name}, flat(0.47))
    requests(w, "departures", rate=flat(130), errors=flat(0.0006), p95=flat(0.06))
    text = "Rollout of deployment tram-info/departures is not progressing for longer than 15 minutes."
    alert(w, "KubeDeploymentRolloutStuck", minutes(17), text, deployment="departures", severity="warning")


ZONED = (
    COREFILE
    + """plant.internal:53 {
    errors
    cache 30
    foward . 10.99.0.53
}
"""
)


@case(
    "corefile-edit-bites-the-first-pod-that-restarts",
    "kube-system",
    "2026-10-13T08:15:00",
    title="One CoreDNS of two crashes since it moved; the other one answers by a Corefile that is not there any more",
    drawn_from="Corefile:N - Error during parsing: a stub zone with a typing error, kept harmless by the reload plugin",
    why="CoreDNS is unchanged for months. The pod that was moved reads the edited Corefile and ends; the one that runs "
    "refused to reload it and serves the whole cluster. A restart would take the last one.",
    expect=[Fault("ConfigMap/coredns", "configuration_error", "page_human")],
    acceptable=[
        ("service_crash", "page_human"),
        ("network_fault", "page_human"),
        ("configuration_error", "page_human", "Deployment/coredns"),
        ("service_crash", "page_human", "Deployment/coredns"),
    ],
    forbidden=["restart_workload", "rollback_workload", "no_action", "isolate_workload"],
)
def corefile(w: World) -> None:
    nodes(w, "cp-0", "wk-1")
    node(w, "wk-2", unschedulable=True, since=minutes(19.5), taints=("node.kubernetes.io/unschedulable:NoSchedule",))
    node(w, "wk-3")
    config_map(w, "coredns", {"Corefile": ZONED}, age=days(410), changed=minutes(52))
    line = 1 + ZONED.split("\n").index("    foward . 10.99.0.53")
    cause = f"/etc/coredns/Corefile:{line} - Error during parsing: Unknown directive 'foward'"
    inner = container(
        "coredns", "registry.k8s.io/coredns/coredns:v1.12.1", port=53, args=("-conf", "/etc/coredns/Corefile"),
        memory=("70Mi", "170Mi"), ready=http("/ready", 8181), live=http("/health", 8080, delay=60, failures=5),
        mounts={"config-volume": "/etc/coredns"},
    )  # fmt: skip
    spec = pod_spec(inner, volumes={"config-volume": "configmap/coredns"}, priorityClassName="system-cluster-critical")
    died = terminated(1, "Error", started=229, finished=228)
    moved = P(node="wk-3", age=minutes(19), restarts=7, last=died, ready=False, unready=minutes(19), backoff="5m0s")
    revs = [Rev(spec | {"containers": [inner | {"image": "registry.k8s.io/coredns/coredns:v1.11.3"}]}, days(300))]
    revs.append(Rev(spec, days(96)))
    top = deployment(w, "coredns", revs, [P(node="wk-1"), moved], labels={"k8s-app": "kube-dns"})
    restarting(w, top.pods[1], first=minutes(18.8), last=20, count=86)
    service(w, "kube-dns", {"k8s-app": "kube-dns"}, port=53, target=53)
    log(w, top, 1, "plain", [L(228, "", cause)], previous=True)
    text = f"plugin/reload: Corefile changed but reload failed: starting with listener file descriptors: {cause}"
    log(w, top, 0, "coredns", often(38, minutes(51), 4, "error", [f"Restart failed: {cause}", text]))
    proxy = pod_spec(container("kube-proxy", "registry.k8s.io/kube-proxy:v1.33.4", port=10249, ready=None))
    daemonset(w, "kube-proxy", proxy, 4)
    inner = container(
        "metrics-server", "registry.k8s.io/metrics-server/metrics-server:v0.7.2", port=10250, ready="/readyz"
    )
    meter = deployment(w, "metrics-server", [Rev(pod_spec(inner), days(96))], 1, labels={"k8s-app": "metrics-server"})
    service(w, "metrics-server", meter.labels, port=443, target=10250)
    text = 'Failed to scrape node, timeout to access kubelet" err="Get \\"https://10.0.0.14:10250/metrics/resource\\"'
    log(w, meter, 0, "klog", [L(minutes(21), "error", f'"{text}: context deadline exceeded"', "scraper.go:149")])
    exact(w, "replicas_available", {"component": "coredns"}, step(2, 1, minutes(19), over=1))
    signal(w, "dns_error_ratio", {}, flat(0.004))
    signal(w, "cpu_share", {"pod": top.pod(0), "container": "coredns"}, step(0.22, 0.43, minutes(19)))
    text = "kube-system/coredns: container coredns waits in CrashLoopBackOff"
    alert(w, "KubePodCrashLooping", minutes(8), text, container="coredns", severity="warning")


@case(
    "presale-finds-the-autoscaler-at-its-end",
    "arena-tickets",
    "2026-11-20T10:24:00",
    title="A presale opened at ten: five times the requests, all twelve pods saturated, and no more may come",
    drawn_from="KubeHpaMaxedOut on the morning of a sale: maxReplicas set for the traffic of two years ago",
    why="Requests grew first and evenly on all pods; nodes and database have room. The autoscaler would take back what "
    "is scaled by hand: its maximum has to rise. The release next door came later and is well.",
    expect=[Fault("HorizontalPodAutoscaler/seats-api", "capacity", "page_human")],
    acceptable=[
        ("configuration_error", "page_human"),
        ("capacity", "page_human", "Deployment/seats-api"),
        ("resource_exhaustion", "page_human", "Deployment/seats-api"),
        ("configuration_error", "page_human", "Deployment/seats-api"),
    ],
    tolerated=["scale_workload"],
    forbidden=["restart_workload", "rollback_workload", "no_action", "isolate_workload", "restart_connection_pool"],
)
def presale(w: World) -> None:
    nodes(w, "at-1", "at-2", "at-3", "at-4", cpu="16")
    image, env = "registry.arena.example", {"DB_HOST": "seats-db", "POOL_SIZE": "8"}
    specs = [
        pod_spec(container("api", f"{image}/seats-api:{v}", cpu=("500m", "1"), memory=("256Mi", "768Mi"), env=env))
        for v in ("3.30", "3.31")
    ]
    pods = [P(age=days(8)) if n < 3 else P(age=minutes(23 - 1.2 * (n - 3))) for n in range(12)]
    top = deployment(w, "seats-api", [Rev(specs[0], days(33)), Rev(specs[1], days(8))], pods, scaled=minutes(12))
    service(w, "seats-api")
    ingress(w, "arena", "tickets.arena.example", [("/api/seats", "seats-api", 80), ("/", "site", 80)])
    scaler = hpa(w, top, low=3, high=12, now=12, used=197, limited="TooManyReplicas", scaled=minutes(12))
    for size, age in ((6, 23), (10, 18), (12, 12)):
        text = f"New size: {size}; reason: cpu resource utilization (percentage of request) above target"
        event(w, scaler, "SuccessfulRescale", text, kind="Normal", last=minutes(age))
    well(w, "site", f"{image}/site:190", pods=4, age=minutes(14), before=f"{image}/site:189", talk=True)
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    postgres(w, "seats-db", image="postgres:16.6")
    rows = [
        session(pod["status"]["podIP"], "Deployment/seats-api", "active" if n % 3 else "idle", 6, age=1, user="seats")
        for n, pod in enumerate(top.pods)
    ]
    sessions(w, "StatefulSet/seats-db", 200, rows)
    for index in range(12):
        since = 3600 if index < 3 else minutes(23 - 1.2 * (index - 3))
        busy = ramp(0.22, 0.98, minutes(24), minutes(19)) if index < 3 else flat(0.98)
        signal(w, "cpu_share", {"pod": top.pod(index), "container": "api"}, busy, since=since)
        if index % 4 == 0:
            text = "GET /api/seats/{n} 200 in 3104ms (queued 2870ms)"
            log(w, top, index, "golang", often(2, 150, 1, "warn", [text, "GET /api/seats/{n} 503 queue is full"]))
    requests(
        w, "seats-api", rate=ramp(90, 470, minutes(24), minutes(12)), errors=ramp(0.001, 0.09, minutes(20), 300),
        p95=ramp(0.1, 3.4, minutes(22), minutes(8)),
    )  # fmt: skip
    requests(w, "site", rate=ramp(120, 600, minutes(24), minutes(12)), errors=flat(0.001), p95=flat(0.08))
    exact(w, "hpa_replicas", {"component": "seats-api"}, ramp(3, 12, minutes(24), minutes(12)))
    exact(w, "hpa_max", {"component": "seats-api"}, flat(12))
    signal(w, "hpa_utilisation", {"component": "seats-api"}, ramp(0.44, 1.97, minutes(24), minutes(18)))
    for name in ("at-1", "at-2", "at-3", "at-4"):
        signal(w, "node_cpu_share", {"node": name}, ramp(0.14, 0.38, minutes(24), minutes(12)))
    signal(w, "db_connections", {"component": "seats-db"}, ramp(18, 72, minutes(24), minutes(12)))
    exact(w, "db_max_connections", {"component": "seats-db"}, flat(200))
    alert(w, "SeatsLatency", minutes(16), "p95 of seats-api above 1 s", service="seats-api")
