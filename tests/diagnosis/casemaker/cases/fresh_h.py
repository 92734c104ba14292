"""Load that is not what it looks like: threads under a quota, reconnecting clients, page cache, warming caches."""

from __future__ import annotations

from math import exp

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import custom
from tests.diagnosis.casemaker.cases.quiet import HARM
from tests.diagnosis.casemaker.events import event
from tests.diagnosis.casemaker.exposition import expose
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import claim, node, nodes
from tests.diagnosis.casemaker.pods import P, oom, running, suffix
from tests.diagnosis.casemaker.scene import alert, taken, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "release-dropped-the-cap-on-math-threads",
    "patent-search",
    "2026-04-08T10:42:00",
    title="A model server is throttled four fifths of the time at the same load; a release lost OMP_NUM_THREADS",
    drawn_from="NumPy, PyTorch and OpenBLAS starting a thread for each core of the node under a CFS quota of two cores",
    why="Same image and limits and hardly more requests, but 64 threads share a quota of two cores and spend it in the "
    "first milliseconds of a period. The old template had the cap; more traffic is not what came.",
    expect=[Fault("Deployment/embeddings", "configuration_error", "rollback_workload")],
    acceptable=[("resource_exhaustion", "rollback_workload"), ("code_defect", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "no_action", "scale_database", "isolate_workload", "restart_connection_pool"],
)
def threads_of_math(w: World) -> None:
    nodes(w, "ps-big-1", "ps-big-2", cpu="64", memory="263921104Ki")
    image = "registry.patent-search.example/embeddings:1.18.0"
    old = {"MODEL_PATH": "/models/e5-small", "OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2", "LOG_FORMAT": "text"}
    new = {"MODEL_PATH": "/models/e5-small", "LOG_FORMAT": "plain", "REQUEST_ID_HEADER": "x-request-id"}
    specs = [
        pod_spec(container("embeddings", image, port=8000, env=env, cpu=("1", "2"), memory=("2Gi", "4Gi")))
        for env in (old, new)
    ]
    top = deployment(w, "embeddings", [Rev(specs[0], days(33)), Rev(specs[1], minutes(47))], 4)
    service(w, "embeddings", target=8000)
    ranker = well(
        w, "ranker", "registry.patent-search.example/ranker:204", pods=3, age=hours(3),
        before="registry.patent-search.example/ranker:203", env={"EMBEDDINGS_URL": "http://embeddings"},
    )  # fmt: skip
    well(w, "pdf-text", "registry.patent-search.example/pdf-text:61", pods=2, age=days(80), talk=True)
    for index in range(4):
        began = minutes(46) - 20 * index
        start = [
            L(began, "info", "model /models/e5-small loaded in 4.1s", "serve.model"),
            L(began - 1, "info", "torch intra-op threads=64 inter-op threads=64", "serve.model"),
        ]
        texts = ["POST /embed 200 batch=8 took=1.8{n}s", "POST /embed 200 batch=4 took=0.9{n}s"]
        late = often(90, minutes(40), 4, "warning", ["client went away before the answer, batch=8"], "serve.http")
        log(w, top, index, "python", [*start, *often(14, 900, 1, "info", texts, "serve.http"), *late])
        labels = {"pod": top.pod(index), "container": "embeddings"}
        signal(w, "cpu_share", labels, flat(0.81), since=began)
        signal(w, "throttled_share", labels, flat(0.83), since=began)
        signal(w, "memory_share", labels, flat(0.47), since=began)
        gone = {"pod": f"{top.sets[0]['metadata']['name']}-{suffix('embeddings', 'old', index)}"}
        gone["container"] = "embeddings"
        signal(w, "cpu_share", gone, flat(0.63), until=began)
        signal(w, "throttled_share", gone, flat(0.02), until=began)
    for index in range(3):
        text = "embeddings: Post http://embeddings/embed: context deadline exceeded (2s), ranking without vectors"
        log(w, ranker, index, "logfmt", often(40, minutes(45), 3, "warn", [text]))
    for name in ("ps-big-1", "ps-big-2"):
        signal(w, "node_cpu_share", {"node": name}, flat(0.14))
    requests(
        w, "embeddings", rate=ramp(41, 46), errors=step(0.001, 0.03, minutes(45)), p95=step(0.11, 2.2, minutes(46))
    )
    requests(w, "ranker", rate=ramp(40, 45), errors=flat(0.001), p95=step(0.3, 2.4, minutes(46)))
    requests(w, "pdf-text", rate=flat(3), errors=flat(0.0), p95=flat(0.8))


@case(
    "clients-reconnect-all-at-once-after-a-node-upgrade",
    "live-scores",
    "2026-09-27T15:28:00",
    title="Nodes were upgraded; 300,000 clients reconnect at once and the service that admits them is at its CPU",
    drawn_from="post-mortems of chat and presence services: a drained WebSocket tier, clients without back-off, and a "
    "session service sized for a trickle of log-ins",
    why="The gateways are the same revision on fresh nodes and refuse only because handshake, three small pods at "
    "their limit, does not answer. Nodes have room. Another restart of the gateways drops those who are in.",
    expect=[Fault("Deployment/handshake", "capacity", "scale_workload")],
    acceptable=[("resource_exhaustion", "scale_workload")],
    tolerated=["page_human", "switch_traffic"],
    forbidden=["restart_workload", "rollback_workload", "no_action", "scale_database", "isolate_workload"],
)
def reconnecting(w: World) -> None:
    nodes(w, "core-1", "core-2", cpu="16", age=days(90))
    for number in (1, 2, 3):
        made = node(w, f"edge-v134-{number}", cpu="16", age=minutes(48 - 3 * number))
        made["status"]["nodeInfo"]["kubeletVersion"] = "v1.34.1"
        text = f"Node edge-v134-{number} event: Registered Node edge-v134-{number} in Controller"
        event(w, made, "RegisteredNode", text, kind="Normal", last=minutes(47 - 3 * number))
    spec = pod_spec(container("gateway", "registry.live-scores.example/ws-gateway:9.4.1", cpu=("1", "4")))
    young = [P(age=minutes(29) - 45 * n, node=f"edge-v134-{1 + n % 3}") for n in range(6)]
    gate = deployment(w, "ws-gateway", [Rev(spec, days(19))], young, age=days(400))
    service(w, "ws-gateway")
    ingress(w, "live", "live.live-scores.example", [("/ws", "ws-gateway", 80)])
    specs = [
        pod_spec(container("handshake", f"registry.live-scores.example/handshake:{v}", cpu=("250m", "500m")))
        for v in ("3.1", "3.2")
    ]
    old = [P(node="core-1"), P(node="core-2"), P(node="core-1")]
    top = deployment(w, "handshake", [Rev(specs[0], days(75)), Rev(specs[1], days(40))], old)
    service(w, "handshake")
    scores = well(w, "scores", "registry.live-scores.example/scores:77", pods=2, age=days(12), talk=True)
    texts = [
        "handshake POST http://handshake/v1/session timed out after 3000ms, closing 1013 try again later",
        "connection from app/ios 12.8 resume=false attempt=14 user={n}",
        "handshake POST http://handshake/v1/session timed out after 3000ms, closing 1013 try again later",
        "session admitted in 2870ms subscriptions=3",
    ]
    for index in range(6):
        first = [L(minutes(28) - 45 * index, "info", "listening on :8080, 0 connections")]
        log(w, gate, index, "pino", [*first, *often(7, minutes(12) - 7 * index, 1, "warn", texts)])
    for index in range(3):
        said = ["session issued user={n} queued=2750ms verify=3ms", "queue is full (1024), request dropped"]
        log(w, top, index, "logfmt", often(8, minutes(13) - 5 * index, 1, "warn", said))
        labels = {"pod": top.pod(index), "container": "handshake"}
        signal(w, "cpu_share", labels, step(0.12, 0.995, minutes(27), over=120), noise=0.004)
        signal(w, "throttled_share", labels, step(0.01, 0.71, minutes(27), over=120))
    for name in ("core-1", "core-2"):
        signal(w, "node_cpu_share", {"node": name}, step(0.22, 0.27, minutes(27)))
    requests(
        w, "handshake", rate=step(48, 1640, minutes(28), over=150), errors=step(0.0, 0.74, minutes(27)),
        p95=step(0.03, 3.0, minutes(27)),
    )  # fmt: skip
    requests(w, "ws-gateway", rate=step(50, 1710, minutes(28), over=150), errors=step(0.001, 0.72, minutes(27)))
    requests(w, scores.name, rate=flat(260), errors=flat(0.0003), p95=flat(0.02))
    alert(w, "WebSocketAdmissionFailing", minutes(23), "72% of new connections are refused", service="ws-gateway")
    expose(w, limits={"cpu": {"handshake": 0.5}})


@case(
    "new-rule-finds-the-page-cache-of-the-brokers",
    "tollroad",
    "2026-07-09T13:05:00",
    title="A rule written this noon says that three Kafka brokers are at 97% of their memory; it is their page cache",
    drawn_from="memory alerts on container_memory_usage_bytes or the working set of brokers and databases that live on "
    "the page cache",
    why="Flat, without a restart for months; the heap is at an eighth after each collection, clients are served as "
    "always. The cache is given back under pressure: it is the rule that is wrong.",
    expect=[Fault("", "no_fault", "no_action")],
    acceptable=[
        ("no_fault", "page_human"),
        ("configuration_error", "page_human", "PrometheusRule/memory-near-limit"),
    ],
    tolerated=["page_human"],
    forbidden=HARM,
)
def page_cache(w: World) -> None:
    nodes(w, "tr-1", "tr-2", "tr-3", cpu="8", memory="32780112Ki")
    env = {"KAFKA_HEAP_OPTS": "-Xms3g -Xmx3g", "KAFKA_GC_LOG_OPTS": "-Xlog:gc:stdout:time,level,tags"}
    inner = container(
        "kafka", "apache/kafka:3.9.1", port=9092, env=env, memory=("8Gi", "8Gi"), cpu=("1", "3"), ready=None
    )
    base = statefulset(w, "kafka", pod_spec(inner), 3, claim="log", age=days(143))
    for index in range(3):
        claim(w, f"log-kafka-{index}", size="400Gi")
        done = "Pause Young (Normal) (G1 Evacuation Pause) 2204M->391M(3072M)"
        lines = [
            L(
                x.age,
                "",
                f"[{w.at(x.age)[:-1]}.071+0000][info][gc] GC({48211 + number}) {x.text} {5 + number % 3}.113ms",
            )
            for number, x in enumerate(often(48, 2400 - 9 * index, 5, "", [done]))
        ]
        log(w, base, index, "plain", lines)
        text = "[LocalLog partition=passages-4, dir=/var/lib/kafka] Rolled new log segment at offset {n}02 in 2 ms."
        log(w, base, index, "kafka", often(900, 3000, 30, "info", [text], "kafka.log.LocalLog"))
        labels = {"pod": f"kafka-{index}", "container": "kafka"}
        signal(w, "memory_share", labels, flat(0.97 - 0.006 * index), noise=0.003)
        signal(w, "cpu_share", labels, flat(0.24))
        exact(w, "restarts", labels, flat(0))
    service(w, "kafka", port=9092, target=9092, headless=True)
    host = {"BOOTSTRAP": "kafka:9092"}
    image = "registry.tollroad.example/gantry"
    gantry = well(w, "gantry", f"{image}:40", pods=3, env=host, age=days(3), before=f"{image}:39")
    spec = pod_spec(container("billing", "registry.tollroad.example/billing:12", env=host, memory=("512Mi", "1Gi")))
    last = oom(started=days(38), finished=days(9))
    bills = deployment(
        w, "billing", [Rev(spec, days(38))], [P(age=days(38), restarts=1, last=last, state=running(days(9) - 3)), P()]
    )
    service(w, "billing")
    log(w, bills, 0, "python", often(30, 900, 4, "info", ["batch of 500 passages committed, lag=0"], "billing.run"))
    for index in range(2):
        signal(w, "memory_share", {"pod": bills.pod(index), "container": "billing"}, flat(0.51))
    expr = "container_memory_usage_bytes{container!=''} / on (namespace, pod, container) "
    expr += "kube_pod_container_resource_limits{resource='memory'} > 0.9"
    rule = {"alert": "ContainerMemoryNearLimit", "expr": expr, "for": "15m", "labels": {"severity": "critical"}}
    spec = {"groups": [{"name": "memory", "rules": [rule]}]}
    custom(w, "monitoring.coreos.com/v1", "PrometheusRule", "memory-near-limit", spec, {}, age=minutes(52))
    exact(w, "queue_depth", {"component": "billing", "queue": "passages"}, lambda age: 40 + age % 7)
    requests(w, gantry.name, rate=flat(310), errors=flat(0.0002), p95=flat(0.03))
    text = "container kafka of kafka-0 uses 97% of its memory limit"
    alert(w, "ContainerMemoryNearLimit", minutes(37), text, pod="kafka-0", container="kafka")


@case(
    "caches-of-a-fresh-release-have-warmed-up",
    "hotel-meta",
    "2026-02-19T09:31:00",
    title="Since a release half an hour ago a price finder was slow; its caches fill and it is nearly as fast again",
    drawn_from="services with in-process caches of a million entries that alert after each release until they are warm",
    why="No error, and latency falls by itself along with the share of misses; at its last releases it took as long. A "
    "rollback or a restart empties the caches once more.",
    expect=[Fault("", "no_fault", "no_action")],
    acceptable=[("no_fault", "page_human")],
    tolerated=["page_human"],
    forbidden=HARM,
)
def warming(w: World) -> None:
    nodes(w, "hm-1", "hm-2", "hm-3", cpu="16")
    image = "registry.hotel-meta.example/price-finder"
    specs = [
        pod_spec(container("finder", f"{image}:{v}", cpu=("1", "3"), memory=("3Gi", "4Gi"), ready="/ready"))
        for v in ("2026.06", "2026.07", "2026.08")
    ]
    top = deployment(
        w, "price-finder", [Rev(specs[0], days(22)), Rev(specs[1], days(8)), Rev(specs[2], minutes(31))], 5
    )
    service(w, "price-finder")
    ingress(w, "prices", "prices.hotel-meta.example", [("/", "price-finder", 80)])
    rates = well(w, "rate-store", "registry.hotel-meta.example/rate-store:31", pods=4, age=days(50), talk=True)

    def miss(age: float) -> float:
        return 1.0 if age > 1800 else exp(-(1800 - age) / 400)

    for index in range(5):
        began = minutes(30.5) - 9 * index
        lines = [
            L(began, "info", "caches start empty; earlier warm-ups: 2026.06 33m, 2026.07 31m", "c.h.prices.LocalCache"),
            *(
                L(
                    age, "info", f"hit ratio {1 - 0.97 * miss(age):.2f}, {1.48e6 * (1 - miss(age)):.0f} entries",
                    "c.h.prices.LocalCache",
                )
                for age in range(1740, 0, -60)
            ),
        ]  # fmt: skip
        log(w, top, index, "logback", lines)
        labels = {"pod": top.pod(index), "container": "finder"}
        signal(w, "cpu_share", labels, lambda age: 0.31 + 0.3 * miss(age), since=began)
        signal(w, "memory_share", labels, lambda age: 0.62 - 0.34 * miss(age), since=began)
        signal(w, "latency_p95_by_pod", {"pod": top.pod(index)}, lambda age: 0.2 + 2.1 * miss(age), since=began)
    slow = {"p95": lambda age: 0.2 if age > 1860 else 0.2 + 2.1 * miss(age)}
    requests(w, "price-finder", rate=flat(190), errors=flat(0.0005), **slow)
    requests(
        w,
        rates.name,
        rate=lambda age: 60.0 if age > 1860 else 60 + 340 * miss(age),
        errors=flat(0.0002),
        p95=flat(0.04),
    )
    text = "p95 of price-finder over half an hour is above 500 ms"
    alert(w, "PriceFinderSlow", minutes(19), text, service="price-finder", severity="warning")
    taken(w, ("objects", True, ""), ("logs", True, ""), ("prometheus", True, ""))
