"""Outside and underneath: a partner's token, names, volumes, flags, heaps; and what only looks like them."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_c import NO_METRICS
from tests.diagnosis.casemaker.events import event
from tests.diagnosis.casemaker.logs import log, often
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import claim, hpa, nodes, secret
from tests.diagnosis.casemaker.pods import P, waiting
from tests.diagnosis.casemaker.scene import alert, postgres, taken, well
from tests.diagnosis.casemaker.signals import flat, requests, signal, step
from tests.diagnosis.casemaker.templates import container, from_secret, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "token-of-a-carrier-ended-after-a-year",
    "postcard-shop",
    "2026-11-17T08:34:00",
    title="A carrier refuses an access token that ended today; the checkout in front was released half an hour before",
    drawn_from="yearly tokens of shipping and map providers that nobody renewed",
    why="Checkout only passes the error on; the service behind it was not touched and its Secret is a year old; the "
    "partner says what it wants. A new token is a person's work.",
    expect=[Fault("Secret/carrier-token", "configuration_error", "page_human")],
    acceptable=[
        ("configuration_error", "page_human", "Deployment/labels"),
        ("dependency_failure", "page_human", "*"),
    ],
    forbidden=["rollback_workload", "restart_workload", "scale_workload", "no_action", "scale_database"],
)
def token(w: World) -> None:
    nodes(w, "pc-1", "pc-2")
    secret(w, "carrier-token", ["CARRIER_TOKEN"], age=days(365), by="kubectl-create")
    image = "registry.postcard-shop.example"
    env = {"CARRIER_TOKEN": from_secret("carrier-token", "CARRIER_TOKEN"), "CARRIER_URL": "https://api.carrier.example"}
    labels = well(w, "labels", f"{image}/labels:5.5", pods=2, age=days(71), env=env)
    url = {"LABELS_URL": "http://labels"}
    front = well(w, "checkout", f"{image}/checkout:88", pods=2, age=minutes(64), before=f"{image}/checkout:87", env=url)
    text = (
        'POST https://api.carrier.example/v2/shipments returned 401 {"error":"invalid_token",'
        '"error_description":"The access token expired"}'
    )
    for index in range(2):
        lines = often(16, minutes(33), 1, "error", [text], "labels.carrier")
        log(w, labels, index, "python", [*lines, *often(60, minutes(60), minutes(34), "info", ["label {n} printed"])])
        texts = ["failed to create shipment: labels answered 502 Bad Gateway", "order {n} kept as unpaid"]
        log(w, front, index, "logfmt", often(16, minutes(33), 1, "error", texts))
    alert(w, "CheckoutErrors", minutes(27), "checkout cannot complete orders", service="checkout")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "one-dot-is-absolute-since-the-release",
    "fibre-isp",
    "2026-03-30T15:05:00",
    title="A release set ndots to 1; its pods no longer find a service in another namespace and the log blames DNS",
    drawn_from="ndots lowered to spare CoreDNS, which turns names like tariffs.billing into absolute ones",
    why="The neighbours ask the same DNS and are well; the old template had no dnsConfig; the name asked for has one "
    "dot and is sent as it is. The program is the same image.",
    expect=[Fault("Deployment/quotes", "configuration_error", "rollback_workload")],
    acceptable=[("network_fault", "rollback_workload"), ("dependency_failure", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "scale_workload", "no_action", "isolate_workload", "restart_connection_pool"],
)
def ndots(w: World) -> None:
    nodes(w, "fi-1", "fi-2", "fi-3")
    image = "registry.fibre-isp.example"
    env = {"TARIFFS_URL": "http://tariffs.billing:8080"}
    inner = container("quotes", f"{image}/quotes:14.2", env=env)
    specs = [pod_spec(inner), pod_spec(inner, dnsConfig={"options": [{"name": "ndots", "value": "1"}]})]
    top = deployment(w, "quotes", [Rev(specs[0], days(25)), Rev(specs[1], minutes(26))], 3)
    service(w, "quotes")
    text = 'Get "http://tariffs.billing:8080/v1/plans": dial tcp: lookup tariffs.billing on 10.96.0.10:53: no such host'
    for index in range(3):
        log(w, top, index, "zap", often(12, minutes(25), 1, "error", [text]))
    for name in ("contracts", "outages"):
        other = well(w, name, f"{image}/{name}:31", pods=2, age=days(33), env=env)
        for index in range(2):
            lines = ["GET http://tariffs.billing:8080/v1/plans 200", f"GET /{name}/{{n}} 200"]
            log(w, other, index, "zap", often(20, 900, 2, "info", lines))
    alert(w, "QuotesErrors", minutes(20), "quotes fails: name resolution of tariffs.billing", service="quotes")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "smaller-heap-and-all-cores-collect",
    "trail-maps",
    "2026-07-04T09:44:00",
    title="A planner is slow, its autoscaler at its maximum: a release quartered the heap and the cores only collect",
    drawn_from="-Xmx left over from a test profile: full collections one after the other, read as missing capacity",
    why="Requests are as many as before; CPU rose with the roll-out and the log is full of full collections that free "
    "nothing; same image. More pods would all collect.",
    expect=[Fault("Deployment/route-planner", "configuration_error", "rollback_workload")],
    acceptable=[("resource_exhaustion", "rollback_workload"), ("capacity", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["scale_workload", "restart_workload", "no_action", "scale_database", "isolate_workload"],
)
def heap(w: World) -> None:
    nodes(w, "tm-1", "tm-2", "tm-3", cpu="16")
    image = "registry.trail-maps.example"
    flags = ("-Xms3g -Xmx3g -XX:+UseG1GC -Xlog:gc", "-Xms768m -Xmx768m -XX:+UseG1GC -Xlog:gc")
    specs = [
        pod_spec(
            container(
                "graphhopper",
                f"{image}/route-planner:9.1",
                port=8989,
                env={"JAVA_TOOL_OPTIONS": each},
                cpu=("1", "3"),
                memory=("4Gi", "4Gi"),
                ready="/health",
            )
        )
        for each in flags
    ]
    top = deployment(w, "route-planner", [Rev(specs[0], days(52)), Rev(specs[1], minutes(41))], 6)
    service(w, "route-planner", target=8989)
    hpa(w, top, low=3, high=6, now=6, used=288, limited="TooManyReplicas", scaled=minutes(36))
    env = {"PLANNER_URL": "http://route-planner"}
    hikes = well(w, "hikes", f"{image}/hikes:220", pods=3, age=minutes(57), before=f"{image}/hikes:219", env=env)
    texts = [
        "GC({n}) Pause Full (G1 Compaction Pause) 761M->754M(768M) 1893.221ms",
        "GC({n}) Concurrent Mark Cycle 402.118ms",
        "GC({n}) To-space exhausted",
    ]
    for index in range(6):
        lines = often(6, 900, 1, "info", texts)
        log(w, top, index, "plain", [type(x)(x.age, "", f"[{2460 - x.age:.3f}s][info][gc] {x.text}") for x in lines])
        labels = {"pod": top.pod(index), "container": "graphhopper"}
        signal(w, "cpu_share", labels, flat(0.96), since=minutes(40))
        signal(w, "memory_share", labels, flat(0.31), since=minutes(40))
    for index in range(3):
        log(w, hikes, index, "pino", often(12, minutes(39), 1, "warn", ["GET http://route-planner/route timeout 10s"]))
    requests(w, "hikes", rate=flat(31), errors=step(0.001, 0.28, minutes(40)), p95=step(0.5, 10, minutes(40)))
    requests(w, "route-planner", rate=flat(29), errors=step(0.001, 0.3, minutes(40)), p95=step(0.4, 12, minutes(40)))
    alert(w, "HikesLatency", minutes(34), "p95 of hikes is 10 s", service="hikes")


@case(
    "flags-are-gone-and-old-paths-come-back",
    "yarn-market",
    "2026-12-02T20:16:00",
    title="The flag service fails since its release; a shop falls back to defaults and asks a provider that is closed",
    drawn_from="Unleash upgrades whose database was not migrated, and clients whose defaults nobody had looked at",
    why="The provider that the shop's log names was left a year ago: it is asked because the flag cannot be read. The "
    "shop was not touched; the flag service answers 500 since its own release.",
    expect=[Fault("Deployment/unleash", "code_defect", "rollback_workload")],
    acceptable=[
        ("configuration_error", "rollback_workload"),
        ("database_connection", "rollback_workload"),
        ("dependency_failure", "rollback_workload"),
    ],
    tolerated=["page_human"],
    forbidden=["restart_workload", "scale_workload", "no_action", "scale_database", "restart_connection_pool"],
)
def flags_gone(w: World) -> None:
    nodes(w, "ym-1", "ym-2")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    base = postgres(w, "flags-db", image="postgres:16.6")
    env = {"DATABASE_HOST": "flags-db", "DB_MIGRATIONS": "manual"}
    image = "unleashorg/unleash-server"
    top = well(w, "unleash", f"{image}:6.4.0", pods=2, age=minutes(35), before=f"{image}:5.12.8", env=env, port=4242)
    url = {"UNLEASH_URL": "http://unleash/api"}
    shop = well(w, "basket", "registry.yarn-market.example/basket:71", pods=3, age=days(14), env=url)
    well(w, "patterns", "registry.yarn-market.example/patterns:16", pods=2, age=hours(7), talk=True)
    missing = 'column "archived_at" does not exist'
    log(w, base, 0, "postgres", often(30, minutes(34), 2, "error", [f"{missing} at character 48"]))
    text = f"[ERROR] /server-impl.js - Server failed executing request: error: select * from features - {missing}"
    for index in range(2):
        stamped = [
            type(x)(x.age, "", f"[{w.at(x.age)[:-1]}.114] {text}") for x in often(15, minutes(34), 1, "", [text])
        ]
        log(w, top, index, "plain", stamped)
    texts = [
        "Unleash Repository error: url http://unleash/api/client/features responded 500; using bootstrap defaults",
        "POST https://psp-legacy.example/charge 410 Gone: this merchant account was closed",
    ]
    for index in range(3):
        log(w, shop, index, "pino", often(13, minutes(31), 1, "error", texts))
    labels = {"component": "basket", "dependency": "psp-legacy.example"}
    signal(w, "dependency_error_ratio", labels, step(0.0, 1.0, minutes(31)), since=minutes(31))
    requests(w, "basket", rate=flat(17), errors=step(0.002, 0.34, minutes(31)), p95=flat(0.3))
    requests(w, "unleash", rate=flat(4), errors=step(0.0, 0.99, minutes(35)), p95=flat(0.02))
    alert(w, "PaymentFailures", minutes(26), "34% of payments fail: psp-legacy.example answers 410", service="basket")


@case(
    "new-pod-waits-for-a-volume-of-the-old-one",
    "field-notes",
    "2026-01-27T16:57:00",
    title="A release does not go on: its pod waits on another node for a volume that the old pod still holds",
    drawn_from="Multi-Attach error for volume: RollingUpdate of a single replica with a ReadWriteOnce claim",
    why="The image is pulled nowhere and never ran: it is not to blame. The old pod serves; the way of rolling out and "
    "the claim do not go together, which a person has to change.",
    expect=[Fault("Deployment/wiki", "configuration_error", "page_human")],
    acceptable=[
        ("resource_exhaustion", "page_human"),
        ("dependency_failure", "page_human"),
        ("configuration_error", "page_human", "PersistentVolumeClaim/wiki-files"),
        ("resource_exhaustion", "page_human", "PersistentVolumeClaim/wiki-files"),
        ("configuration_error", "rollback_workload"),
    ],
    forbidden=["restart_workload", "scale_workload", "no_action", "isolate_workload", "scale_database"],
)
def attached(w: World) -> None:
    nodes(w, "fn-1", "fn-2")
    claim(w, "wiki-files", size="50Gi")
    image = "lscr.io/linuxserver/bookstack"
    specs = [
        pod_spec(
            container("bookstack", f"{image}:{v}", port=8080, ready="/status", mounts={"files": "/config"}),
            volumes={"files": "pvc/wiki-files"},
        )
        for v in ("24.05.4", "24.10.2")
    ]
    described = [
        P(0, node="fn-1"),
        P(1, age=minutes(27), node="fn-2", state=waiting("ContainerCreating"), unready=minutes(27)),
    ]
    revs = [Rev(specs[0], days(150)), Rev(specs[1], minutes(27))]
    top = deployment(w, "wiki", revs, described, replicas=1)
    volume = next(o for o in w.objects if o["kind"] == "PersistentVolumeClaim")["spec"]["volumeName"]
    text = f'Multi-Attach error for volume "{volume}" Volume is already used by pod(s) {top.pod(0)}'
    event(w, top.pods[1], "FailedAttachVolume", text, last=minutes(26.9), writer="attachdetach-controller")
    service(w, "wiki")
    log(w, top, 0, "nginx", often(25, 900, 2, "info", ['"GET /books/{n} HTTP/1.1" 200 18211']))
    well(w, "scanner", "registry.field-notes.example/scanner:8", pods=1, age=days(19), talk=True)
    text = "Deployment field-notes/wiki is stuck, image 24.10.2 does not become ready"
    alert(w, "KubeDeploymentRolloutStuck", minutes(12), text, deployment="wiki", severity="warning")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)
