"""What looks like trouble and is none, and trouble far behind the alert."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.quiet import HARM
from tests.diagnosis.casemaker.events import event
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import claim, node, nodes
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.scene import alert, well
from tests.diagnosis.casemaker.sets import daemonset, statefulset
from tests.diagnosis.casemaker.signals import exact, flat, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, minutes


@case(
    "scanner-names-miners",
    "security-tools",
    "2026-03-06T12:00:30",
    title="A security agent lists the miners that it would detect; nobody is mining",
    drawn_from="false alarms of searches for xmrig that find the rules of the scanner itself",
    why="The names stand in the rules of a tool whose work it is; its image is known, its CPU low, nothing "
    "else is odd.",
    expect=[Fault("", "no_fault", "no_action")],
    tolerated=["page_human"],
    forbidden=HARM,
)
def scanner(w: World) -> None:
    nodes(w, "se-1", "se-2", "se-3")
    spec = pod_spec(container("falco", "docker.io/falcosecurity/falco:0.39.1", port=8765, cpu=("100m", "1")))
    agent = daemonset(w, "falco", spec, 3)
    lines = [
        L(days(3), "info", "Loading rules from: /etc/falco/falco_rules.yaml"),
        L(days(3) - 1, "info", "rule 'Detect outbound connections to common miner pool ports' enabled"),
        L(days(3) - 2, "info", "rule 'Detect crypto miners using the Stratum protocol' enabled"),
        *often(300, 3000, 20, "info", ["events processed={n} drops=0"]),
    ]
    log(w, agent, 0, "golang", lines)
    portal = well(w, "portal", "registry.sec.example/portal:4.4", pods=2, talk=True)
    requests(w, "portal", rate=flat(5), errors=flat(0.0002), p95=flat(0.1))
    for index in range(3):
        signal(w, "cpu_share", {"pod": agent.pod(index), "container": "falco"}, flat(0.07))
    signal(w, "cpu_share", {"pod": portal.pod(0), "container": "portal"}, flat(0.1))


@case(
    "healthy-release",
    "almanac",
    "2026-07-10T15:20:00",
    title="A release finished a quarter of an hour ago and is well",
    drawn_from="the ordinary case: most releases are fine",
    why="All pods are of the new revision and ready, errors and latency are where they were; there is nothing to undo.",
    expect=[Fault("", "no_fault", "no_action")],
    tolerated=[],
    forbidden=HARM,
)
def healthy_release(w: World) -> None:
    nodes(w, "al-1", "al-2")
    specs = [
        pod_spec(container("api", f"registry.almanac.example/api:{v}", env={"LOG": level}))
        for v, level in (("70", "info"), ("71", "warn"))
    ]
    top = deployment(w, "api", [Rev(specs[0], days(12)), Rev(specs[1], minutes(17))], 3)
    event(
        w,
        top.pods[0],
        "Unhealthy",
        "Readiness probe failed: dial tcp: connect: connection refused",
        last=minutes(16.4),
        container="api",
    )
    service(w, "api")
    well(w, "moon", "registry.almanac.example/moon:2", talk=True)
    for index in range(3):
        log(w, top, index, "zap", often(20, 950, 2, "info", ["GET /day 200"], "http/server.go:30"))
        signal(w, "memory_share", {"pod": top.pod(index), "container": "api"}, flat(0.4), since=980)
    requests(w, "api", rate=flat(42), errors=flat(0.0007), p95=flat(0.11))
    alert(w, "InfoInhibitor", minutes(50), "inhibits info alerts", severity="none")


@case(
    "planned-drain",
    "library-eu",
    "2026-05-25T03:35:00",
    title="A node was drained for maintenance; everything moved and is well",
    drawn_from="kernel updates: cordoned node, evictions through the API, young pods elsewhere",
    why="The node is cordoned on purpose, every replica is ready on other nodes, nobody noticed.",
    expect=[Fault("", "no_fault", "no_action")],
    tolerated=["page_human"],
    forbidden=HARM,
)
def drained(w: World) -> None:
    nodes(w, "li-1", "li-2")
    away = node(
        w, "li-3", unschedulable=True, taints=("node.kubernetes.io/unschedulable:NoSchedule",), since=minutes(26)
    )
    event(
        w,
        away,
        "NodeNotSchedulable",
        "Node li-3 status is now: NodeNotSchedulable",
        kind="Normal",
        last=minutes(26),
        writer="kubelet",
    )
    for name in ("loans", "catalogue"):
        spec = pod_spec(container(name, f"registry.library.example/{name}:6"))
        made = deployment(
            w, name, [Rev(spec, days(31))], [P(node="li-1"), P(node="li-2"), P(age=minutes(25), node="li-1")]
        )
        service(w, name)
        requests(w, name, rate=flat(18), errors=flat(0.0006), p95=flat(0.09))
        exact(w, "replicas_available", {"component": name}, flat(3))
        log(w, made, 2, "python", often(25, 1400, 3, "info", ["GET /{n} 200"], name))


@case(
    "search-index-is-read-only",
    "recipes",
    "2026-11-08T18:08:00",
    title="The search cluster passed its flood-stage watermark and refuses writes; the alert names the web shop",
    drawn_from="cluster_block_exception: index read-only / allow delete, after disks filled up",
    why="Three callers deep, the first that fails by itself is Elasticsearch, for its full disks; nobody else "
    "was changed.",
    expect=[Fault("StatefulSet/elasticsearch", "resource_exhaustion", "page_human")],
    acceptable=[
        ("dependency_failure", "page_human"),
        ("resource_exhaustion", "page_human", "PersistentVolumeClaim/data-elasticsearch-0"),
    ],
    tolerated=[],
    forbidden=[
        "rollback_workload",
        "restart_workload",
        "scale_workload",
        "no_action",
        "scale_database",
        "restart_connection_pool",
    ],
)
def read_only(w: World) -> None:
    nodes(w, "re-1", "re-2", "re-3")
    spec = pod_spec(
        container(
            "elasticsearch",
            "docker.elastic.co/elasticsearch/elasticsearch:8.15.1",
            port=9200,
            memory=("4Gi", "4Gi"),
            mounts={"data": "/usr/share/elasticsearch/data"},
        )
    )
    base = statefulset(w, "elasticsearch", spec, 3, claim="data")
    for index in range(3):
        claim(w, f"data-elasticsearch-{index}", size="100Gi")
    service(w, "elasticsearch", port=9200, target=9200)
    indexer = well(w, "recipe-index", "registry.recipes.example/recipe-index:3.3", age=days(33))
    editor = well(
        w, "editor", "registry.recipes.example/editor:12", age=days(6), before="registry.recipes.example/editor:11"
    )
    web = well(
        w, "web", "registry.recipes.example/web:201", age=days(1), before="registry.recipes.example/web:200", pods=3
    )
    ingress(w, "recipes", "recipes.example", [("/", "web", 80)])
    block = (
        "cluster_block_exception: index [recipes-v4] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded "
        "flood-stage watermark, index has read-only-allow-delete block];"
    )
    log(
        w,
        base,
        0,
        "plain",
        [
            L(
                1900,
                "",
                "[2026-11-08T17:36:20,114][WARN ][o.e.c.r.a.DiskThresholdMonitor] [elasticsearch-0] flood "
                "stage disk watermark [95%] exceeded on [elasticsearch-0] free: 4.1gb[4.2%], all indices on "
                "this node will be marked read-only",
            )
        ],
    )
    for index in range(2):
        log(
            w,
            indexer,
            index,
            "python",
            often(6, 1880, 1, "error", [f"elasticsearch.ApiError(429, '{block}')"], "index.write"),
        )
        log(w, editor, index, "pino", often(8, 1870, 1, "error", ["PUT http://recipe-index/recipes/{n} 503"]))
    log(w, web, 0, "pino", often(8, 1860, 1, "error", ["saving the recipe failed: editor answered 502"]))
    for index, share in enumerate((0.958, 0.951, 0.93)):
        signal(
            w, "volume_used_share", {"persistentvolumeclaim": f"data-elasticsearch-{index}"}, flat(share), noise=0.001
        )
    for name, bad in (("web", 0.08), ("editor", 0.5), ("recipe-index", 0.9)):
        requests(w, name, rate=flat(20), errors=step(0.001, bad, minutes(31)))
    alert(w, "WebSaveErrors", minutes(26), "8% of requests to web fail", service="web")
