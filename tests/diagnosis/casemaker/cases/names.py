"""Name resolution that fails for everybody at once."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import restarting
from tests.diagnosis.casemaker.logs import log, often
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import nodes
from tests.diagnosis.casemaker.pods import P, oom
from tests.diagnosis.casemaker.scene import redis, taken, well
from tests.diagnosis.casemaker.signals import flat, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, minutes


@case(
    "cluster-dns-down-seen",
    "portal",
    "2026-02-08T10:32:00",
    title="CoreDNS is killed for memory again and again; every service fails to resolve names",
    drawn_from="total DNS outages after CoreDNS ran into its memory limit under a burst of queries",
    why="Services that were not released fail in the same minute at resolving; the pods of CoreDNS fail by "
    "themselves; their limit must rise.",
    expect=[Fault("Deployment/coredns", "network_fault", "page_human")],
    acceptable=[
        ("resource_exhaustion", "page_human"),
        ("dependency_failure", "page_human"),
        ("network_fault", "restart_workload"),
    ],
    tolerated=[],
    forbidden=["rollback_workload", "scale_database", "no_action", "restart_connection_pool", "isolate_workload"],
)
def dns_seen(w: World) -> None:
    nodes(w, "pt-1", "pt-2", "pt-3")
    here, w.namespace = w.namespace, "kube-system"
    spec = pod_spec(
        container(
            "coredns",
            "registry.k8s.io/coredns/coredns:v1.12.0",
            port=53,
            memory=("70Mi", "170Mi"),
            ready={"httpGet": {"path": "/ready", "port": 8181}},
        )
    )
    pods = [
        P(age=days(90), restarts=7, backoff="5m0s", last=oom(started=260, finished=215), unready=215),
        P(age=days(90), restarts=7, backoff="5m0s", last=oom(started=190, finished=150), unready=150),
    ]
    dns = deployment(w, "coredns", [Rev(spec, days(90))], pods, labels={"k8s-app": "kube-dns"})
    for pod in dns.pods:
        restarting(w, pod, first=minutes(18), last=11, count=70)
    service(w, "kube-dns", {"k8s-app": "kube-dns"}, port=53, target=53)
    w.namespace = here
    names = {"web": "pino", "search": "zap", "basket": "python"}
    texts = {
        "web": "getaddrinfo EAI_AGAIN search.portal.svc.cluster.local",
        "search": "dial tcp: lookup elastic.portal.svc.cluster.local on 10.96.0.10:53: read udp "
        "10.244.1.17:41033->10.96.0.10:53: i/o timeout",
        "basket": "redis.exceptions.ConnectionError: Error -3 connecting to redis:6379. Temporary failure in "
        "name resolution.",
    }
    for name, style in names.items():
        made = well(w, name, f"registry.portal.example/{name}:3.{len(name)}", age=days(12 + len(name)))
        for index in range(2):
            log(w, made, index, style, often(5, 1250, 1, "error", [texts[name]]))
        requests(w, name, rate=flat(60), errors=step(0.001, 0.83, minutes(21)))
    redis(w)
    signal(w, "dns_error_ratio", {}, step(0.002, 0.91, minutes(21)))


@case(
    "cluster-dns-down-unseen",
    "campus",
    "2026-11-12T08:03:00",
    title="Three services in three languages cannot resolve names since the same minute; DNS itself is out of sight",
    drawn_from="SERVFAIL and no such host all over a namespace while the cluster's DNS belongs to another team",
    why="No release, no change here, one cause behind all of them: name resolution; only its owners can help.",
    expect=[Fault("Service/kube-dns", "network_fault", "page_human")],
    acceptable=[("network_fault", "page_human", "*"), ("dependency_failure", "page_human", "Service/kube-dns")],
    tolerated=[],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "no_action",
        "restart_connection_pool",
        "scale_database",
    ],
)
def dns_unseen(w: World) -> None:
    nodes(w, "cam-1", "cam-2")
    texts = {
        "enrol": ("zap", "dial tcp: lookup registry-api on 10.43.0.10:53: no such host"),
        "library": ("logback", "java.net.UnknownHostException: registry-api: Temporary failure in name resolution"),
        "mensa": ("pino", "getaddrinfo ENOTFOUND registry-api"),
    }
    for number, (name, (style, text)) in enumerate(texts.items()):
        made = well(w, name, f"registry.campus.example/{name}:1.{number}", age=days(20 + 9 * number))
        for index in range(2):
            log(
                w,
                made,
                index,
                style,
                often(
                    6, 840, 1, "error", [text, "lookup api.sms.example on 10.43.0.10:53: server misbehaving (SERVFAIL)"]
                ),
            )
    well(w, "registry-api", "registry.campus.example/registry-api:8", age=days(100), talk=True)
    taken(w, ("objects", True, ""), ("logs", True, ""), ("prometheus", False, "not configured"))
