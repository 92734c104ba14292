"""Load and room: a batch that takes a node, viewers that outgrow three hubs, classes that fill a metaspace."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_p import calls, machines, measured
from tests.diagnosis.casemaker.events import restarting
from tests.diagnosis.casemaker.jobs import busy
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import nodes, secret
from tests.diagnosis.casemaker.pods import P, oom, running
from tests.diagnosis.casemaker.scene import alert, postgres, taken, well
from tests.diagnosis.casemaker.signals import Shape, exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "batch-without-a-limit-takes-the-node-of-two-pods",
    "listings",
    "2026-11-05T14:27:00",
    title="Half of the pods of a service released just now are slow; a weekly batch takes the node they run on",
    drawn_from="noisy neighbours: a batch with a great CPU request and no limit beside services that request less "
    "than they use",
    why="Slow are the pods on one node, also of services which were not released, since two minutes before the "
    "release, when the batch began there and the node's CPU became full. The same new pods elsewhere are quick.",
    expect=[Fault("CronJob/photo-rehash", "resource_exhaustion", "page_human")],
    acceptable=[
        ("capacity", "page_human"),
        ("configuration_error", "page_human"),
        *((cause, "page_human", "Node/li-2") for cause in ("resource_exhaustion", "capacity")),
        *((cause, "page_human", "Job/photo-rehash-29718121")
          for cause in ("resource_exhaustion", "capacity", "configuration_error")),
    ],
    tolerated=["scale_workload"],
    forbidden=["rollback_workload", "no_action", "scale_database", "isolate_workload", "restart_connection_pool"],
)  # fmt: skip
def batch(w: World) -> None:
    nodes(w, "li-1", "li-2", "li-3", cpu="8")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(300))
    base = postgres(w, "listing-db", pods=[P(node="li-3")])
    image, began, released = "harbor.listings.example/app", minutes(26), minutes(24)
    specs = [
        pod_spec(
            container("listing-api", f"{image}/listing-api:{tag}", cpu=("100m", "1"), env={"DB_HOST": "listing-db"})
        )
        for tag in ("12.8.1", "12.9.0")
    ]
    pods = [P(node=each) for each in ("li-1", "li-2", "li-2", "li-3")]
    api = deployment(w, "listing-api", [Rev(specs[0], days(8)), Rev(specs[1], released)], pods)
    service(w, "listing-api")
    spec = pod_spec(container("suggest", f"{image}/suggest:3.3.0", cpu=("50m", "500m")))
    suggest = deployment(w, "suggest", [Rev(spec, days(52))], [P(node="li-1"), P(node="li-2")])
    service(w, "suggest")
    web = well(w, "web", f"{image}/web:410", pods=3, age=days(4), port=3000)
    mails = well(w, "alert-mails", f"{image}/alert-mails:0.81", pods=1, age=days(90), talk=True)
    ingress(w, "site", "www.listings.example", [("/", "web", 80)])
    spec = pod_spec(
        container("rehash", f"{image}/photo-tools:1.6.0", port=0, ready=None, cpu=("4", ""), memory=("1Gi", "3Gi"),
                  args=("rehash", "--all-since=last-run", "--threads=64")),
        nodeSelector={"kubernetes.io/hostname": "li-2"},
    )  # fmt: skip
    run = busy(w, "photo-rehash", spec, ages=[began], schedule="1 14 * * 4")
    run.pods[0]["spec"]["nodeName"] = "li-2"
    run.obj["status"]["lastSuccessfulTime"] = w.at(days(7) + began - minutes(3))
    lines = [
        L(began - 4, "info", "photos changed since last run: 1204331 (last week: 38112)", "rehash"),
        *(
            L(at, "info", f"hashed {int((began - at) * 712)} photos, 64 threads, 712/s", "rehash")
            for at in range(int(began) - 20, 2, -40)
        ),
    ]
    log(w, run, 0, "python", lines)
    slow = {1, 2}
    for index in range(4):
        text = ["GET /v2/listings/{n} 200 2844ms", "GET /v2/search 200 4120ms", "GET /v2/listings/{n} 200 1907ms"]
        fine = ["GET /v2/listings/{n} 200 31ms", "GET /v2/search 200 118ms", "GET /v2/listings/{n} 200 27ms"]
        start = L(released - 9 - 9 * index, "info", "listing-api 12.9.0 ready (adds energy class to search results)")
        log(
            w,
            api,
            index,
            "logfmt",
            [start, *often(9, minutes(14) - 3 * index, 1, "info", text if index in slow else fine)],
        )
    log(w, suggest, 0, "golang", often(24, hours(0.7), 2, "", ["GET /suggest 200 4ms", "GET /suggest 200 6ms"]))
    late = often(38, began - 20, 2, "", ["GET /suggest 200 911ms", "GET /suggest 200 1406ms"])
    log(w, suggest, 1, "golang", [*often(38, hours(0.8), began, "", ["GET /suggest 200 5ms"]), *late])
    drag = "GET /search 200 in 4380ms (listing-api 4129ms)"
    for index in range(3):
        home = "GET / 200 in 1302ms" if index == 1 else "GET / 200 in 48ms"
        text = [drag, "GET /search 200 in 204ms", home]
        log(w, web, index, "pino", often(12, minutes(18) - 3 * index, 1, "info", text))
    requests(w, "web", rate=flat(54), errors=flat(0.002), p95=step(0.4, 4.3, began))
    requests(w, "listing-api", rate=flat(63), errors=flat(0.0008), p95=step(0.19, 4.0, began))
    requests(w, "suggest", rate=flat(40), errors=flat(0.0002), p95=step(0.011, 1.3, began))
    for top, quick, crawl in ((api, 0.18, 4.1), (suggest, 0.01, 1.4)):
        for pod in top.pods:
            shape = step(quick, crawl, began) if pod["spec"]["nodeName"] == "li-2" else flat(quick)
            since = released - 40 if top is api else hours(1)
            signal(w, "latency_p95_by_pod", {"pod": pod["metadata"]["name"]}, shape, since=since, noise=0.06)
    starved: dict[int, dict[str, Shape]] = {each: {"cpu_share": flat(0.12)} for each in slow}
    measured(w, api, 0.36, pods=starved, prior=0.35)
    measured(w, suggest, 0.3, pods={1: {"cpu_share": step(0.3, 0.09, began)}})
    measured(w, web, pods={1: {"cpu_share": step(0.2, 0.1, began)}})
    measured(w, mails, 0.06)
    measured(w, base, 0.22, 0.5)
    job = {"pod": run.pods[0]["metadata"]["name"], "container": "rehash"}
    signal(w, "cpu_usage", job, step(0.2, 7.1, began), since=began - 30)
    signal(w, "memory_share", job, ramp(0.2, 0.44, began), since=began - 30)
    calls(w, "listing-api", "listing-db", 0.006)
    machines(w, 0.31, odd={"li-2": step(0.33, 0.998, began)})
    alert(w, "SearchLatencyHigh", minutes(17), "p95 of /search is 4.3 s for ten minutes", service="web")


def _sockets(ends: list[float], usual: float, now: float, crowd: Shape) -> Shape:
    """Return memory that grows with the crowd, and from each death to the next."""

    def held(at: float) -> float:
        born = min((end for end in ends if end > at), default=0.0)
        if not born:
            return min(0.99, usual * crowd(at))
        dies = max((end for end in ends if end <= at), default=0.0)
        return 0.3 + ((0.99 if dies else now) - 0.3) * (born - at) / (born - dies)

    return held


def _count(ends: list[float]) -> Shape:
    return lambda at: float(sum(end >= at for end in ends))


@case(
    "viewers-of-a-final-crush-one-hub-after-another",
    "live-scores",
    "2026-07-19T19:41:00",
    title="Three hubs are killed for memory in turn during a final; each viewer is a connection and they trebled",
    drawn_from="push and chat tiers whose memory is their number of sockets: a dead one's clients go to the rest",
    why="Memory follows the number of clients, and a fresh hub is full of them within ten minutes; the "
    "template is forty days old and nodes have room. Three hubs hold 39,000 and 58,000 want to watch.",
    expect=[Fault("Deployment/push-hub", "capacity", "scale_workload")],
    acceptable=[("resource_exhaustion", "scale_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "rollback_workload", "no_action", "isolate_workload", "scale_database"],
)
def final(w: World) -> None:
    nodes(w, "ls-1", "ls-2", "ls-3", "ls-4", cpu="8", memory="32866132Ki")
    image, kickoff = "ghcr.io/live-scores-example", minutes(41)
    specs = [
        pod_spec(container("hub", f"{image}/push-hub:{tag}", cpu=("500m", "2"), memory=("512Mi", "768Mi"),
                 env={"GOMEMLIMIT": "700MiB", "NATS_URL": "nats://nats:4222"}))
        for tag in ("2.6.0", "2.6.1")
    ]  # fmt: skip
    age = days(19)
    deaths = [[726.0, 1342, 1890], [504.0, 1002, 1560], [21.0, 394, 1000, 1420]]
    pods = [
        P(age=age, restarts=3, state=running(ends[0] - 22), last=oom(started=ends[1] - 12, finished=ends[0]),
          unready=ends[0] - 27)
        for ends in deaths[:2]
    ]  # fmt: skip
    pods.append(P(age=age, restarts=3, backoff="40s", last=oom(started=372, finished=21), unready=20))
    hub = deployment(w, "push-hub", [Rev(specs[0], days(90)), Rev(specs[1], days(40))], pods)
    service(w, "push-hub")
    for index, ends in enumerate(deaths):
        restarting(w, hub.pods[index], first=ends[-2], last=max(ends[0] - 20, 3), count=5 + index)
    web = well(w, "scores-web", f"{image}/scores-web:88.2.0", pods=4, age=minutes(55), port=3000,
               before=f"{image}/scores-web:88.1.4")  # fmt: skip
    feed = well(w, "match-feed", f"{image}/match-feed:5.0.7", age=days(12))
    nats = well(w, "nats", "nats:2.10.22-alpine", pods=3, age=days(66), port=4222)
    ingress(w, "site", "scores.example", [("/", "scores-web", 80), ("/ws", "push-hub", 80)])
    for index, ends in enumerate(deaths):
        runs = [(ends[1] - 12, ends[0] + 3, 13430), (ends[0] - 23, 2, 12850 - 1350 * index)]
        if index == 2:
            runs = [(372, 23, 13430)]
        for number, (first, until, high) in enumerate(runs):
            told = [L(first, "info", "push-hub 2.6.1 listening on :8080, nats connected", "hub/main.go:61")]
            for at in range(int(first) - 4, int(until), -15):
                now = int(3200 + (high - 3200) * (first - at) / (first - until))
                more = {"clients": now, "rss_mb": 62 + now * 52 // 1000, "goroutines": 2 * now + 41}
                told.append(L(at, "info", "stats", "hub/stats.go:40", more))
            told += often(70, first - 30, until, "warn", ["client {n}: write: broken pipe"], "hub/conn.go:133")
            log(w, hub, index, "zap", told, previous=number + 1 < len(runs))
    for index in range(4):
        text = ["GET /live/final 200 24ms", "ws beacon: reconnect #3 after close 1006", "GET /live/final 200 19ms"]
        log(w, web, index, "pino", often(6, minutes(9) - 4 * index, 1, "info", text))
    log(w, feed, 0, "logfmt", often(20, minutes(14), 2, "info", ["published score.final seq={n}"]))
    log(w, nats, 0, "plain", [L(days(60), "", f"[1] {w.at(days(60))[:10]} 04:11:09.118 [INF] Server is ready")])
    crowd = ramp(1.0, 3.1, kickoff, minutes(24))
    requests(w, "scores-web", rate=lambda at: 74 * crowd(at), errors=flat(0.002), p95=flat(0.09))
    requests(w, "push-hub", rate=lambda at: 24 * crowd(at) * (3 if at < minutes(22) else 1),
             errors=step(0.0005, 0.31, minutes(25), over=180))  # fmt: skip
    for index, ends in enumerate(deaths):
        label = {"pod": hub.pod(index), "container": "hub"}
        usual, held = ((0.45, 0.95), (0.35, 0.86), (0.32, 0.3))[index]
        signal(w, "memory_share", label, _sockets(ends, usual, held, crowd), until=22 if index == 2 else 0)
        signal(w, "cpu_share", label, lambda at: 0.13 * crowd(at), noise=0.06)
        exact(w, "restarts", label, _count(ends[index // 2 :]))
    exact(w, "replicas_wanted", {"component": "push-hub"}, flat(3))
    fallen = sorted(end for ends in deaths for end in ends)
    down = {"component": "push-hub"}
    exact(w, "replicas_available", down, lambda at: 3.0 - sum(end >= at > end - 35 for end in fallen))
    measured(w, web, lambda at: 0.15 * crowd(at))
    measured(w, feed, 0.11)
    measured(w, nats, 0.14)
    machines(w, 0.27, 0.36)
    alert(w, "LiveUpdatesNotDelivered", minutes(19), "a third of WebSocket upgrades on scores.example fail",
          service="push-hub", severity="page")  # fmt: skip


@case(
    "rules-compiled-anew-fill-the-metaspace",
    "underwriting",
    "2026-08-27T10:14:00",
    title="Two of three rule engines answer 500 to whatever needs a new class; the third is six days old and well",
    drawn_from="OutOfMemoryError: Metaspace after weeks of Groovy scripts compiled again at each reload, classes kept",
    why="Loaded classes grow with each reload and are never unloaded; at 256 MiB nothing can be loaded any more. "
    "The same program with fewer days behind it is well, so fresh processes cure it; the web's release came later.",
    expect=[Fault("Deployment/rule-engine", "resource_exhaustion", "restart_workload")],
    acceptable=[
        ("code_defect", "restart_workload"),
        ("service_crash", "restart_workload"),
        ("configuration_error", "restart_workload"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "rollback_workload",
        "scale_database",
        "no_action",
        "isolate_workload",
        {"remedy": "restart_workload", "target": "Deployment/quote-web"},
    ],
)
def metaspace(w: World) -> None:
    nodes(w, "uw-1", "uw-2", "uw-3")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(300))
    base = postgres(w, "policies-db", image="postgres:14.15")
    image = "nexus.underwriting.example/uw"
    env = {"JAVA_TOOL_OPTIONS": "-Xmx1g -XX:MaxMetaspaceSize=256m", "RULES_REPO": "http://rules-store/rules.git"}
    specs = [
        pod_spec(container("engine", f"{image}/rule-engine:{v}", cpu=("500m", "2"), memory=("1536Mi", "2Gi"), env=env,
                 ready="/actuator/health/readiness", live="/actuator/health/liveness"))
        for v in ("8.2.0", "8.2.1")
    ]  # fmt: skip
    pods = [P(node="uw-1"), P(node="uw-2"), P(age=days(6.1), node="uw-3")]
    top = deployment(w, "rule-engine", [Rev(specs[0], days(110)), Rev(specs[1], days(58))], pods)
    service(w, "rule-engine")
    web = well(w, "quote-web", f"{image}/quote-web:1.204.0", age=minutes(36), port=3000,
               before=f"{image}/quote-web:1.203.2", env={"RULES_URL": "http://rule-engine"})  # fmt: skip
    store = well(w, "rules-store", "gitea/gitea:1.22.3", pods=1, age=days(80), port=3000)
    brokers = well(w, "broker-api", f"{image}/broker-api:6.1.1", pods=2, age=days(25))
    for index, first, size in ((0, 63_804, 254.9), (1, 63_512, 254.8), (2, 19_377, 77.2)):
        full = index < 2
        lines, classes = [], first
        for number, at in enumerate(range(int(hours(7)), 200, -1800)):
            stuck = full and at < minutes(57)
            text = f"rule set {4391 + number} compiled: 18 classes in {2800 + number * 37 % 500} ms"
            if stuck:
                text = f"rule set {4391 + number} not loaded: java.lang.OutOfMemoryError: Metaspace"
            else:
                classes += 18
            lines.append(L(at, "error" if stuck else "info", text, "c.u.rules.RuleLoader"))
            used = min(size + number * 0.08, 255.9)
            text = f"loaded classes: {classes}, unloaded since start: 0, metaspace {used:.1f} MiB of 256 MiB"
            lines.append(L(at - 5, "info", text, "c.u.rules.JvmReport"))
        said = ["Servlet.service() for servlet [dispatcherServlet] in context with path [] threw exception [Handler "
                "dispatch failed: java.lang.OutOfMemoryError: Metaspace] with root cause\n\n"
                "java.lang.OutOfMemoryError: Metaspace\n"
                "\tat java.base/java.lang.ClassLoader.defineClass1(Native Method)\n"
                "\tat groovy.lang.GroovyClassLoader.access$400(GroovyClassLoader.java:62)"]  # fmt: skip
        if full:
            dispatcher = "o.a.c.c.C.[.[.[/].[dispatcherServlet]"
            lines += often(330, minutes(54) - 40 * index, 3, "error", said, dispatcher)
            lines += often(160, minutes(50), 3, "info", ["POST /evaluate/motor 200 38ms"], "c.u.api.Access")
        else:
            good = ["POST /evaluate/motor 200 35ms", "POST /evaluate/home 200 41ms"]
            lines += often(120, minutes(58), 3, "info", good, "c.u.api.Access")
        log(w, top, index, "logback", lines)
    for index in range(2):
        texts = ["quote {n}: rule-engine answered 500", "GET /quote/new 200 in 41ms", "quote {n} priced in 212ms"]
        start = L(minutes(35.6) - 9 * index, "info", "quote-web 1.204.0 listening on 3000")
        log(w, web, index, "pino", [start, *often(40, minutes(35) - 7 * index, 2, "info", texts)])
    told = often(65, minutes(53), 2, "warn", ["evaluate household {n}: 500 from rule-engine"])
    told += often(47, hours(1.2), 2, "info", ["offer {n} returned to broker"])
    log(w, brokers, 0, "logfmt", told)
    log(w, store, 0, "plain", [L(x.age, "", f"{w.at(x.age)} [I] router: completed GET /rules.git/info/refs 200 OK")
                               for x in often(600, hours(6), 30, "", ["-"])])  # fmt: skip
    log(w, base, 0, "postgres", often(300, 3500, 9, "log", ["checkpoint starting: time"]))
    taken(w, ("objects", True, ""), ("logs", True, ""), ("metrics", False, "no Prometheus is configured"))
