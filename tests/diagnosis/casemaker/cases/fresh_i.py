"""Known failure stories in which CPU, memory, names or threads run short, as one namespace sees them."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import event, probe_failure, restarting
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import hpa, node, nodes, secret
from tests.diagnosis.casemaker.pods import P, running, terminated
from tests.diagnosis.casemaker.scene import alert, postgres, redis, taken, well
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, http, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

Obj = dict[str, Any]


@case(
    "search-domains-came-back-with-a-chart",
    "holiday-search",
    "2026-07-09T11:20:00",
    title="A third of all look-ups fail since a chart upgrade dropped ndots:1 from the busiest caller of foreign names",
    drawn_from="ndots:5 stories: each foreign name becomes ten queries, and the cluster's DNS drops some of them",
    why="Image and environment are as before; the new template lost its dnsConfig, and from that minute names fail "
    "there and, less, at its neighbours. To restart or to add pods only asks more names.",
    expect=[Fault("Deployment/offer-api", "configuration_error", "rollback_workload")],
    acceptable=[
        ("network_fault", "rollback_workload"),
        ("resource_exhaustion", "rollback_workload"),
        ("dependency_failure", "rollback_workload"),
        ("code_defect", "rollback_workload"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "isolate_workload",
        {"remedy": "rollback_workload", "target": "Deployment/geo"},
    ],
)
def ndots(w: World) -> None:
    nodes(w, "hs-1", "hs-2", "hs-3", "hs-4", cpu="8")
    env = {"NODE_ENV": "production", "SUPPLIERS": "alpha,bravo,condor,delta,eagle,falcon", "UV_THREADPOOL_SIZE": "16"}
    inner = container("offer-api", "ghcr.io/holiday-search-example/offer-api:9.12.0", port=3000, env=env)
    lean: Obj = {"dnsConfig": {"options": [{"name": "ndots", "value": "1"}, {"name": "timeout", "value": "2"}]}}
    age = minutes(27)
    revisions = [
        Rev(pod_spec(inner, **lean), days(16), cause="helm upgrade offer-api holiday/web-service --version 3.9.2"),
        Rev(pod_spec(inner), age, cause="helm upgrade offer-api holiday/web-service --version 4.0.0"),
    ]
    top = deployment(w, "offer-api", revisions, 6)
    service(w, "offer-api", target=3000)
    hpa(w, top, low=4, high=12, now=6, used=48)
    failed = [
        "supplier condor: getaddrinfo EAI_AGAIN api.condor-rooms.example",
        "supplier alpha: getaddrinfo EAI_AGAIN xml.alpha-hotels.example",
        "supplier eagle: gave up after 10000ms in lookup of rates.eagle-beds.example",
        "supplier falcon: getaddrinfo EAI_AGAIN api.falcon-stays.example",
    ]
    for index in range(6):
        log(w, top, index, "pino", often(12, age - 120 - 11 * index, 1, "error", failed))
        log(
            w,
            top,
            index,
            "pino",
            often(31, age - 120 - 11 * index, 4, "info", ["search {n} answered by 3 of 6 suppliers"]),
        )
    geo = well(w, "geo", "ghcr.io/holiday-search-example/geo:2.44.1", pods=2, age=hours(7),
               before="ghcr.io/holiday-search-example/geo:2.44.0")  # fmt: skip
    for index in range(2):
        source = geo.pods[index]["status"]["podIP"]
        text = f"geocode: dial tcp: lookup tiles.maps-vendor.example on 10.96.0.10:53: read udp {source}:4{index}873->"
        lines = [f"{text}10.96.0.10:53: i/o timeout", "geocode: answered from cache key={n}"]
        log(w, geo, index, "logfmt", often(55, minutes(24) - 17 * index, 6, "warn", lines))
    redis(w, "offer-cache")
    well(w, "vouchers", "ghcr.io/holiday-search-example/vouchers:118", pods=2, age=days(44), talk=True)
    signal(w, "dns_error_ratio", {}, step(0.002, 0.31, minutes(26), over=150))
    requests(w, "offer-api", rate=flat(61), errors=step(0.004, 0.38, minutes(26)), p95=step(1.6, 10.2, minutes(26)))
    requests(w, "geo", rate=flat(33), errors=step(0.001, 0.06, minutes(25)), p95=step(0.2, 2.3, minutes(25)))
    for index in range(6):
        labels = {"pod": top.pod(index), "container": "offer-api"}
        signal(w, "cpu_share", labels, flat(0.31), since=age - 20 * index)
    alert(w, "OfferSearchIncomplete", minutes(21), "more than a third of the searches fail", service="offer-api")


@case(
    "go-programs-count-the-cores-of-bigger-nodes",
    "ride-hail",
    "2026-02-19T08:31:00",
    title="p95 is twenty times as long on pods that moved to 64-core nodes: a Go program throttled at half its quota",
    drawn_from="GOMAXPROCS of the whole machine under a CFS quota of two cores, seen when a node pool was replaced",
    why="No release in three weeks and traffic is flat; only pods on the new nodes are throttled, below their limit on "
    "average. GOMAXPROCS or the limit has to be set; restarts would bring more pods to the big nodes.",
    expect=[Fault("Deployment/matcher", "resource_exhaustion", "page_human")],
    acceptable=[("configuration_error", "page_human"), ("capacity", "page_human"), ("code_defect", "page_human")],
    tolerated=["scale_workload"],
    forbidden=["restart_workload", "rollback_workload", "no_action", "isolate_workload", "scale_database"],
)
def cores(w: World) -> None:
    nodes(w, "rh-c4-1", "rh-c4-2", "rh-c4-3", cpu="4", age=days(190))
    node(w, "rh-c64-1", cpu="64", memory="263819244Ki", age=minutes(58))
    node(w, "rh-c64-2", cpu="64", memory="263819244Ki", age=minutes(57))
    image, env = "us-docker.pkg.dev/ride-hail/prod/matcher", {"GOMEMLIMIT": "900MiB", "LOG_FORMAT": "json"}
    specs = [
        pod_spec(container("matcher", f"{image}:{v}", port=9000, env=env, cpu=("1", "2"), memory=("512Mi", "1Gi")))
        for v in ("1.61.0", "1.62.1")
    ]
    moved = {2: "rh-c64-1", 3: "rh-c64-2", 5: "rh-c64-1"}
    ages = {2: minutes(43), 3: minutes(42), 5: minutes(40)}
    pods = [P(node=moved[n], age=ages[n]) if n in moved else P(node=f"rh-c4-{1 + n % 3}") for n in range(6)]
    top = deployment(w, "matcher", [Rev(specs[0], days(50)), Rev(specs[1], days(21))], pods)
    service(w, "matcher", target=9000)
    for index in range(6):
        many = index in moved
        if many:
            fields = {"version": "1.62.1", "go": "go1.23.6", "gomaxprocs": 64, "num_cpu": 64, "gogc": 100}
            started = [L(ages[index] - 4, "info", "matcher starting", "cmd/matcher/main.go:44", fields)]
            log(w, top, index, "zap", started)
            late = ["batch deadline exceeded, 2 of 8 shards late", "gc pause longer than 200ms"]
            log(w, top, index, "zap", often(64, ages[index] - 90, 5, "warn", late, "match/batch.go:131"))
        log(w, top, index, "zap", often(29, 1500 - 13 * index, 2, "info", ["batch matched"], "match/batch.go:160"))
        labels = {"pod": top.pod(index), "container": "matcher"}
        since: Obj = {"since": ages[index] - 30} if many else {}
        signal(w, "throttled_share", labels, flat(0.57 if many else 0.004), noise=0.08, **since)
        signal(w, "cpu_share", labels, flat(0.49 if many else 0.44), **since)
        signal(w, "memory_share", labels, flat(0.51), **since)
        labels = {"component": "matcher", "pod": top.pod(index)}
        signal(w, "latency_p95_by_pod", labels, flat(2.3 if many else 0.11), noise=0.06, **since)
        signal(w, "request_rate_by_pod", labels, flat(21), **since)
    well(w, "eta", "us-docker.pkg.dev/ride-hail/prod/eta:88", pods=2, age=hours(16),
         before="us-docker.pkg.dev/ride-hail/prod/eta:87", talk=True)  # fmt: skip
    redis(w, "driver-positions")
    signal(w, "node_cpu_share", {"node": "rh-c64-1"}, flat(0.06), since=minutes(56))
    signal(w, "node_cpu_share", {"node": "rh-c4-1"}, flat(0.41))
    requests(w, "matcher", rate=flat(126), errors=step(0.0008, 0.012, minutes(41)), p95=step(0.11, 1.9, minutes(42)))
    requests(w, "eta", rate=flat(80), errors=flat(0.0006), p95=flat(0.05))
    alert(w, "MatchLatency", minutes(35), "p95 of matching is above 1 s", service="matcher", severity="warning")


@case(
    "liveness-waits-behind-a-slow-recommender",
    "bookshop",
    "2026-11-26T19:44:00",
    title="The shop's pods are killed by their liveness probe; all threads wait for a service released just before",
    drawn_from="liveness probes served by the same few threads as requests, and a slow dependency that takes them all",
    why="The shop's release is four hours old and was well; its threads wait for the recommender, whose new version "
    "takes ten seconds for what took fifty milliseconds. To restart or roll back the shop changes nothing.",
    expect=[Fault("Deployment/recommender", "code_defect", "rollback_workload")],
    acceptable=[
        ("resource_exhaustion", "rollback_workload"),
        ("dependency_failure", "rollback_workload"),
        ("configuration_error", "rollback_workload"),
        ("dependency_failure", "rollback_workload", "Deployment/storefront"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "no_action",
        "scale_database",
        "restart_connection_pool",
        {"remedy": "rollback_workload", "target": "Deployment/storefront"},
        {"remedy": "scale_workload", "target": "Deployment/storefront"},
    ],
)
def threads(w: World) -> None:
    nodes(w, "bs-1", "bs-2", "bs-3")
    image, began = "registry.bookshop.example", minutes(26)
    env = {"RAILS_MAX_THREADS": "5", "WEB_CONCURRENCY": "2", "RECOMMENDER_URL": "http://recommender", "PGHOST": "books"}
    live = http("/up", 3000, delay=20, timeout=2)
    specs = [
        pod_spec(container("storefront", f"{image}/storefront:{v}", port=3000, env=env, ready="/up", live=live))
        for v in ("2026.47.2", "2026.47.3")
    ]
    pods = []
    for index in range(4):
        ended = 75.0 + 64 * index
        last = terminated(137, "Error", started=ended + 260 + 10 * index, finished=ended)
        ready = index % 2 == 0
        pods.append(P(restarts=5 - index % 2, last=last, state=running(ended - 1), ready=ready, unready=ended - 25))
    top = deployment(w, "storefront", [Rev(specs[0], days(2)), Rev(specs[1], hours(4))], pods)
    service(w, "storefront", target=3000)
    waits = [
        "Net::ReadTimeout (Net::ReadTimeout with #<TCPSocket:(closed)>): GET http://recommender/v2/for/{n}",
        "Rack::Timeout::RequestTimeoutException - Request ran for longer than 15000ms",
    ]
    for index, pod in enumerate(top.pods):
        where = f'Get "http://{pod["status"]["podIP"]}:3000/up": context deadline exceeded '
        where += "(Client.Timeout exceeded while awaiting headers)"
        probe_failure(w, pod, "Liveness", where, first=began - 60, last=70 + 64 * index, count=16, killed=5 - index % 2)
        probe_failure(w, pod, "Readiness", where, first=began - 90, last=5 + 64 * index, count=49)
        if index % 2:
            restarting(w, pod, first=minutes(12), last=80 + 64 * index, count=6)
        log(w, top, index, "plain", [
            L(x.age, "", f"[{w.at(x.age)}] ERROR -- : [{pod['metadata']['uid'][:8]}] {x.text}")
            for x in often(9, 70 + 64 * index, 2, "", waits)
        ])  # fmt: skip
        before = [
            L(x.age, "", f"[{w.at(x.age)}] ERROR -- : {x.text}")
            for x in often(13, 330 + 7 * index, 90 + 64 * index, "", waits)
        ]
        log(w, top, index, "plain", before, previous=True)
    specs = [
        pod_spec(container("recommender", f"{image}/recommender:{v}", port=8000, cpu=("500m", "2"), ready="/health"))
        for v in ("7.3.0", "7.4.0")
    ]
    slow = deployment(w, "recommender", [Rev(specs[0], days(37)), Rev(specs[1], minutes(28))], 2)
    service(w, "recommender", target=8000)
    texts = ["ranked 41{n} candidates for customer in 9.8s (exact, no ANN index)", '"GET /v2/for/{n} HTTP/1.1" 200 OK']
    for index in range(2):
        log(w, slow, index, "python", often(11, began - 5 * index, 1, "info", texts, "recommender.rank"))
        labels = {"pod": slow.pod(index), "container": "recommender"}
        signal(w, "cpu_share", labels, flat(0.97), since=minutes(27))
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    postgres(w, "books")
    well(w, "stock", f"{image}/stock:301", pods=2, age=days(9), talk=True)
    requests(w, "recommender", rate=step(44, 6, began), errors=step(0.0004, 0.02, began), p95=step(0.05, 10.1, began))
    requests(w, "storefront", rate=flat(90), errors=step(0.001, 0.63, began - 60), p95=step(0.3, 15, began))
    for index in range(4):
        labels = {"pod": top.pod(index), "container": "storefront"}
        signal(w, "cpu_share", labels, step(0.38, 0.07, began))
        exact(w, "restarts", labels, ramp(0, 5 - index % 2, began - 90))
    alert(w, "KubePodCrashLooping", minutes(13), "storefront is restarted again and again", container="storefront")


@case(
    "limits-lost-under-a-misspelt-value",
    "treasury",
    "2026-05-13T14:06:00",
    title="A chart value was misspelt and a Java service lost its memory limit; it fills a node and is evicted",
    drawn_from="missing memory limits: a heap sized by the machine, and neighbours evicted along with it",
    why="The release of 46 minutes ago left the image as it was and dropped all resources; since then the pods grow to "
    "many times what they used and nodes run out of memory. The neighbours on those nodes are victims.",
    expect=[Fault("Deployment/ledger-view", "resource_exhaustion", "rollback_workload")],
    acceptable=[("configuration_error", "rollback_workload"), ("service_crash", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        {"remedy": "rollback_workload", "target": "Deployment/fx-quotes"},
    ],
)
def limitless(w: World) -> None:
    full = {"MemoryPressure": ("True", "KubeletHasInsufficientMemory", "kubelet has insufficient memory available")}
    taint = ("node.kubernetes.io/memory-pressure:NoSchedule",)
    nodes(w, "tr-1", "tr-3", "tr-4")
    bad = node(w, "tr-2", conditions=full, since=minutes(3), taints=taint)
    event(w, bad, "NodeHasInsufficientMemory", "Node tr-2 status is now: NodeHasInsufficientMemory", kind="Normal",
          last=minutes(3), writer="kubelet")  # fmt: skip
    event(w, bad, "EvictionThresholdMet", "Attempting to reclaim memory", first=minutes(18), last=150, count=3,
          writer="kubelet")  # fmt: skip
    env = {"JAVA_TOOL_OPTIONS": "-XX:MaxRAMPercentage=75.0 -XX:+UseParallelGC"}
    image, age = "acr.treasury.example/ledger-view:3.3.8", minutes(46)
    main: Obj = {"port": 8080, "env": env, "ready": "/actuator/health"}
    specs = [
        pod_spec(container("ledger-view", image, cpu=("500m", "2"), memory=("1536Mi", "2Gi"), **main)),
        pod_spec(container("ledger-view", image, cpu=("", ""), memory=("", ""), **main)),
    ]
    said = (
        "The node was low on resource: memory. Threshold quantity: 100Mi, available: {left}Ki. Container {name} was "
        "using {used}Ki, request is {asked}, has larger consumption of memory. "
    )
    gone = []
    for number, where in enumerate(("tr-1", "tr-2", "tr-2")):
        text = said.format(left=51904 + 18212 * number, name="ledger-view", used=11820544 - 142208 * number, asked=0)
        gone.append(P(age=age - 200 * number, phase="Failed", reason="Evicted", message=text, node=where))
    young = [P(age=minutes(2.4), node="tr-3"), P(age=minutes(17), node="tr-4"), P(age=minutes(29), node="tr-1")]
    top = deployment(w, "ledger-view", [Rev(specs[0], days(62)), Rev(specs[1], age)], [*young, *gone], replicas=3)
    for pod in top.pods:
        pod["status"]["qosClass"] = "BestEffort"
    ended = (minutes(29.5), minutes(17.5), minutes(2.6))
    for pod, when in zip(top.pods[3:], ended, strict=True):
        event(w, pod, "Evicted", pod["status"]["message"], last=when, writer="kubelet")
    service(w, "ledger-view")
    quotes = pod_spec(container("fx-quotes", "acr.treasury.example/fx-quotes:61", memory=("192Mi", "512Mi")))
    text = said.format(left=93044, name="fx-quotes", used=388112, asked="192Mi")
    lost = P(phase="Failed", reason="Evicted", message=text, node="tr-2")
    neighbour = deployment(
        w, "fx-quotes", [Rev(quotes, days(12))], [P(node="tr-1"), P(age=minutes(2.5), node="tr-4"), lost]
    )
    event(w, neighbour.pods[2], "Evicted", text, last=minutes(2.6), writer="kubelet")
    service(w, "fx-quotes")
    for index, since in enumerate((minutes(2.3), minutes(16.5), minutes(28.5))):
        labels = {"pod": top.pod(index), "container": "ledger-view"}
        signal(w, "memory_bytes", labels, ramp(9e8, 9e8 + 4.6e6 * since, since), since=since)
    signal(w, "node_memory_share", {"node": "tr-1"}, ramp(0.34, 0.91, minutes(28)), noise=0.004)
    signal(w, "node_memory_share", {"node": "tr-2"}, ramp(0.41, 0.993, age, minutes(18)), noise=0.004)
    requests(w, "ledger-view", rate=flat(14), errors=step(0.001, 0.09, minutes(29)), p95=flat(0.4))
    requests(w, "fx-quotes", rate=flat(55), errors=step(0.0005, 0.16, minutes(2.6)), p95=flat(0.05))
    alert(w, "KubePodEvicted", minutes(1), "a pod of fx-quotes was evicted", deployment="fx-quotes", severity="warning")
    taken(w, ("objects", True, ""), ("logs", False, "forbidden"), ("prometheus", True, ""))
