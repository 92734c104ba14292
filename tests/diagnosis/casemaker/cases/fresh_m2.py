"""Published post-mortems, retold for one namespace each: edges that burn, break and forget."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_b import RUST
from tests.diagnosis.casemaker.cases.fresh_m import merged
from tests.diagnosis.casemaker.events import event, probe_failure
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import config_map, hpa, nodes
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.scene import alert, postgres, redis, taken, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import exact, flat, requests, signal, step
from tests.diagnosis.casemaker.templates import container, http, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

HARMFUL = ["rollback_workload", "scale_workload", "no_action", "scale_database", "restart_connection_pool"]


@case(
    "filter-rule-that-backtracks-burns-the-edge",
    "morning-paper",
    "2026-07-02T13:57:00",
    title="All edge pods run at their full CPU since a filter rule with a greedy expression was loaded",
    drawn_from="a content network's post-mortem of July 2019: one regular expression of the firewall took all CPU",
    why="Fewer requests than before and all processors full, from the minute the rules were written and loaded; what "
    "lies behind answers in milliseconds. The edge's template is weeks old; the newest rule has .*(?:.*=.*). The rule "
    "has to go; more or fresh pods load the same rules.",
    expect=[Fault("ConfigMap/filter-rules", "configuration_error", "page_human")],
    acceptable=[
        ("code_defect", "page_human"),
        ("resource_exhaustion", "page_human"),
        ("configuration_error", "page_human", "Deployment/edge"),
        ("code_defect", "page_human", "Deployment/edge"),
        ("resource_exhaustion", "page_human", "Deployment/edge"),
    ],
    forbidden=[*HARMFUL, "restart_workload", "isolate_workload"],
)
def backtracking(w: World) -> None:
    nodes(w, "mp-1", "mp-2", "mp-3", "mp-4", cpu="16")
    rules = (
        "100096 sqli-union      (?i)union\\s+(?:all\\s+)?select\\b\n"
        "100171 xss-event-attr  (?i)\\bon(?:error|load|click)\\s*=\n"
        "100173 xss-inline-js   (?:(?:\\\"|'|\\]|\\}|\\\\|\\d|(?:nan|infinity|true|false|null|undefined|symbol|math)|"
        "\\`|\\-|\\+)+[)]*;?((?:\\s|-|~|!|{}|\\|\\||\\+)*.*(?:.*=.*)))\n"
    )
    config_map(w, "filter-rules", {"rules.txt": rules}, age=days(500), changed=minutes(16), by="argocd-controller")
    inner = container(
        "openresty", "registry.morning-paper.example/edge:1.27.1-9", port=8080, cpu=("1", "2"), memory=("512Mi", "1Gi"),
        ready=http("/-/ready", 8080, period=5, timeout=2), mounts={"rules": "/etc/filter"},
    )  # fmt: skip
    spec = pod_spec(inner, volumes={"rules": "configmap/filter-rules"})
    edge = deployment(w, "edge", [Rev(spec, days(27))], [P(), P(), P(ready=False, unready=70), P(), P(), P(),
                      *(P(age=minutes(13.5) - i) for i in range(6))])  # fmt: skip
    scaler = hpa(w, edge, low=4, high=12, now=12, used=198, limited="TooManyReplicas", scaled=minutes(13.5))
    text = "New size: 12; reason: cpu resource utilization (percentage of request) above target"
    event(w, scaler, "SuccessfulRescale", text, kind="Normal", last=minutes(13.5))
    service(w, "edge")
    ingress(w, "edge", "morning-paper.example", [("/", "edge", 80)])
    image = "registry.morning-paper.example"
    pages = well(w, "articles", f"{image}/articles:2206", pods=4, age=minutes(58), port=3000,
                 before=f"{image}/articles:2205")  # fmt: skip
    well(w, "comments", f"{image}/comments:411", pods=2, age=days(12), port=3000)
    well(w, "crossword", f"{image}/crossword:9.2", pods=2, age=days(61), talk=True)
    for i in range(12):
        loaded = minutes(15) - 9 * i if i < 6 else minutes(13.4) - i
        labels = {"pod": edge.pod(i), "container": "openresty"}
        signal(w, "cpu_share", labels, step(0.31, 0.998, loaded, over=30), noise=0.003, since=3600 if i < 6 else 780)
        signal(w, "throttled_share", labels, step(0.01, 0.71, loaded), since=3600 if i < 6 else 780)
        if i > 7:
            continue
        text = f"[lua] filter.lua:88: rules.txt {'changed' if i < 6 else 'read'}, 514 rules compiled, worker 0"
        parts = [("nginx_error", [L(loaded, "notice", text)])]
        quick = [
            '"GET /politics/{n} HTTP/1.1" 200 41873 rt=0.024 urt=0.021',
            '"GET / HTTP/1.1" 200 88114 rt=0.019 urt=-',
        ]
        late = [
            '"POST /comments/{n} HTTP/1.1" 499 0 rt=10.00{rt} urt=-',
            '"GET /politics/{n} HTTP/1.1" 200 41873 rt=2{rt}.706 urt=0.02{rt}',
            '"GET /search?q=a%3D{n} HTTP/1.1" 504 562 rt=60.00{rt} urt=-',
            '"GET / HTTP/1.1" 200 88114 rt=1{rt}.290 urt=0.018',
        ]
        slow = often(17, loaded - 6, 1, "info", late)
        parts.append(("nginx", [L(x.age, "", x.text.replace("{rt}", str(int(x.age) * 7 % 10))) for x in slow]))
        if i < 6:
            parts.append(("nginx", often(21, minutes(30), loaded + 4, "info", quick)))
        merged(w, edge, i, *parts)
    cause = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
    for i, count in ((0, 21), (2, 38), (5, 17)):
        at = f'Get "http://{edge.pods[i]["status"]["podIP"]}:8080/-/ready"'
        probe_failure(w, edge.pods[i], "Readiness", f"{at}: {cause}", first=minutes(14), last=12, count=count)
    for i in range(4):
        log(w, pages, i, "pino", often(24, 1500 - i, 2, "info", ["GET /politics/{n} 200 19ms", "GET /front 200 11ms"]))
        signal(w, "cpu_share", {"pod": pages.pod(i), "container": "articles"}, step(0.36, 0.08, minutes(15)))
    requests(w, "edge", rate=step(1480, 310, minutes(15)), errors=step(0.0005, 0.27, minutes(15)),
             p95=step(0.06, 24, minutes(15)))  # fmt: skip
    requests(w, "articles", rate=step(1390, 190, minutes(15)), errors=flat(0.0004), p95=flat(0.03))
    alert(w, "FrontPageSlow", minutes(12), "p95 of morning-paper.example is 24 s", service="edge")


@case(
    "feature-list-doubled-by-rows-of-a-second-schema",
    "second-hand-mall",
    "2026-11-18T11:58:00",
    title="Every few minutes the gates answer 5xx: the feature list they load is built twice as long every other time",
    drawn_from="a content network's post-mortem of November 2025: a bot list doubled after a change of grants in "
    "ClickHouse, and proxies that panic above 200 features",
    why="Errors come and go with each list that is built; the long ones come from the shard whose grants were widened "
    "half an hour ago and hold each feature twice. The gate and the builder are weeks old, an attack shows no rise in "
    "requests. Somebody has to stop the builder and put a good list in place.",
    expect=[Fault("ConfigMap/bot-features", "configuration_error", "page_human")],
    acceptable=[
        ("code_defect", "page_human"),
        *(
            (cause, "page_human", what)
            for what in ("Deployment/feature-builder", "StatefulSet/clickhouse")
            for cause in ("configuration_error", "code_defect")
        ),
        ("code_defect", "page_human", "Deployment/gate"),
        ("service_crash", "page_human", "Deployment/gate"),
        ("configuration_error", "page_human", "Deployment/gate"),
    ],
    forbidden=[*HARMFUL, "restart_workload", "isolate_workload"],
)
def doubled(w: World) -> None:
    nodes(w, "sm-a", "sm-b", "sm-c", cpu="16")
    image = "registry.second-hand-mall.example"
    listed = "".join(f"f{number:03} request.header.h{number}\n" for number in range(6)) * 2
    made = {"rows": "262", "built_from": "clickhouse-1", "features.txt": f"{listed}...\n"}
    config_map(w, "bot-features", made, age=days(200), changed=minutes(2.9), by="feature-builder")
    inner = container("gate", f"{image}/gate:0.61.3", port=8443, cpu=("1", "4"), mounts={"features": "/etc/gate"})
    spec = pod_spec(inner, volumes={"features": "configmap/bot-features"})
    gate = deployment(w, "gate", [Rev(spec, days(20))], 4)
    service(w, "gate", port=443, target=8443)
    spec = pod_spec(container("builder", f"{image}/feature-builder:44", port=0, ready=None,
                              env={"EVERY": "300s", "CLICKHOUSE": "clickhouse:8123"}))  # fmt: skip
    builder = deployment(w, "feature-builder", [Rev(spec, days(48))], 1)
    inner = container("clickhouse", "clickhouse/clickhouse-server:24.8.5.115", port=8123, memory=("8Gi", "12Gi"),
                      ready="/ping")  # fmt: skip
    store = statefulset(w, "clickhouse", pod_spec(inner), 2)
    service(w, "clickhouse", port=8123, target=8123, headless=True)
    shop = well(w, "listings", f"{image}/listings:1204", pods=4, age=hours(7), before=f"{image}/listings:1203")
    builds = [
        (2.9, 1),
        (7.9, 0),
        (12.9, 1),
        (17.9, 1),
        (22.9, 0),
        (27.9, 1),
        (32.9, 0),
        (37.9, 0),
        (42.9, 0),
        (47.9, 0),
    ]
    bad = [(minutes(age) - 20, minutes(age - 5) - 20) for age, shard in builds if shard]
    lines = []
    for age, shard in builds:
        rows = 262 if shard else 131
        text = f"query system.columns where table = 'http_requests_features': {rows} rows from clickhouse-{shard}"
        lines += [L(minutes(age) + 1, "info", text), L(minutes(age), "info", f"bot-features written, {rows} features")]
    log(w, builder, 0, "golang", lines)
    panic = (
        "thread 'gate-worker-{n}' panicked at src/bots/features.rs:71:38:\ncalled `Result::unwrap()` on an `Err` "
        "value: TooManyFeatures { limit: 200, found: 262 }\n"
        "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace"
    )
    for i in range(4):
        kept = often(
            110, 3000 - 13 * i, 2, "info", ["done status=200 score=31", "done status=200 score=2"], "gate::access"
        )
        kept = [x for x in kept if not any(until < x.age <= since for since, until in bad)]
        crashed: list[L] = []
        for age, shard in builds[:8]:
            text = f"reading /etc/gate/features.txt, built_from=clickhouse-{shard}"
            kept.append(L(minutes(age) - 19 - i, "info", text, "gate::bots"))
        for since, until in bad:
            crashed += often(70, since - i, max(until, 1), "", [panic])
        merged(w, gate, i, (RUST, kept), ("plain", crashed))
    granted = "(from 10.20.4.9:51022, user: dba) GRANT SELECT ON r0.* TO features (stage: Complete)"
    asked = f"(from {builder.pods[0]['status']['podIP']}:40118, user: features) SELECT name, type FROM system.columns "
    for i in range(2):
        mine = [minutes(age) + 2 for age, shard in builds if shard == i]
        lines = [L(age, "", f"{asked}WHERE table = 'http_requests_features' (stage: Complete)") for age in mine]
        lines += [L(minutes(31), "", granted)] * i
        merged(w, store, i, ("{when:%Y.%m.%d %H:%M:%S}.114020 [ 61 ] {{b1c6}} <Debug> executeQuery: {text}", lines))
    for i in range(4):
        log(w, shop, i, "logfmt", often(40, 1500 - i, 2, "info", ["GET /items/{n} 200", "POST /offers 201"]))

    def failing(age: float) -> float:
        return 0.57 if any(until < age <= since for since, until in bad) else 0.0008

    requests(w, "gate", rate=flat(2100), errors=failing, p95=flat(0.08))
    requests(w, "listings", rate=lambda age: 1900 * (1 - failing(age)), errors=flat(0.0006), p95=flat(0.05))
    exact(w, "replicas_available", {"component": "gate"}, flat(4))
    alert(
        w, "Gate5xxRatio", minutes(26), "gate answers 5xx to more than half of the requests, on and off", service="gate"
    )


@case(
    "balancer-slots-full-of-pods-long-gone",
    "guild-chat",
    "2026-05-12T23:49:00",
    title="Two of three HAProxy know only pods that are gone: their slots were full when new pods came with a release",
    drawn_from="a chat service's post-mortem of May 2020: HAProxy slots full of dead servers after a day of scaling",
    why="Application pods are ready and idle; the two old balancers have no server left that lives, since their helper "
    "finds no free slot and gives up before it frees one. The one started after the release read the present pods and "
    "answers all it gets. Pods of the older template would be as unknown to the two.",
    expect=[Fault("Deployment/haproxy", "service_crash", "restart_workload")],
    acceptable=[
        ("code_defect", "restart_workload"),
        ("configuration_error", "restart_workload"),
        ("network_fault", "restart_workload"),
        ("resource_exhaustion", "restart_workload"),
        ("capacity", "restart_workload"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "rollback_workload",
        "scale_database",
        "no_action",
        "isolate_workload",
        {"remedy": "restart_workload", "target": "Deployment/webapp"},
        {"remedy": "scale_workload", "target": "Deployment/webapp"},
    ],
)
def slots(w: World) -> None:
    nodes(w, "gc-1", "gc-2", "gc-3", "gc-4", cpu="16")
    image = "registry.guild-chat.example"
    spec = pod_spec(
        container("haproxy", "haproxy:3.0.7", port=8080, ready="/-/alive", cpu=("500m", "2")),
        container("slot-sync", f"{image}/slot-sync:1.9", port=0, ready=None, env={"SLOTS": "30", "BACKEND": "be_web"}),
    )
    front = deployment(w, "haproxy", [Rev(spec, days(12))], [P(age=days(12)), P(age=days(12)), P(age=minutes(19))])
    service(w, "haproxy")
    ingress(w, "chat", "guild-chat.example", [("/", "haproxy", 80)])
    specs = [
        pod_spec(container("web", f"{image}/webapp:2026.5.{day}", port=9000, cpu=("500m", "2"))) for day in (11, 12)
    ]
    web = deployment(w, "webapp", [Rev(specs[0], days(1.4)), Rev(specs[1], minutes(33))], 14)
    service(w, "webapp", target=9000)
    hpa(w, web, low=14, high=60, now=14, used=6, target=50, scaled=hours(5), limited="TooFewReplicas")
    postgres(w, "guilds-db")
    redis(w, "presence")
    for i in range(2):
        text = f"be_web: 14 wanted, add first: no free slot of 30 for {web.pods[4 + i]['status']['podIP']}:9000, "
        lines = often(60, 3500, 9, "", [f"{text}give up this round (nothing removed)"])
        log(w, front, i, "golang", [x for x in lines if x.age < minutes(33)], container="slot-sync")
        lines = []
        for count in range(14):
            text = f"Server be_web/web{1 + (count * 7) % 30} is DOWN, reason: Layer4 timeout, check duration: 2001ms."
            text += (
                f" {13 - count} active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue."
            )
            lines.append(L(minutes(32) - count * 20 - i, "", f"[WARNING]  (8) : {text}"))
        lines.append(L(minutes(27.5) - i, "", "[ALERT]    (8) : backend 'be_web' has no server available!"))
        for line in often(27, minutes(27), 1, "", ["{n}"]):
            port, moment = 20_000 + int(line.text) % 40_000, w.time(line.age)
            text = f"10.244.1.7:{port} [{moment:%d/%b/%Y:%H:%M:%S}.020] fe_http be_web/<NOSRV> 0/-1/-1/-1/0 503 217"
            lines.append(L(line.age, "", f'{text} - - SC-- 61/61/0/0/0 0/0 "GET /api/guilds HTTP/1.1"'))
        log(w, front, i, "plain", lines)
    lines = []
    for line in often(20, 1090, 1, "", ["{n}"]):
        port, moment, server = 20_000 + int(line.text) % 40_000, w.time(line.age), 1 + int(line.text) % 14
        text = f"10.244.1.7:{port} [{moment:%d/%b/%Y:%H:%M:%S}.020] fe_http be_web/web{server} 0/0/1/20/21 200 8122"
        lines.append(L(line.age, "", f'{text} - - ---- 61/61/4/0/0 0/0 "GET /api/guilds HTTP/1.1"'))
    log(w, front, 2, "plain", lines)
    text = "be_web: 14 wanted, 14 set, 16 slots free"
    log(w, front, 2, "golang", [L(minutes(18.8), "", text), *often(61, 1080, 5, "", ["be_web: no change"])],
        container="slot-sync")  # fmt: skip
    for i in (0, 5, 11):
        log(w, web, i, "pino", often(14, 900, 1, "info", ["GET /api/guilds 200 21ms", "GET /healthz 200 1ms"]))
    alert(w, "EdgeErrorBudgetFastBurn", minutes(26), "haproxy answers requests with 503", service="haproxy")
    taken(w, ("objects", True, ""), ("logs", True, ""), ("prometheus", False, "not configured"))
